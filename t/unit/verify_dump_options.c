/* What options of pg_dump in a manifest mean for a comparison. */
#include <string.h>

#include "verify/dump_options.h"
#include "tap.h"

/* The options given again, in one string. */
static const char *
repeat(const char *json, int version)
{
	static char out[256];
	const char *again[BK_DUMP_REPEATED];
	json_t *options = json_loads(json, JSON_DECODE_ANY, NULL);
	size_t i;

	bk_dump_options_repeat(options, version, again);
	for (out[0] = '\0', i = 0; again[i] != NULL; i++) {
		(void)strcat(out, again[i]);
		(void)strcat(out, " ");
	}
	json_decref(options);
	return out;
}

static int
selects(const char *json)
{
	json_t *options = json_loads(json, JSON_DECODE_ANY, NULL);
	int rc = bk_dump_options_select(options, 15);

	json_decref(options);
	return rc;
}

int
main(void)
{
	static const char *const all[] = { "[]", "[\"-O\"]", "[\"-x\"]",
	    "[\"-EUTF8\",\"-Sjoe\"]", "[\"--no-acl\",\"--no-comments\"]",
	    "[\"--role=x\",\"--extra-float-digits=1\"]" };
	static const char *const some[] = { "null", "[\"-nx\"]",
	    "[\"-O\",\"-tx\"]", "[\"--filter=f\"]", "[\"--no-policies\"]",
	    "[\"--unheard-of\"]", "[1]",
	    "[\"--no-synchronous\"]", "[\"-s\"]", "{}" };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ok(!selects(all[i]), "%s: all", all[i]);
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		ok(selects(some[i]), "%s: perhaps not", some[i]);
	is_str(repeat("[\"-x\",\"-nx\",\"--no-comments\",\"-x\",\"--file=f\"]",
	    15), "--no-comments -x ", "the rest is not ours to say");
	is_str(repeat("[\"--no-policies\",\"--no-toast-compression\"]", 13),
	    "", "options younger than the server");
	is_str(repeat("[\"--no-policies\"]", 18), "--no-policies ",
	    "and one that is not");
	is_str(repeat("null", 18), "", "none");
	return tap_done();
}
