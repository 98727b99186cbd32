/* Opening marks: seen where a format has them, nowhere else. */
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "stream/heads.h"
#include "stream/reader.h"
#include "tap.h"

static struct bk_err e;
static char mark[BK_SEAL_OPENING];
static size_t mark_len;
static struct bk_buf b;

static void
bytes(const char *p, size_t n)
{
	if (bk_buf_add(&b, p, n, &e) == -1)
		abort();
}

static void
text(const char *s)
{
	bytes(s, strlen(s));
}

/* n as so many bytes, the least significant first. */
static void
number(size_t n, int size)
{
	for (; size > 0; size--, n >>= 8)
		bytes((char[]){ (char)n }, 1);
}

static void
string(const char *s)		/* of an archive */
{
	number(0, 1);
	number(strlen(s), 4);
	text(s);
}

/* An archive's head: strings of the header, and of the first entry. */
static void
archive(int minor, const char *db, const char *server, const char *tag,
    const char *desc, const char *copy)
{
	static const char ints[7 * 5];

	b.len = 0;
	text("PGDMP");
	bytes((char[]){ 1, (char)minor, 0, 4, 8, 1 }, 6);
	bytes(ints, minor > 14 ? 1 : 5);
	bytes(ints, sizeof(ints));
	string(db);
	string(server);
	string("15.14");
	bytes("\0\x02\0\0\0" "\0\x07\0\0\0" "\0\0\0\0\0", 15);
	string("0");
	string("0");
	string(tag);
	string(desc);
	bytes("\0\x02\0\0\0", 5);
	string("SET client_encoding = 'UTF8';");
	string("");
	string(copy);
}

/* A gzip header with two subfields, and a name. */
static void
gzip(int flags, const char *id, const char *first, const char *second,
    const char *name)
{
	b.len = 0;
	bytes("\x1f\x8b\x08", 3);
	number((size_t)flags, 7);
	if (flags & 4) {
		number(4 + strlen(first) + 4 + strlen(second), 2);
		text(id);
		number(strlen(first), 2);
		text(first);
		text("BS");
		number(strlen(second), 2);
		text(second);
	}
	text(name);
}

static void
zstd(size_t magic, const char *data)
{
	b.len = 0;
	number(magic, 4);
	number(strlen(data), 4);
	text(data);
}

/* A tar header with this name and type, and a pax record in its data. */
static void
tar(const char *name, char type, const char *magic, const char *record)
{
	char block[512] = "";

	(void)snprintf(block, 100, "%s", name);
	block[156] = type;
	(void)snprintf(block + 257, 8, "%s", magic);
	b.len = 0;
	bytes(block, sizeof(block));
	text(record);
}

static int
has_mark(size_t *at)
{
	struct bk_seal s;
	ptrdiff_t len, found = bk_heads_mark(&s, b.data, b.len, &len);

	*at = found == -1 ? 0 : (size_t)found;
	return found != -1 && len == (ptrdiff_t)mark_len &&
	    strcmp(s.label.name, "shop") == 0;
}

/* What was made last has the mark; cut anywhere, it has it not whole. */
static void
has(const char *what)
{
	struct bk_seal s;
	size_t at, n;
	ptrdiff_t len, found;
	int bad = 0;

	text("and what follows");
	ok(has_mark(&at) && memcmp(b.data + at, mark, mark_len) == 0,
	    "%s: a mark", what);
	for (n = 0; n < at + mark_len; n++) {
		found = bk_heads_mark(&s, b.data, n, &len);
		bad += found != (n < at + 32 ? -1 : (ptrdiff_t)at) ||
		    (found != -1 && len != -1);
	}
	is_int(bad, 0, "cut anywhere, it is not whole");
}

static void
has_not(const char *what)
{
	size_t at;

	text("and what follows");
	ok(!has_mark(&at) && at == 0, "%s: no mark", what);
}

