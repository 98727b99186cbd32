#include "json/json_parse.h"

#include <pthread.h>
#include <stdlib.h>

static _Thread_local int lacking;	/* memory, since it was cleared */

static void *
take(size_t n)
{
	void *p = malloc(n);

	lacking |= p == NULL;
	return p;
}

static void
replace(void)
{
	json_set_alloc_funcs(take, free);
}

json_t *
bk_json_parse(const char *s, size_t n, size_t flags, json_error_t *why,
    struct bk_err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	json_t *v;

	(void)pthread_once(&once, replace);
	lacking = 0;
	v = json_loadb(s, n, flags, why);
	if (!lacking)
		return v;
	json_decref(v);
	(void)bk_fail_memory(e);
	return NULL;
}
