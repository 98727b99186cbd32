#ifndef BK_BASE_GROW_H
#define BK_BASE_GROW_H
/* Arrays that grow by doubling: an element costs constant time on average. */
#include <stddef.h>

#include "base/err.h"

/*
 * Room for one element of size bytes more in array v, which has n of them and
 * room for *cap.  cap may be NULL if every element was added this way: the room
 * is then the next power of two.  Returns the array, which may have moved; NULL
 * with *e set ("out of memory"), and v is as it was.
 */
void *bk_grow(void *v, size_t n, size_t *cap, size_t size, struct bk_err *e);

#endif
