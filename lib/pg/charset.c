#include "pg/charset.h"

#include <libpq-fe.h>

/* Exported by libpq, and in no header of its. */
extern int pg_char_to_encoding(const char *name);

int
bk_charset_named(const char *name)
{
	return pg_char_to_encoding(name);
}

int
bk_charset_length(int encoding, const char *s)
{
	int n = encoding < 0 ? 1 : PQmblen(s, encoding);

	return n < 1 ? 1 : n > 4 ? 4 : n;
}
