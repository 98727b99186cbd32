/* Options of the tools that talk to S3, see s3args.h. */
#include "tool/s3args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "http/transport.h"
#include "tool/ca_file.h"
#include "tool/sandbox_tool.h"
#include "tool/tool.h"

#define MIN_RATE (64 << 10)
#define YEAR (365 * 86400)

unsigned
s3args_retry_for(const char *s)
{
	uint64_t n = tool_duration(s, "--retry-for");

	if (n > YEAR)
		tool_usage("--retry-for: longer than a year");
	return (unsigned)n;
}

unsigned
s3args_jobs(const char *s)
{
	return (unsigned)tool_number(s, 1, 64, "-j");
}

uint64_t
s3args_rate(const char *s)
{
	struct bk_err e = {0};
	uint64_t n;

	if (bk_size_parse(s, "--rate", &n, &e) == -1)
		tool_refuse(&e);
	if (n < MIN_RATE || n > INT64_MAX)
		tool_usage("--rate %s: at least 64K (bytes a second)", s);
	return n;
}

const struct bk_s3_provider *
s3args_provider(const char *s)
{
	const struct bk_s3_provider *p = bk_s3_provider_named(s);
	char names[128] = "";
	size_t n = 0;

	if (p != NULL)
		return p;
	for (p = bk_s3_providers; p->name != NULL && n < sizeof(names); p++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, " %s",
		    p->name);
	tool_usage("--provider %s: not one of%s", s, names);
}

int
s3args_is_latest(const char *key)
{
	const char *slash = strrchr(key, '/');

	return strcmp(slash != NULL ? slash + 1 : key, "latest") == 0;
}

struct bk_s3_cred *
s3args_cred(int google, struct bk_err *e)
{
	return bk_s3_cred_new(getenv, bk_transport_ca(ca_file_named(),
	    ca_file_usual()), google, e);
}

void
s3args_narrow(const struct bk_s3_cred *cred)
{
	if (bk_s3_cred_needs(cred, narrow_read))
		return;
	narrow_connect();
	tool_narrow();
}

const char *
s3args_endpoint(const struct bk_s3_cred *cred)
{
	static char at[2048];
	const struct bk_s3_settings *set = bk_s3_cred_settings(cred);
	size_t n;

	if (set->endpoint == NULL || (set->google &&
	    strcmp(set->endpoint, BK_S3_GOOGLE) == 0))
		return NULL;
	n = strlen(set->endpoint);
	while (n > 0 && set->endpoint[n - 1] == '/')
		n--;
	(void)snprintf(at, sizeof(at), "%.*s", (int)n, set->endpoint);
	return at;
}

void
s3args_warn(const char *text)
{
	tool_say("%s", text);
}
