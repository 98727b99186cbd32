#ifndef BK_PG_CHARSET_H
#define BK_PG_CHARSET_H
/*
 * Characters of a client encoding.  In SJIS, BIG5, GBK, UHC, GB18030 and JOHAB
 * a later byte of a character may look like one of ASCII, a backslash or a
 * quote among them; in all other encodings no byte does.
 */

/* libpq's number for the encoding of this name; -1: there is none. */
int bk_charset_named(const char *name);

/*
 * The bytes of the character at s, which has four, zeros at the end: 1 to 4.
 * 1, as for psql, wherever no byte looks like ASCII, and if encoding is -1.
 */
int bk_charset_length(int encoding, const char *s);

#endif
