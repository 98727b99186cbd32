#include "json/json_parse.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>

/*
 * Without memory for all of a string's text, jansson goes on with the part that
 * it has, and reads past its end.  So of a parse that lacks memory nothing
 * returns to jansson: what it has is freed, and it is left.
 */
struct parse {
	jmp_buf out;
	void **taken;
	size_t n, cap;
};

static _Thread_local struct parse *now;	/* NULL: no parse */

static int
note(struct parse *p, void *taken)
{
	void **more;

	if (p->n == p->cap) {
		more = realloc(p->taken, (2 * p->cap + 64) * sizeof(*more));
		if (more == NULL)
			return -1;
		p->taken = more;
		p->cap = 2 * p->cap + 64;
	}
	p->taken[p->n++] = taken;
	return 0;
}

static void *
take(size_t n)
{
	void *taken = malloc(n);

	if (now != NULL && (taken == NULL || note(now, taken) == -1)) {
		free(taken);
		longjmp(now->out, 1);
	}
	return taken;
}

/* What was taken last is given back first, mostly. */
static void
give(void *taken)
{
	size_t i = now == NULL ? 0 : now->n;

	for (; i > 0; i--)
		if (now->taken[i - 1] == taken) {
			now->taken[i - 1] = now->taken[--now->n];
			break;
		}
	free(taken);
}

static void
replace(void)
{
	json_set_alloc_funcs(take, give);
}

static json_t *
parse(struct parse *p, const char *s, size_t n, size_t flags,
    json_error_t *why, struct bk_err *e)
{
	if (setjmp(p->out) == 0)
		return json_loadb(s, n, flags, why);
	while (p->n > 0)
		free(p->taken[--p->n]);
	(void)bk_fail_memory(e);
	return NULL;
}

json_t *
bk_json_parse(const char *s, size_t n, size_t flags, json_error_t *why,
    struct bk_err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct parse p = {0};
	json_t *v;

	(void)pthread_once(&once, replace);
	now = &p;
	v = parse(&p, s, n, flags, why, e);
	now = NULL;
	free(p.taken);
	return v;
}
