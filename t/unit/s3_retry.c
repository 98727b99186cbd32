/* What is retried, and when. */
#include <curl/curl.h>

#include "http/transport.h"
#include "s3/reply.h"
#include "tap.h"

static void
judged(void)
{
	static const struct {
		int status;
		const char *code;
		enum bk_s3_outcome want;
	} t[] = {
		{ 200, "", BK_S3_GOOD }, { 204, "", BK_S3_GOOD },
		{ 206, "", BK_S3_GOOD },
		{ 200, "InternalError", BK_S3_AGAIN },
		{ 200, "NoSuchUpload", BK_S3_BAD },
		{ 500, "", BK_S3_AGAIN }, { 502, "", BK_S3_AGAIN },
		{ 503, "SlowDown", BK_S3_AGAIN }, { 504, "", BK_S3_AGAIN },
		{ 429, "", BK_S3_AGAIN }, { 501, "NotImplemented", BK_S3_BAD },
		{ 400, "RequestTimeout", BK_S3_AGAIN },
		{ 400, "BadDigest", BK_S3_AGAIN },
		{ 400, "XAmzContentSHA256Mismatch", BK_S3_AGAIN },
		{ 400, "ExpiredToken", BK_S3_EXPIRED },
		{ 400, "AuthorizationHeaderMalformed", BK_S3_ELSEWHERE },
		{ 301, "", BK_S3_ELSEWHERE },
		{ 403, "RequestTimeTooSkewed", BK_S3_SKEWED },
		{ 403, "AccessDenied", BK_S3_BAD }, { 403, "", BK_S3_BAD },
		{ 404, "NoSuchKey", BK_S3_BAD }, { 412, "", BK_S3_BAD },
		{ 400, "EntityTooSmall", BK_S3_BAD },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		ok(bk_s3_judge(t[i].status, t[i].code) == t[i].want, "%d %s",
		    t[i].status, t[i].code);
	ok(bk_transport_may_recover(CURLE_RECV_ERROR), "reset");
	ok(bk_transport_may_recover(CURLE_OPERATION_TIMEDOUT), "stalled");
	ok(!bk_transport_may_recover(CURLE_PEER_FAILED_VERIFICATION),
	    "a wrong certificate");
}

int
main(void)
{
	unsigned n, cap;
	int good = 1;

	judged();
	for (n = 1, cap = 200; n < 40; n++, cap = cap < 10000 ? 2 * cap : 20000)
		good &= bk_transport_pause(n, 0) == 0 &&
		    bk_transport_pause(n, UINT32_MAX) < cap &&
		    bk_transport_pause(n, UINT32_MAX) >= cap / 2;
	ok(good, "the pause doubles from 0.2 s up to 20 s, and is random");
	is_str(bk_transport_ca("named", "usual"), "named", "the named CAs");
	/* Debian's libcurl has a place of its own */
	ok(bk_transport_ca(NULL, "usual") == NULL, "libcurl's own CAs");
	is_str(bk_s3_remedy("NoSuchKey"), "", "no remedy");
	ok(*bk_s3_remedy("AccessDenied") == ';', "a remedy");
	return tap_done();
}
