/* For the tests of bk-verify's judges: a source in memory, one call. */
#include "starve.h"
#include "tap.h"
#include "verify/check.h"

struct memory {
	const char *p;
	size_t left;
	size_t piece;		/* at most so many bytes a read */
};

static ssize_t
read_memory(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct memory *m = ctx;

	(void)e;
	if (n > m->left)
		n = m->left;
	if (n > m->piece)
		n = m->piece;
	memcpy(buf, m->p, n);
	m->p += n;
	m->left -= n;
	return (ssize_t)n;
}

typedef int judge(struct bk_source, const char *, struct bk_verdict *,
    struct bk_progress *, struct bk_err *);

/* What judge says of n bytes; *v is the caller's to free. */
static enum bk_code
verify(judge *f, const void *p, size_t n, size_t piece, struct bk_verdict *v)
{
	struct memory m = { p, n, piece };
	struct bk_err e = {0};
	int rc;

	*v = (struct bk_verdict){0};
	rc = f((struct bk_source){ read_memory, &m }, "x", v, NULL, &e);
	if ((rc == 0) != (e.code == BK_OK))
		return (enum bk_code)99;
	return e.code;
}

/* The same where only the code matters. */
__attribute__((unused)) static enum bk_code
verify_code(judge *f, const void *p, size_t n, size_t piece)
{
	struct bk_verdict v;
	enum bk_code code = verify(f, p, n, piece, &v);

	bk_verdict_free(&v);
	return code;
}

struct starved {		/* the judge, of what, and its answer */
	judge *f;
	const void *p;
	size_t n;
	enum bk_code code;
};

/* For starve(): an answer with what there is to tell of it, or a failure. */
__attribute__((unused)) static int
judge_job(void *arg, struct bk_err *why)
{
	const struct starved *s = arg;
	struct memory m = { s->p, s->n, 65536 };
	struct bk_progress progress = {0};
	struct bk_verdict v = { .list = 1 };
	struct bk_buf out = {0};
	int rc = s->f((struct bk_source){ read_memory, &m }, "x", &v,
	    &progress, why);

	if (rc == (s->code == BK_OK ? 0 : -1) && why->code == s->code) {
		*why = (struct bk_err){0};
		rc = bk_verdict_table(&v, &out, why);
		if (rc == 0)
			rc = bk_verdict_list(&v, &out, why);
	} else if (rc == 0 || why->code == BK_DATA) {
		rc = 99;	/* the wrong one */
	}
	bk_buf_free(&out);
	bk_verdict_free(&v);
	return rc;
}
