/* Options of the tools that talk to S3, see s3args.h. */
#include "s3args.h"

#include "tool.h"

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

void
s3args_warn(const char *text)
{
	tool_say("%s", text);
}
