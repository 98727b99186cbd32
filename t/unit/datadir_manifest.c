/* backup_manifest: reading it, each flip, and the table of files. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/hex.h"
#include "tap.h"
#include "datadir/backup_manifest.h"
#include "datadir/file_table.h"

#define HEAD2 "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n" \
	"\"System-Identifier\": 18446744073709551615,\n\"Files\": [\n"
#define HEAD1 "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n\"Files\": [\n"
#define ONE "{ \"Path\": \"PG_VERSION\", \"Size\": 3, \"Last-Modified\": " \
	"\"2026-11-21 13:00:00 GMT\", \"Checksum-Algorithm\": \"CRC32C\", " \
	"\"Checksum\": \"64440205\" }"
#define ENCODED "{ \"Encoded-Path\": \"62ff0a61\", \"Size\": 9, " \
	"\"Last-Modified\": \"\", \"Checksum-Algorithm\": \"SHA224\", " \
	"\"Checksum\": \"9b3e61bf29f17c75572fae2e86e17809a4513d07c8a18152ac" \
	"f34521\" }"
#define PLAIN "{ \"Path\": \"a \\\"b\\\"\\n\", \"Size\": 0, " \
	"\"Last-Modified\": \"\" }"
#define RANGE "{ \"Timeline\": 4294967295, \"Start-LSN\": \"0/2000028\", " \
	"\"End-LSN\": \"FFFFFFFF/FFFFFFFF\" }"
#define WAL(r) "\n],\n\"WAL-Ranges\": [\n" r "],\n"

struct seen {
	char text[1024];
	size_t n;
};

static struct bk_err e;

static int
on_file(void *ctx, const struct bk_manifest_file *f, struct bk_err *err)
{
	struct seen *s = ctx;
	char hex[2 * BK_SUM_MAX + 1];

	(void)err;
	bk_hex(f->sum, bk_sum_len(f->algorithm), hex);
	s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n,
	    "[%s %ju %s %s]", f->path, (uintmax_t)f->size,
	    bk_sum_name(f->algorithm), hex);
	return 0;
}

static int
on_wal(void *ctx, const struct bk_manifest_wal *w, struct bk_err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n,
	    "[wal %u %jx %jx]", w->timeline, (uintmax_t)w->start,
	    (uintmax_t)w->end);
	return 0;
}

/* Add the last line, with the checksum of what is there. */
static void
finish(struct bk_buf *b)
{
	struct bk_file_sum sum = {0};
	uint8_t bytes[BK_SUM_MAX];
	char hex[65];

	bk_file_sum_start(&sum, BK_SUM_SHA256, &e);
	bk_file_sum_update(&sum, b->data, b->len, &e);
	bk_file_sum_final(&sum, bytes, &e);
	bk_file_sum_free(&sum);
	bk_hex(bytes, 32, hex);
	bk_buf_printf(b, &e, "\"Manifest-Checksum\": \"%s\"}\n", hex);
}

/* Read n bytes in pieces of this size. */
static int
parse(const char *p, size_t n, size_t piece, struct seen *seen,
    struct bk_manifest_summary *sum)
{
	struct bk_manifest_handler h = { on_file, on_wal, seen };
	struct bk_backup_manifest *m;
	size_t at, len;
	int rc = 0;

	e = (struct bk_err){0};
	*seen = (struct seen){0};
	m = bk_backup_manifest_open("backup_manifest", &h, &e);
	for (at = 0; rc == 0 && at < n; at += len) {
		len = piece < n - at ? piece : n - at;
		rc = bk_backup_manifest_feed(m, p + at, len, &e);
	}
	if (rc == 0)
		rc = bk_backup_manifest_end(m, sum, &e);
	bk_backup_manifest_free(m);
	return rc;
}

