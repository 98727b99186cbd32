/* age's ASCII armor: read strictly, whatever the sizes of the reads. */
#include <stdlib.h>
#include <unistd.h>

#include "crypt/armor.h"
#include "stream/reader.h"
#include "tap.h"

#define BEGIN "-----BEGIN AGE ENCRYPTED FILE-----\n"
#define END "-----END AGE ENCRYPTED FILE-----\n"
#define FULL "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5" \
	"YWJjZGVm\n"
#define TEXT "0123456789abcdef0123456789abcdef0123456789abcdef"

/* Read text in steps of n; sets *len to the bytes in out.  BK_OK or failure. */
static enum bk_code
read_all(const char *text, size_t size, size_t step, char *out, size_t *len)
{
	struct bk_err e = {0};
	char path[] = "/tmp/bk-crypt-unit.XXXXXX";
	int fd = mkstemp(path);
	struct bk_reader *in;
	struct bk_armor *a;
	ssize_t n = 0;

	if (fd == -1 || unlink(path) == -1 ||
	    write(fd, text, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	in = bk_reader_open(fd, "input", 0, &e);
	a = in == NULL ? NULL : bk_armor_open(in, &e);
	for (*len = 0; a != NULL; *len += (size_t)n)
		if ((n = bk_armor_read(a, out + *len, step, &e)) <= 0)
			break;
	bk_armor_free(a);
	bk_reader_free(in);
	close(fd);
	return a == NULL || n == -1 ? e.code : BK_OK;
}

static void
gives(const char *text, const char *want, const char *what)
{
	char out[40000];
	size_t len, step, wrong = 0;

	for (step = 1; step < 70; step += 3)
		wrong += read_all(text, strlen(text), step, out, &len) !=
		    BK_OK || len != strlen(want) ||
		    memcmp(out, want, len) != 0;
	is_int((intmax_t)wrong, 0, what);
}

static void
refused(const char *text, size_t n, const char *what)
{
	char out[40000];
	size_t len, step, wrong = 0;

	for (step = 1; step < 70; step += 3)
		wrong += read_all(text, n, step, out, &len) != BK_DATA;
	is_int((intmax_t)wrong, 0, what);
}

#define REFUSED(text, what) refused(text, sizeof(text) - 1, what)

/* Not armored: passed through, also if reads change from small to large. */
static void
plain(void)
{
	static char text[40000], out[40001];
	static const size_t steps[] = { 1, 22, 16383, 16384, 16385, 40000 };
	size_t i, len;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7 + i / 256);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		ok(read_all(text, sizeof(text), steps[i], out, &len) ==
		    BK_OK && len == sizeof(text) &&
		    memcmp(out, text, len) == 0, "plain bytes in reads of %zu",
		    steps[i]);
}

int
main(void)
{
	static const char nul[] = BEGIN "QUJD\n"
	    "-----END AGE ENCRYPTED FILE-----\0\n";

	gives(BEGIN END, "", "nothing in it");
	gives(BEGIN "QUJD\n" END, "ABC", "a short line");
	gives(BEGIN FULL END, TEXT, "a full line");
	gives(BEGIN FULL FULL "QQ==\n" END, TEXT TEXT "A", "padding");
	gives(BEGIN FULL "QUI=\n" END, TEXT "AB", "less padding");
	gives("\n \t\r\n" BEGIN "QUJD\n" END "\n \r\n", "ABC",
	    "blanks before and behind");
	gives("-----BEGIN AGE ENCRYPTED FILE-----\r\nQUJD\r\n"
	    "-----END AGE ENCRYPTED FILE-----\r\n", "ABC", "CRLF");
	gives(BEGIN "QUJD\n-----END AGE ENCRYPTED FILE-----", "ABC",
	    "no line end behind the END line");
	REFUSED(BEGIN "QUJD\n" END "x", "something behind");
	REFUSED(" " BEGIN "QUJD\n" END, "a blank on the BEGIN line");
	REFUSED(BEGIN "\nQUJD\n" END, "an empty line");
	REFUSED(BEGIN "QUJD\n\n" END, "an empty line at the end");
	REFUSED(BEGIN "QUJD\nQUJD\n" END, "two short lines");
	REFUSED(BEGIN "QUJD \n" END, "a blank in a line");
	REFUSED(BEGIN " QUJD\n" END, "a blank before a line");
	REFUSED(BEGIN "QU\rJD\n" END, "a carriage return in a line");
	REFUSED(BEGIN "QUJD\r\r\n" END, "two of them");
	REFUSED(BEGIN "QUJ\n" END, "no padding");
	REFUSED(BEGIN "QQ=\n" END, "half of it");
	REFUSED(BEGIN "QR==\n" END, "not canonical");
	REFUSED(BEGIN "=\n" END, "padding alone");
	REFUSED(BEGIN "====\n" END, "four times");
	REFUSED(BEGIN "QQ==QUJD\n" END, "padding in the middle");
	REFUSED(BEGIN "QUJ_\n" END, "the other alphabet");
	REFUSED(BEGIN "QUJD\n", "no END line");
	REFUSED(BEGIN FULL, "no END line behind a full one");
	REFUSED(BEGIN, "nothing but the BEGIN line");
	REFUSED(BEGIN "A" FULL END, "a long line");
	REFUSED(BEGIN "QUJD\n-----end age encrypted file-----\n", "lower case");
	REFUSED(BEGIN "QUJD\n=abcd\n" END, "PGP's checksum");
	REFUSED(BEGIN BEGIN "QUJD\n" END, "BEGIN twice");
	refused(nul, sizeof(nul) - 1, "a NUL behind END");
	plain();
	return tap_done();
}
