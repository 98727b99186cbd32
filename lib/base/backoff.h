#ifndef BK_BASE_BACKOFF_H
#define BK_BASE_BACKOFF_H
/*
 * How long to wait before something is tried again: the rule alone, without a
 * clock.
 */
#include <stdint.h>

/*
 * Milliseconds to wait before try number attempt (1: the first repetition):
 * full jitter, random in [0, 0.1 s * 2^attempt), at most 20 s.
 */
unsigned bk_backoff_pause(unsigned attempt, uint32_t random);

#endif
