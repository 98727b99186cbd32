/* stream/textfile: labels in Prometheus' text format. */
#include "stream/textfile.h"

#include "tap.h"

static void
label(const char *value, const char *want, const char *what)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	if (bk_textfile_label(&b, "db", value, &e) == -1)
		ok(0, "%s: %s", what, e.msg);
	else
		is_str(b.data, want, what);
	bk_buf_free(&b);
}

int
main(void)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	label("", "db=\"\"", "nothing");
	label("caf\xc3\xa9", "db=\"caf\xc3\xa9\"", "UTF-8 stays");
	label("a\"b\\c\nd", "db=\"a\\\"b\\\\c\\nd\"", "what would end it");
	label("a\xff" "b\xc3", "db=\"a\xef\xbf\xbd" "b\xef\xbf\xbd\"",
	    "what is no UTF-8");
	ok(bk_textfile_head(&b, "bk_x", "gauge", "What it is.", &e) == 0,
	    "a metric's head");
	is_str(b.data, "# HELP bk_x What it is.\n# TYPE bk_x gauge\n",
	    "two lines");
	bk_buf_free(&b);
	return tap_done();
}
