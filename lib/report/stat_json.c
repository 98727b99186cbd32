/* bk-stat: the document and what it holds; see report/stat_report.h */
#include <stdlib.h>
#include <string.h>

#include "base/utctime.h"
#include "report/stat_report.h"

const char *
bk_stat_string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

int
bk_stat_time(const json_t *o, const char *key, time_t *t)
{
	const char *s = bk_stat_string(o, key);

	return s != NULL && bk_utctime_parse(s, strlen(s), t) == 0;
}

int
bk_stat_json(const json_t *doc, struct bk_buf *out, struct bk_err *e)
{
	char *text = json_dumps(doc, JSON_COMPACT | JSON_REAL_PRECISION(15));
	int rc = -1;

	if (text == NULL)
		return bk_fail_memory(e);
	if (bk_buf_puts(out, text, e) == 0)
		rc = bk_buf_puts(out, "\n", e);
	free(text);
	return rc;
}