static void
test_archives(void)
{
	char copy[800];
	int minor;

	(void)snprintf(copy, sizeof(copy), "-- bk-dump 1 %s", mark);
	for (minor = 14; minor <= 16; minor++) {
		archive(minor, "shop", "15.14", "ENCODING", "ENCODING", copy);
		has("an archive");
	}
	archive(14, mark, "15.14", "ENCODING", "ENCODING", "");
	has_not("a database's name");
	archive(14, mark, "15.14", "ENCODING", "ENCODING", copy);
	ok(bk_heads_mark(&(struct bk_seal){0}, b.data, b.len,
	    &(ptrdiff_t){0}) > 150, "which does not hide the archive's own");
	archive(14, "shop", copy, mark, "ENCODING", "");
	has_not("a version or a tag");
	archive(14, "shop", "15.14", "ENCODING", "TABLE DATA", copy);
	has_not("a table's COPY");
	archive(14, "shop", "15.14", "ENCODING", "ENCODING", mark);
	has_not("a COPY that is not bk-dump's");
	archive(14, "shop", "15.14", "ENCODING", "ENCODING", "-- bk-dump ");
	text(mark);
	has_not("one that ends too early");
	archive(14, "shop", "15.14", "ENCODING", "ENCODING", copy);
	memset(b.data + 52, 0xff, 4);
	has_not("one with lengths out of range");
}

static void
test_others(void)
{
	char line[800], name[100];

	gzip(4, "XX", "something else", mark, "");
	has("gzip");
	gzip(4 + 8, "BK", mark, "", mark);
	has_not("gzip: another subfield, or the file's name");
	gzip(8, "", "", "", mark);
	has_not("gzip without subfields");
	gzip(4, "BS", "x", mark, "");
	has_not("gzip: a second one");
	zstd(0x184D2A5B, mark);
	has("zstd");
	zstd(0x184D2A50, mark);
	has("zstd, another skippable frame");
	zstd(0xFD2FB528, mark);
	has_not("zstd: a frame with content");
	zstd(0x184D2A4B, mark);
	has_not("zstd: no frame");
	b.len = 0;
	text("bk-crypt/v1 ");
	text(mark);
	has("bk-crypt");
	b.len = 0;
	text("bk-crypt/v1 x\n-> X25519 ");
	text(mark);
	has_not("bk-crypt: another line");
	(void)snprintf(line, sizeof(line), "123 comment=%s\n", mark);
	tar("pax_global_header", 'g', "ustar", line);
	has("tar");
	tar("x", 'x', "ustar", line);
	has_not("tar: a file's header");
	(void)snprintf(name, sizeof(name), "d/%.90s", mark);
	tar(name, '0', "ustar", line);
	has_not("tar: a file's name or content");
	tar("pax_global_header", 'g', "other", line);
	has_not("tar of another kind");
	(void)snprintf(line, sizeof(line), "123 path=%s\n", mark);
	tar("pax_global_header", 'g', "ustar", line);
	has_not("tar: another record");
	(void)snprintf(line, sizeof(line), "9 path=x\n123 comment=%s\n", mark);
	tar("pax_global_header", 'g', "ustar", line);
	has_not("tar: a later record");
	b.len = 0;
	text(mark);
	has("an envelope");
}

/* A script or a file with marks at every offset. */
static void
test_text(void)
{
	size_t at, i, bad = 0;

	for (i = 1; i < BK_SEAL_HEAD; i++) {
		b.len = 0;
		while (b.len < i)
			text("-");
		text(mark);
		bad += has_mark(&at) || at != 0;
	}
	is_int((intmax_t)bad, 0, "text: no mark but at its beginning");
	b.len = 0;
	has_not("nothing");
}

/* What bk_reader says of the first n bytes of b, from a pipe. */
static enum bk_code
read_part(size_t n)
{
	struct bk_err why = {0};
	struct bk_reader *in;
	int fd[2];

	if (pipe(fd) == -1 || write(fd[1], b.data, n) != (ssize_t)n ||
	    close(fd[1]) == -1)
		abort();
	if ((in = bk_reader_open(fd[0], "input", 0, &why)) != NULL)
		(void)bk_reader_drain(in, &why);
	bk_reader_free(in);
	close(fd[0]);
	return why.code;
}

/* From the first bytes that tell the format, each cut is unfinished. */
static void
check_cuts(size_t first, const char *what)
{
	size_t n, bad = 0;

	for (n = first; n < b.len; n++)
		bad += read_part(n) != BK_DATA;
	is_int((intmax_t)bad, 0, what);
}