static void
test_good(void)
{
	static const char want[] = "[PG_VERSION 3 CRC32C 64440205]"
	    "[b\xff\na 9 SHA224 9b3e61bf29f17c75572fae2e86e17809a4513d07c8a1"
	    "8152acf34521][a \"b\"\n 0 NONE ]"
	    "[wal 4294967295 2000028 ffffffffffffffff]";
	struct bk_manifest_summary sum;
	struct bk_buf b = {0};
	struct seen seen;
	size_t piece, bad = 0;

	bk_buf_puts(&b, HEAD2 ONE ",\n" ENCODED ",\n" PLAIN WAL(RANGE "\n"),
	    &e);
	finish(&b);
	for (piece = 1; piece <= b.len; piece++)
		bad += parse(b.data, b.len, piece, &seen, &sum) != 0 ||
		    strcmp(seen.text, want) != 0;
	is_int((intmax_t)bad, 0, "in pieces of every size");
	is_str(seen.text, want, "what it lists");
	is_str(sum.sysid, "18446744073709551615", "the system identifier");
	is_int(sum.version, 2, "the version");
	is_int((intmax_t)sum.files, 3, "the number of files");
	b.len = 0;
	bk_buf_puts(&b, HEAD1 "],\n\"WAL-Ranges\": [\n],\n", &e);
	finish(&b);
	is_int(parse(b.data, b.len, 99, &seen, &sum), 0, "an empty one");
	is_str(sum.sysid, "", "version 1 knows no system identifier");
	bk_buf_free(&b);
}

/* Every flipped bit and every length but the whole is refused. */
static void
test_flips(void)
{
	struct bk_manifest_summary sum;
	struct bk_buf b = {0};
	struct seen seen;
	size_t i, taken = 0;
	int bit;

	bk_buf_puts(&b, HEAD2 ONE ",\n" PLAIN WAL(RANGE "\n"), &e);
	finish(&b);
	for (i = 0; i < b.len * 8; i++) {
		bit = 1 << i % 8;
		b.data[i / 8] = (char)(b.data[i / 8] ^ bit);
		if (parse(b.data, b.len, 4096, &seen, &sum) == 0 &&
		    (i / 8 < b.len - 67 || bit != 0x20))
			taken++; /* the sum's hex digits have two cases */
		else if (e.code != BK_DATA && e.code != BK_OK)
			taken++;
		b.data[i / 8] = (char)(b.data[i / 8] ^ bit);
	}
	is_int((intmax_t)taken, 0, "every flipped bit is refused");
	for (i = 0, taken = 0; i < b.len; i++)
		taken += parse(b.data, i, 4096, &seen, &sum) != -1 ||
		    e.code != BK_DATA;
	is_int((intmax_t)taken, 0, "every truncated one is refused");
	bk_buf_puts(&b, " ", &e);
	is_int(parse(b.data, b.len, 4096, &seen, &sum), -1, "data after it");
	bk_buf_puts(&b, "\n", &e);
	is_int(parse(b.data, b.len, 4096, &seen, &sum), -1, "a line after it");
	bk_buf_free(&b);
}

/* Refused, however right their checksum is. */
static void
test_malformed(void)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "{ \"a\": 1,\n", "not a backup_manifest" },
		{ "{ \"PostgreSQL-Backup-Manifest-Version\": 3,\n",
		    "a newer bk is needed" },
		{ "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n"
		    "\"Files\": [\n",
		    "no System-Identifier" },
		{ HEAD1 ONE "\n" ONE WAL(""), "comma" },
		{ HEAD1 ONE "," WAL(""), "comma" },
		{ HEAD1 "{ \"Path\": \"a\", \"Size\": -1 }" WAL(""), "size" },
		{ HEAD1 "{ \"Path\": \"a\", \"Size\": 1e3 }" WAL(""), "size" },
		{ HEAD1 "{ \"Path\": \"a\" }" WAL(""), "size" },
		{ HEAD1 "{ \"Path\": \"a\", \"Size\": 99999999999999999999 }"
		    WAL(""), "not a JSON object" },
		{ HEAD1 "{ \"Path\": \"a\", \"Path\": \"b\", \"Size\": 1 }"
		    WAL(""), "not a JSON object" },
		{ HEAD1 "{ \"Path\": \"\", \"Size\": 1 }" WAL(""), "empty" },
		{ HEAD1 "{ \"Path\": \"a\\u0000b\", \"Size\": 1 }" WAL(""),
		    "not a JSON object" },
		{ HEAD1 "{ \"Encoded-Path\": \"6100\", \"Size\": 1 }" WAL(""),
		    "not hex" },
		{ HEAD1 "{ \"Encoded-Path\": \"616\", \"Size\": 1 }" WAL(""),
		    "not hex" },
		{ HEAD1 "{ \"Size\": 1 }" WAL(""), "one path" },
		{ HEAD1 "{ \"Path\": \"a\", \"Size\": 1, "
		    "\"Checksum-Algorithm\": \"MD5\" }" WAL(""),
		    "unknown checksum algorithm 'MD5'" },
		{ HEAD1 "{ \"Path\": \"a\", \"Size\": 1, "
		    "\"Checksum-Algorithm\": \"CRC32C\" }" WAL(""),
		    "malformed checksum" },
		{ HEAD1 "{ \"Path\": \"a\", \"Size\": 1, "
		    "\"Checksum\": \"00\" }" WAL(""), "malformed checksum" },
		{ HEAD1 "[ ]" WAL(""), "not a JSON object" },
		{ HEAD1 ONE WAL("{ \"Timeline\": 0, \"Start-LSN\": \"0/1\", "
		    "\"End-LSN\": \"0/2\" }\n"), "range of WAL" },
		{ HEAD1 ONE WAL("{ \"Timeline\": 1, \"Start-LSN\": \"0/3\", "
		    "\"End-LSN\": \"0/2\" }\n"), "range of WAL" },
		{ HEAD1 ONE WAL("{ \"Timeline\": 1, \"Start-LSN\": \"0\", "
		    "\"End-LSN\": \"0/2\" }\n"), "range of WAL" },
	};
	struct bk_manifest_summary sum;
	struct bk_buf b = {0};
	struct seen seen;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		b.len = 0;
		bk_buf_puts(&b, bad[i].text, &e);
		finish(&b);
		ok(parse(b.data, b.len, 4096, &seen, &sum) == -1 &&
		    e.code == BK_DATA && strstr(e.msg, bad[i].says) != NULL,
		    "refused: %s (%s)", bad[i].says, e.msg);
	}
	b.len = 0;
	bk_buf_reserve(&b, 70000, &e);
	memset(b.data, 'a', 70000);
	is_int(parse(b.data, 70000, 4096, &seen, &sum), -1, "an endless line");
	bk_buf_free(&b);
}

