#include "s3/retry.h"

#include <stddef.h>
#include <string.h>

struct rule {
	const char *code;
	enum bk_s3_outcome verdict;
	const char *remedy;
};

static const struct rule rules[] = {
	{ "RequestTimeTooSkewed", BK_S3_SKEWED, "; set the clock" },
	{ "ExpiredToken", BK_S3_EXPIRED, "; renew the session's keys" },
	{ "TokenRefreshRequired", BK_S3_EXPIRED,
	    "; renew the session's keys" },
	{ "PermanentRedirect", BK_S3_ELSEWHERE,
	    "; set AWS_REGION to the bucket's region" },
	{ "AuthorizationHeaderMalformed", BK_S3_ELSEWHERE,
	    "; set AWS_REGION to the bucket's region" },
	{ "TemporaryRedirect", BK_S3_AGAIN, "" },
	{ "InternalError", BK_S3_AGAIN, "" },
	{ "ServiceUnavailable", BK_S3_AGAIN, "" },
	{ "SlowDown", BK_S3_AGAIN, "" },
	{ "RequestTimeout", BK_S3_AGAIN, "" },
	{ "OperationAborted", BK_S3_AGAIN, "" },
	{ "ConditionalRequestConflict", BK_S3_AGAIN, "" },
	/* damaged in transit: our bytes are intact */
	{ "IncompleteBody", BK_S3_AGAIN, "" },
	{ "BadDigest", BK_S3_AGAIN, "" },
	{ "XAmzContentSHA256Mismatch", BK_S3_AGAIN, "" },
	{ "SignatureDoesNotMatch", BK_S3_BAD,
	    "; check the secret key (AWS_SECRET_ACCESS_KEY)" },
	{ "InvalidAccessKeyId", BK_S3_BAD,
	    "; check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL" },
	{ "AccessDenied", BK_S3_BAD, "; check the permissions of the key" },
	{ "NoSuchBucket", BK_S3_BAD,
	    "; create the bucket, or check its name and AWS_ENDPOINT_URL" },
	{ "InvalidObjectState", BK_S3_BAD, "; it is archived: "
	    "bk-s3get --thaw requests a readable copy" },
	{ "GlacierExpeditedRetrievalNotAvailable", BK_S3_BAD,
	    "; ask for Standard" },
};

static const struct rule *
find(const char *code)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(code, rules[i].code) == 0)
			return &rules[i];
	return NULL;
}

enum bk_s3_outcome
bk_s3_judge(int status, const char *code)
{
	const struct rule *r = find(code);

	if (r != NULL)
		return r->verdict;
	if (status >= 200 && status < 300)
		return *code == '\0' ? BK_S3_GOOD : BK_S3_BAD;
	switch (status) {
	case 301:
		return BK_S3_ELSEWHERE;
	case 307: case 408: case 429: case 500: case 502: case 503: case 504:
		return BK_S3_AGAIN;
	default:
		return BK_S3_BAD;
	}
}

const char *
bk_s3_remedy(const char *code)
{
	const struct rule *r = find(code);

	return r != NULL ? r->remedy : "";
}
