#include "pg/charset.h"

#include <libpq-fe.h>

/* Exported by libpq, and in no header of its. */
extern int pg_char_to_encoding(const char *name);
extern int pg_valid_server_encoding_id(int encoding);

int
bk_charset_named(const char *name)
{
	return pg_char_to_encoding(name);
}

int
bk_charset_length(int encoding, const char *s)
{
	/* the server has none in which they do */
	int n = encoding < 0 || pg_valid_server_encoding_id(encoding) ? 1 :
	    PQmblen(s, encoding);

	return n < 1 ? 1 : n > 4 ? 4 : n;
}