static void
test_cuts(void)
{
	static const char crypt[] = "bk-crypt/v1 ", skip[] = "\x5b\x2a\x4d\x18";
	char copy[800];
	int minor;

	(void)snprintf(copy, sizeof(copy), "-- bk-dump 1 %s system 7", mark);
	for (minor = 14; minor <= 16; minor++) {
		archive(minor, "shop", "15.1", "ENCODING", "ENCODING", copy);
		check_cuts(5, "an archive that is cut, wherever");
	}
	archive(15, "shop", "15.1", "ENCODING", "ENCODING", "");
	is_int(read_part(b.len), BK_OK, "another's small archive");
	archive(17, "shop", "15.1", "ENCODING", "ENCODING", "");
	is_int(read_part(b.len - 9), BK_OK, "nor one of a version to come");
	b.len = 0;
	text("\x1f\x8b\x08");
	bytes("\x04\0\0\0\0\0\xff", 7);
	number(4 + mark_len, 2);
	text("BS");
	number(mark_len, 2);
	bytes(mark, mark_len);
	check_cuts(3, "gzip that is cut");
	b.len = 0;
	text("\x1f\x8b\x08");
	bytes("\0\0\0\0\0\0\xff\x03", 8);
	is_int(read_part(b.len), BK_OK, "another's gzip, without that field");
	b.len = 0;
	bytes(skip, 4);
	number(mark_len, 4);
	bytes(mark, mark_len);
	check_cuts(4, "zstd that is cut");
	b.len = 0;
	text(crypt);
	bytes(mark, mark_len);
	check_cuts(strlen(crypt), "bk-crypt that is cut");
	b.len = 0;
	text("bk-crypt/v1 and what of it");
	is_int(read_part(b.len), BK_OK, "prose about it");
	b.len = 0;
	bytes(mark, mark_len);
	check_cuts(8, "an envelope that is cut");
	is_int(read_part(7), BK_OK, "seven digits are anybody's");
}

/* Each head is told from the others, whole, and cut by a byte it is none. */
static void
test_formats(void)
{
	static const struct {
		enum bk_format format;
		size_t at;
		const char *magic;
	} t[] = {
		{ BK_FORMAT_ARCHIVE, 0, "PGDMP" },
		{ BK_FORMAT_GZIP, 0, "\x1f\x8b\x08" },
		{ BK_FORMAT_ZSTD, 0, "\x28\xb5\x2f\xfd" },
		{ BK_FORMAT_ZSTD, 0, "\x50\x2a\x4d\x18" },
		{ BK_FORMAT_ZSTD, 0, "\x5b\x2a\x4d\x18" },
		{ BK_FORMAT_ZSTD, 0, "\x5f\x2a\x4d\x18" },
		{ BK_FORMAT_CRYPT, 0, "bk-crypt/" },
		{ BK_FORMAT_CRYPT, 0, "age-encryption.org/" },
		{ BK_FORMAT_CRYPT, 0, "-----BEGIN AGE ENCRYPTED FILE-----" },
		{ BK_FORMAT_TAR, 257, "ustar" },
		{ BK_FORMAT_OTHER, 0, "\x60\x2a\x4d\x18" },
		{ BK_FORMAT_OTHER, 1, "PGDMP" },
		{ BK_FORMAT_OTHER, 256, "ustar" },
	};
	char head[600];
	size_t i, n;
	int bad = 0;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(head, 'x', sizeof(head));
		n = t[i].at + strlen(t[i].magic);
		memcpy(head + t[i].at, t[i].magic, strlen(t[i].magic));
		bad += bk_heads_format(head, sizeof(head)) != t[i].format;
		bad += bk_heads_format(head, n) != t[i].format;
		bad += bk_heads_format(head, n - 1) != BK_FORMAT_OTHER;
	}
	is_int(bad, 0, "the table of heads");
}

int
main(void)
{
	test_formats();
	struct bk_label label = {0};
	struct bk_seal seal;

	bk_label_set(&label, BK_LABEL_DB, "shop");
	if (bk_seal_new(&seal, &label, &e) == -1)
		abort();
	mark_len = bk_seal_open(&seal, mark);
	test_archives();
	test_others();
	test_text();
	test_cuts();
	bk_buf_free(&b);
	return tap_done();
}
