#include "base/grow.h"

#include <stdint.h>
#include <stdlib.h>

#define FIRST 16		/* elements */

void *
bk_grow(void *v, size_t n, size_t *cap, size_t size, struct bk_err *e)
{
	size_t more = n > 0 ? 2 * n : cap != NULL ? FIRST : 1;
	void *grown;

	if (cap != NULL ? n < *cap : (n & (n - 1)) != 0)
		return v;
	if (n > SIZE_MAX / 2 / size ||
	    (grown = realloc(v, more * size)) == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	if (cap != NULL)
		*cap = more;
	return grown;
}