static int
count(void *ctx, const struct bk_file_entry *f, struct bk_err *err)
{
	(void)err;
	(void)snprintf(ctx, 100, "%s", f->path);
	return 0;
}

static void
test_table(void)
{
	struct bk_file_table *t = bk_file_table_new(&e);
	struct bk_file_sum sums[2] = { {0}, {0} };
	struct bk_manifest_file want = { "b", 9, BK_SUM_CRC32C,
	    { 0x83, 0x92, 0x06, 0xe3 } };
	static const char *const names[] = { "c", "b", "a", "b",
	    "backup_manifest", "pg_wal/1" };
	struct bk_file_difference d;
	char extra[100] = "";
	size_t i;

	e = (struct bk_err){0};
	for (i = 0; i < 6; i++) {
		bk_file_sum_start(&sums[0], BK_SUM_CRC32C, &e);
		bk_file_sum_start(&sums[1], BK_SUM_SHA256, &e);
		bk_file_sum_update(&sums[0], "123456789", 9, &e);
		bk_file_sum_update(&sums[1], "123456789", 9, &e);
		bk_file_table_add(t, names[i], 9, sums, 2, &e);
	}
	is_int(bk_file_table_compare(t, &want, &d, &e), 0, "as listed");
	want.path = "a";
	want.sum[3]++;
	is_int(bk_file_table_compare(t, &want, &d, &e), 1, "another sum");
	is_str(d.want, "CRC32C 839206e4", "the sum that is listed");
	is_str(d.got, "CRC32C 839206e3", "the sum that it has");
	want.algorithm = BK_SUM_SHA256;
	is_int(bk_file_table_compare(t, &want, &d, &e), 1, "the other sum");
	is_str(d.got, "SHA256 15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65"
	    "fbc8c3312448eb225", "is its own");
	want.size = 8;
	is_int(bk_file_table_compare(t, &want, &d, &e), 1, "another size");
	is_str(d.got, "9 bytes", "which is told");
	want = (struct bk_manifest_file){ .path = "d", .size = 1 };
	is_int(bk_file_table_compare(t, &want, &d, &e), 1, "a missing one");
	is_str(d.got, "none", "is missing");
	want = (struct bk_manifest_file){ "c", 9, BK_SUM_SHA512, {0} };
	is_int(bk_file_table_compare(t, &want, &d, &e), -1, "no such sum");
	is_int(bk_file_table_unlisted(t, count, extra, &e), 0, "unlisted");
	is_str(extra, "b", "the one that is there twice");
	for (i = 0; i < 2; i++)
		bk_file_sum_free(&sums[i]);
	bk_file_table_free(t);
}

int
main(void)
{
	test_good();
	test_flips();
	test_malformed();
	test_table();
	return tap_done();
}
