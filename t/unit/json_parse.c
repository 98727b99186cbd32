/* json/json_parse: a lack of memory is nothing else, and is survived. */
#include "json/json_parse.h"

#include <string.h>

#include "starve.h"
#include "tap.h"

#define LONGEST 12	/* jansson crashes where it cannot store a longer one */

/* ["a", "aa", "aaa" ...] */
static size_t
write_text(char out[LONGEST * LONGEST])
{
	size_t n = 0;
	int i;

	for (i = 1; i <= LONGEST; i++) {
		n += (size_t)snprintf(out + n, 4, "%s\"", i == 1 ? "[" : ",");
		memset(out + n, 'a', (size_t)i);
		n += (size_t)i;
		out[n++] = '"';
	}
	out[n++] = ']';
	return n;
}

static int
parse(void *arg, struct bk_err *e)
{
	char text[LONGEST * LONGEST];
	json_t *v = bk_json_parse(text, write_text(text), 0, NULL, e);
	int rc = v == NULL ? -1 : json_array_size(v) != LONGEST ||
	    json_string_length(json_array_get(v, LONGEST - 1)) != LONGEST;

	(void)arg;
	json_decref(v);
	return rc;
}

static void
test_damaged(void)
{
	struct bk_err e = {0};
	json_error_t why;

	ok(bk_json_parse("{ \"a\": [ 1, }", 13, 0, &why, &e) == NULL &&
	    e.code == BK_OK && *why.text != '\0', "damaged: %s", why.text);
}

int
main(void)
{
	starve("a text", STARVE_MEMORY, parse, NULL);
	test_damaged();
	return tap_done();
}
