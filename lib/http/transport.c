#include "http/transport.h"

#include <curl/curl.h>

int
bk_transport_may_recover(int curlcode)
{
	switch (curlcode) {
	case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_URL_MALFORMAT:
	case CURLE_FAILED_INIT: case CURLE_NOT_BUILT_IN:
	case CURLE_OUT_OF_MEMORY: case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_UNKNOWN_OPTION: case CURLE_WRITE_ERROR:
	case CURLE_ABORTED_BY_CALLBACK: case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE: case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER: case CURLE_SSL_ENGINE_NOTFOUND:
		return 0;
	default:
		return 1;
	}
}

unsigned
bk_transport_pause(unsigned attempt, uint32_t random)
{
	unsigned cap = attempt >= 8 ? 20000 : 100U << attempt;

	return (unsigned)((uint64_t)random * cap >> 32);
}

const char *
bk_transport_ca(const char *named, const char *usual)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	if (named != NULL)
		return named;
	return v->cainfo != NULL || v->capath != NULL ? NULL : usual;
}
