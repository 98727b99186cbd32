/*
 * SQL scripts: the same statements, comments and data in any pieces, and what
 * level 1 of bk-verify makes of them.
 */
#include "fuzz.h"

#include "archive/sqltext.h"
#include "restore/foreign.h"
#include "verify/check.h"

struct seen {
	uint64_t sum, data;	/* of what was told */
	size_t statements, len;
};

static void
mix(uint64_t *sum, const char *s, size_t n)
{
	while (n-- > 0)
		*sum = (*sum ^ (uint8_t)*s++) * 1099511628211U;
}

static int
on_statement(void *ctx, const char *sql, int *copy, struct bk_err *e)
{
	struct seen *s = ctx;

	(void)e;
	s->statements++;
	s->len += strlen(sql);
	mix(&s->sum, sql, strlen(sql) + 1);
	mix(&s->sum, *copy ? "c" : "s", 1);
	return 0;
}

static int
on_text(void *ctx, const char *text, struct bk_err *e)
{
	(void)e;
	CHECK(strlen(text) <= 255 && strchr(text, '\n') == NULL);
	mix(&((struct seen *)ctx)->sum, text, strlen(text) + 1);
	return 0;
}

static int
on_data(void *ctx, const char *p, size_t n, struct bk_err *e)
{
	(void)e;
	mix(&((struct seen *)ctx)->data, p, n);
	return 0;
}

static int
on_data_end(void *ctx, struct bk_err *e)
{
	(void)e;
	mix(&((struct seen *)ctx)->sum, "end", 3);
	return 0;
}

static int
feed(const uint8_t *p, size_t n, size_t most, struct seen *s)
{
	static const struct bk_sqltext_events events = {
	    .statement = on_statement, .comment = on_text, .command = on_text,
	    .data = on_data, .data_end = on_data_end };
	struct bk_err e = {0};
	struct bk_sqltext *t = bk_sqltext_new("fuzz", 1, &events, s, &e);
	size_t at, step;
	int rc = 0;

	CHECK(t != NULL);
	*s = (struct seen){ .sum = 1, .data = 1 };
	for (at = 0; at < n && rc == 0; at += step) {
		step = 1 + fuzz_pick(most);
		if (step > n - at)
			step = n - at;
		rc = bk_sqltext_feed(t, (const char *)p + at, step, &e);
	}
	if (rc == 0)
		rc = bk_sqltext_end(t, &e);
	fuzz_agree(rc, &e);
	CHECK(s->len <= n + s->statements);
	bk_sqltext_free(t);
	return rc;
}

FUZZ(512 << 10, 8)
{
	struct fuzz_left left = { p, n };
	struct bk_verdict v = {0};
	struct bk_err e = {0};
	struct seen a, b;
	int rc = feed(p, n, n + 1, &a);

	CHECK(feed(p, n, 3, &b) == rc && a.sum == b.sum && a.data == b.data);
	(void)bk_foreign_recognise(p, n);
	(void)bk_check_recognise(p, n);
	rc = bk_check_sql((struct bk_source){ fuzz_source, &left }, "fuzz", &v,
	    NULL, &e);
	fuzz_agree(rc, &e);
	bk_verdict_free(&v);
}
