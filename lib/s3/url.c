#include "s3/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/percent.h"

static int
is_bucket(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && (isalnum((unsigned char)s[i]) ||
	    strchr(".-_", s[i]) != NULL); i++)
		continue;
	return i == n && n >= 3 && n <= 255 && s[0] != '.';
}

int
bk_s3_url_parse(const char *s, struct bk_s3_url *u, struct bk_err *e)
{
	int google = strncmp(s, "gs://", 5) == 0;
	const char *bucket = s + 5;
	size_t n;

	if (!google && strncmp(s, "s3://", 5) != 0)
		return bk_fail(e, BK_USAGE, "%s: not s3://BUCKET/KEY", s);
	n = strcspn(bucket, "/");
	if (!is_bucket(bucket, n))
		return bk_fail(e, BK_USAGE, "%s: '%.*s' is not a bucket "
		    "name", s, (int)n, bucket);
	*u = (struct bk_s3_url){
		.google = google,
		.bucket = strndup(bucket, n),
		.key = strdup(bucket[n] == '/' ? bucket + n + 1 : ""),
	};
	if (u->bucket != NULL)
		u->place = bk_s3_url_place(google, u->bucket);
	if (u->place == NULL || u->key == NULL) {
		bk_s3_url_free(u);
		return bk_fail_memory(e);
	}
	return 0;
}

char *
bk_s3_url_place(int google, const char *bucket)
{
	struct bk_buf b = {0};
	struct bk_err ignored = {0};	/* memory */

	(void)bk_buf_printf(&b, &ignored, "%s://%s", google ? "gs" : "s3",
	    bucket);
	return b.data;
}

const char *
bk_s3_url_cut_version(struct bk_s3_url *u)
{
	static const char mark[] = BK_S3_VERSION_MARK;
	char *at = strstr(u->key, mark), *next;

	while (at != NULL && (next = strstr(at + 1, mark)) != NULL)
		at = next;
	if (at == NULL || at == u->key || at[strlen(mark)] == '\0')
		return NULL;
	*at = '\0';
	return at + strlen(mark);
}

void
bk_s3_url_free(struct bk_s3_url *u)
{
	free(u->place);
	free(u->bucket);
	free(u->key);
	*u = (struct bk_s3_url){0};
}

static int
is_unreserved(unsigned char c)
{
	return isalnum(c) || strchr("-._~", c) != NULL;
}

static int
is_path(unsigned char c)
{
	return c == '/' || is_unreserved(c);
}

int
bk_s3_escape(struct bk_buf *b, const char *s, int keep_slash,
    struct bk_err *e)
{
	return bk_percent_encode(b, s, keep_slash ? is_path : is_unreserved, e);
}

int
bk_s3_unescape(char *s)
{
	char *plus;

	for (plus = s; (plus = strchr(plus, '+')) != NULL; )
		*plus = ' ';
	return bk_percent_decode(s);
}

int
bk_s3_is_region(const char *s)
{
	return *s != '\0' && s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

/*
 * The partitions by their regions' beginnings, from botocore's partitions.json:
 * the domain, and that of dual-stack endpoints other than S3's.
 */
static const struct partition {
	const char *regions, *domain, *dual_stack;
} partitions[] = {
	{ "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn" },
	{ "eusc-", "amazonaws.eu", "api.amazonwebservices.eu" },
	{ "us-iso-", "c2s.ic.gov", "api.aws.ic.gov" },
	{ "us-isob-", "sc2s.sgov.gov", "api.aws.scloud" },
	{ "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk" },
	{ "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov" },
	{ "", "amazonaws.com", "api.aws" },
};

int
bk_s3_aws_endpoint(struct bk_buf *out, const char *service,
    const char *region, int fips, int dual_stack, struct bk_err *e)
{
	const struct partition *p = partitions;
	int s3 = strcmp(service, "s3") == 0;

	while (strncmp(region, p->regions, strlen(p->regions)) != 0)
		p++;
	/* STS of the government's regions is FIPS's without saying so */
	if (!s3 && strncmp(region, "us-gov-", 7) == 0)
		fips = 0;
	return bk_buf_printf(out, e, "https://%s%s.%s%s.%s", service,
	    fips ? "-fips" : "", s3 && dual_stack ? "dualstack." : "",
	    region, !s3 && dual_stack ? p->dual_stack : p->domain);
}
