#ifndef BK_HTTP_TRANSPORT_H
#define BK_HTTP_TRANSPORT_H
/*
 * Whether and when to try a transfer again: the rules alone, without a clock.
 */
#include <stdint.h>

/*
 * 1 if another try may do better, for a CURLcode that is not CURLE_OK; 0 if it
 * is a matter of the call, the certificate or the memory.
 */
int bk_transport_may_recover(int curlcode);

/*
 * Milliseconds to wait before try number attempt (1: the first repetition):
 * full jitter, random in [0, 0.1 s * 2^attempt), at most 20 s.
 */
unsigned bk_transport_pause(unsigned attempt, uint32_t random);

#endif
