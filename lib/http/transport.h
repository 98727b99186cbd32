#ifndef BK_HTTP_TRANSPORT_H
#define BK_HTTP_TRANSPORT_H
/*
 * Whether and when to retry a transfer, and which CA to trust: only the rules,
 * without a clock.
 */
#include <stdint.h>

/*
 * 1 if a retry may help, for a CURLcode other than CURLE_OK; 0 if the request,
 * the certificate or memory is at fault.
 */
int bk_transport_may_recover(int curlcode);

/*
 * Milliseconds to wait before retry number attempt (from 1): full jitter,
 * random in [0, 0.1 s * 2^attempt), at most 20 s.
 */
unsigned bk_transport_pause(unsigned attempt, uint32_t random);

/*
 * The value for CURLOPT_CAINFO: named, the user's choice; without that usual,
 * the host's, if libcurl was built without a place of its own, as a static one
 * is.  NULL: leave it to libcurl; either may be NULL.
 */
const char *bk_transport_ca(const char *named, const char *usual);

#endif
