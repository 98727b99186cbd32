#include "verify/dump_options.h"

#include <string.h>

#include "base/majors.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* These leave out, or write otherwise, one kind of definition each. */
static const struct {
	const char *option;
	int since;		/* the first pg_dump that has it */
} repeated[BK_DUMP_REPEATED - 1] = {
	{ "--disable-dollar-quoting", BK_PG_OLDEST },
	{ "--no-acl", BK_PG_OLDEST },
	{ "--no-comments", BK_PG_NO_COMMENTS },
	{ "--no-policies", BK_PG_NO_POLICIES },
	{ "--no-publications", BK_PG_OLDEST },
	{ "--no-security-labels", BK_PG_OLDEST },
	{ "--no-subscriptions", BK_PG_OLDEST },
	{ "--no-toast-compression", BK_PG_TOAST_COMPRESSION },
	{ "--quote-all-identifiers", BK_PG_OLDEST },
	{ "-b", BK_PG_OLDEST },
	{ "-x", BK_PG_OLDEST },
};

/* With any of these all is dumped; "=" and a letter precede a value. */
static const char *const harmless[] = { "--disable-triggers",
	"--enable-row-security", "--extra-float-digits=", "--if-exists",
	"--large-objects", "--load-via-partition-root",
	"--lock-wait-timeout=", "--no-statistics", "--no-sync", "--role=",
	"--sequence-data", "--serializable-deferrable", "--statistics",
	"--strict-names", "--use-set-session-authorization", "-C", "-E", "-O",
	"-S", "-c" };

static int
is_repeated(const char *s, size_t i, int major)
{
	return strcmp(s, repeated[i].option) == 0 &&
	    major >= repeated[i].since;
}

static int
is_harmless(const char *s)
{
	size_t i, n;

	for (i = 0; i < N(harmless); i++) {
		n = strlen(harmless[i]);
		if (strncmp(s, harmless[i], n) == 0 && (s[n] == '\0' ||
		    harmless[i][n - 1] == '=' || harmless[i][1] != '-'))
			return 1;
	}
	return 0;
}

static int
selects(const char *s, int major)
{
	size_t i;

	for (i = 0; s != NULL && i < N(repeated); i++)
		if (is_repeated(s, i, major))
			return 0;
	return s == NULL || !is_harmless(s);
}

int
bk_dump_options_select(const json_t *options, int major)
{
	size_t i;

	for (i = 0; i < json_array_size(options); i++)
		if (selects(json_string_value(json_array_get(options, i)),
		    major))
			return 1;
	return !json_is_array(options);
}

void
bk_dump_options_repeat(const json_t *options, int major,
    const char *out[BK_DUMP_REPEATED])
{
	size_t i, j, n = 0;

	for (i = 0; i < N(repeated); i++)
		for (j = 0; j < json_array_size(options); j++) {
			const char *s = json_string_value(
			    json_array_get(options, j));

			if (s != NULL && is_repeated(s, i, major)) {
				out[n++] = repeated[i].option;
				break;
			}
		}
	out[n] = NULL;
}
