#ifndef BK_S3_TRANSPORT_H
#define BK_S3_TRANSPORT_H
/*
 * What libcurl says of a transfer that failed: of any, S3 has no part in it.
 */

/*
 * 1 if another try may do better, for a CURLcode that is not CURLE_OK; 0 if it
 * is a matter of the call, the certificate or the memory.
 */
int bk_transport_may_recover(int curlcode);

#endif
