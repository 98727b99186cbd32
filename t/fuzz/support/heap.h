#ifndef BK_T_FUZZ_HEAP_H
#define BK_T_FUZZ_HEAP_H
/*
 * How much of the heap is in use, in this process and its threads: counted by
 * the sanitizer's hooks, or in place of the C library's malloc(3).  Elsewhere
 * than in glibc nothing is counted.
 */
#include <stddef.h>

size_t heap_watch(void);	/* in use now; the peak is this again */
size_t heap_peak(void);		/* the most since then */

#endif
