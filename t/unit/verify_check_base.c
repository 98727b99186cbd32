/* Level 1 of base backups: tar, manifest, checksums. */
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/crc32c.h"
#include "verify_run.h"

#define FILES "\"Files\": [\n"
#define LONG_NAME "pg_tblspc/16400/PG_15_202209061/16384/a-name-that-is-long-" \
	"enough-to-need-more-than-a-hundred-bytes-in-its-header/16403"

static struct bk_err e;

static void
add_header(struct bk_buf *b, const char *name, char type, size_t size)
{
	char h[512] = "";
	unsigned sum = 0;
	size_t i;

	(void)snprintf(h, 100, "%s", name);
	(void)snprintf(h + 100, 8, "0000600");
	(void)snprintf(h + 124, 12, "%011o", (unsigned)size);
	(void)snprintf(h + 136, 12, "%011o", 1700000000u);
	h[156] = type;
	memcpy(h + 257, "ustar\0" "00", 8);
	memset(h + 148, ' ', 8);
	for (i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	bk_buf_add(b, h, sizeof(h), &e);
}

static void
add_file(struct bk_buf *b, const char *name, char type, const char *data,
    size_t n)
{
	static const char zeros[512];

	add_header(b, name, type, n);
	bk_buf_add(b, data, n, &e);
	bk_buf_add(b, zeros, (512 - n % 512) % 512, &e);
}

static void
hex(const uint8_t *p, size_t n, char *out)
{
	size_t i;

	for (i = 0; i < n; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static void
add_listed(struct bk_buf *m, const char *path, const char *data, size_t n,
    int sha, const char *before)
{
	uint8_t sum[32];
	uint32_t crc = bk_crc32c(0, data, n);
	char text[65];

	EVP_Digest(data, n, sum, NULL, EVP_sha256(), NULL);
	if (!sha)		/* little-endian */
		memcpy(sum, (uint8_t[]){ (uint8_t)crc, (uint8_t)(crc >> 8),
		    (uint8_t)(crc >> 16), (uint8_t)(crc >> 24) }, 4);
	hex(sum, sha ? 32 : 4, text);
	bk_buf_printf(m, &e, "%s{ \"Path\": \"%s\", \"Size\": %zu, "
	    "\"Checksum-Algorithm\": \"%s\", \"Checksum\": \"%s\" }", before,
	    path, n, sha ? "SHA256" : "CRC32C", text);
}

static const char *end_of_wal = "0/300100";

static void
end_manifest(struct bk_buf *m)
{
	uint8_t sum[32];
	char text[65];

	bk_buf_printf(m, &e, "\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": 1, "
	    "\"Start-LSN\": \"0/100028\", \"End-LSN\": \"%s\" }\n],\n",
	    end_of_wal);
	EVP_Digest(m->data, m->len, sum, NULL, EVP_sha256(), NULL);
	hex(sum, sizeof(sum), text);
	bk_buf_printf(m, &e, "\"Manifest-Checksum\": \"%s\"}\n", text);
}

/* A small backup, optionally with a file missing or extra. */
static void
make(struct bk_buf *b, int with_version, int with_extra)
{
	struct bk_buf m = {0};
	char pax[256];
	char *zeros = calloc(1, 8192 + 1024);

	bk_buf_puts(&m, "{ \"PostgreSQL-Backup-Manifest-Version\": 1,\n" FILES,
	    &e);
	if (with_version)
		add_file(b, "PG_VERSION", '0', "15\n", 3);
	add_file(b, "base", '5', "", 0);
	add_file(b, "./base/1/112", '0', zeros, 8192);
	/* the length includes itself: three digits */
	(void)snprintf(pax, sizeof(pax), "%zu path=%s\n",
	    strlen("123 path=\n" LONG_NAME), LONG_NAME);
	add_file(b, "x", 'x', pax, strlen(pax));
	add_file(b, "short", '0', "abc", 3);
	add_file(b, "pg_wal/00000001.history", '0', "wal", 3);
	if (with_extra)
		add_file(b, "base/1/999", '0', "", 0);
	add_listed(&m, "PG_VERSION", "15\n", 3, 0, "");
	add_listed(&m, "base/1/112", zeros, 8192, 1, ",\n");
	add_listed(&m, LONG_NAME, "abc", 3, 0, ",\n");
	end_manifest(&m);
	add_file(b, "backup_manifest", '0', m.data, m.len);
	bk_buf_add(b, zeros, 1024, &e);
	bk_buf_free(&m);
	free(zeros);
}

static void
test_whole(const struct bk_buf *b)
{
	struct bk_verdict v;
	size_t piece;

	for (piece = 1; piece < 2000; piece += 333)
		is_int(verify(bk_check_tar, b->data, b->len, piece, &v),
		    BK_OK, "a whole backup, read in pieces"),
		bk_verdict_free(&v);
	verify(bk_check_tar, b->data, b->len, 65536, &v);
	is_int((intmax_t)v.files, 5, "files");
	is_str(v.kind, "base", "kind");
	ok(v.timeline == 1 && v.start == 0x100028 && v.end == 0x300100,
	    "timeline, start and end");
	is_str(v.uncovered, "WAL from 0/100028 to 0/300100, which is not "
	    "inside", "what is not covered");
	is_str(v.server_version, "15", "version");
	is_int((intmax_t)v.time, 1700000000, "time");
	bk_verdict_free(&v);
}

static void
test_cuts(const struct bk_buf *b)
{
	size_t n;
	int bad = 0;

	for (n = 0; n < b->len; n += n > 1024 && n < 9000 ? 37 : 1)
		bad += verify_code(bk_check_tar, b->data, n, 65536) !=
		    BK_DATA;
	is_int(bad, 0, "every cut is refused");
}

/* Bits that do not matter: padding, mode, time, manifest whitespace. */
static void
test_flips(struct bk_buf *b)
{
	size_t at, data = 512 + 512 + 512 + 512;
	int bit, bad = 0;

	for (at = data; at < data + 8192; at += 97)
		for (bit = 0; bit < 8; bit++) {
			b->data[at] = (char)(b->data[at] ^ 1 << bit);
			bad += verify_code(bk_check_tar, b->data, b->len,
			    65536) != BK_DATA;
			b->data[at] = (char)(b->data[at] ^ 1 << bit);
		}
	is_int(bad, 0, "flipped bits of a file are seen");
	for (bad = 0, at = 0; at < 512; at++) {
		b->data[at] = (char)(b->data[at] ^ 1);
		bad += verify_code(bk_check_tar, b->data, b->len, 65536) !=
		    BK_DATA;
		b->data[at] = (char)(b->data[at] ^ 1);
	}
	ok(bad <= 1, "a flipped bit of a header (but a blank) is seen");
	/* nothing reads this, but the manifest's checksum covers it */
	for (at = 0; memcmp(b->data + at, "WAL-Ranges", 10) != 0; at++)
		continue;
	b->data[at] ^= 1;
	is_int(verify_code(bk_check_tar, b->data, b->len, 65536), BK_DATA,
	    "a flipped bit of the manifest is seen");
	b->data[at] ^= 1;
}

static void
test_files(void)
{
	struct bk_buf b = {0};
	struct bk_verdict v;

	make(&b, 0, 0);
	is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_DATA,
	    "a missing file");
	is_str(v.diff[0].object, "PG_VERSION", "  and which");
	bk_verdict_free(&v);
	b.len = 0;
	make(&b, 1, 1);
	is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_DATA,
	    "a file too many");
	is_str(v.diff[0].object, "base/1/999", "  and which");
	bk_verdict_free(&v);
	bk_buf_free(&b);
}

#define SEGMENT (1024 * 1024)
#define SYSID "81985529216486895"	/* 0x0123456789abcdef */

/* What is wrong with the WAL. */
enum fault { NONE, MISSING, SHORT, ZEROS, FOREIGN, MISPLACED, SWITCHED, NO_WAL,
	OTHER_CONTROL, ONLY_ZEROS, OTHER_ORDER };

/* The header of PostgreSQL 15. */
static void
add_segment(struct bk_buf *b, unsigned number, enum fault fault)
{
	struct {
		uint16_t magic, info;
		uint32_t timeline;
		uint64_t address;
		uint32_t rest, pad;
		uint64_t sysid;
		uint32_t size, page;
	} h = { 0xd110, 2, 1, (uint64_t)number * SEGMENT, 0, 0,
	    0x0123456789abcdef, SEGMENT, 8192 };
	char *data = calloc(1, SEGMENT), name[64];

	(void)snprintf(name, sizeof(name), "pg_wal/%08X%08X%08X",
	    fault == SWITCHED ? 2 : 1, 0, number);
	h.sysid += fault == FOREIGN;
	h.address += fault == MISPLACED ? SEGMENT : 0;
	if (fault != ZEROS)
		memcpy(data, &h, sizeof(h));
	if (fault != MISSING)
		add_file(b, name, '0', data, fault == SHORT ? SEGMENT / 2 :
		    SEGMENT);
	free(data);
}

static void
add_both(struct bk_buf *b, struct bk_buf *m, const char *name,
    const char *data, int listed)
{
	add_file(b, name, '0', data, strlen(data));
	if (listed)
		add_listed(m, name, data, strlen(data), 0, ",\n");
}

/* label: backup_label's text; NULL: none.  more: a file; NULL: none. */
static void
make_wal_with(struct bk_buf *b, enum fault fault, const char *label,
    const char *more)
{
	static const char zeros[1024];
	struct {
		uint64_t sysid;
		uint32_t version, more;
	} control = { 0x0123456789abcdef, 1300, 0 };
	struct bk_buf m = {0};

	b->len = 0;
	bk_buf_puts(&m, "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n"
	    "\"System-Identifier\": " SYSID ",\n" FILES, &e);
	control.sysid += fault == OTHER_CONTROL;
	if (fault == OTHER_ORDER) {
		control.sysid = 0xefcdab8967452301;
		control.version = 0x14050000;
	}
	add_file(b, "global/pg_control", '0', (const char *)&control, 16);
	add_listed(&m, "global/pg_control", (const char *)&control, 16, 0, "");
	if (label != NULL)
		add_both(b, &m, "backup_label", label, 1);
	if (more != NULL)
		add_both(b, &m, more, "x", strchr(more, '/') != NULL);
	if (fault == ONLY_ZEROS)
		add_segment(b, 1, ZEROS);
	else if (fault != NO_WAL) {
		add_segment(b, 1, NONE);
		add_segment(b, 3, fault);
		add_segment(b, 2, NONE);
	}
	end_manifest(&m);
	add_file(b, "backup_manifest", '0', m.data, m.len);
	bk_buf_add(b, zeros, sizeof(zeros), &e);
	bk_buf_free(&m);
}

static void
make_wal(struct bk_buf *b, enum fault fault)
{
	make_wal_with(b, fault, NULL, NULL);
}

static void
test_wal(void)
{
	static const struct { enum fault fault; const char *object, *found; }
	    bad[] = {
		{ MISSING, "pg_wal/000000010000000000000003", "none" },
		{ SHORT, "pg_wal/000000010000000000000003", "bytes" },
		{ ZEROS, "pg_wal/000000010000000000000003", "no WAL page" },
		{ FOREIGN, "pg_wal/000000010000000000000003", "cluster" },
		{ MISPLACED, "pg_wal/000000010000000000000003",
		    "holds segment 000000010000000000000004" },
		{ OTHER_CONTROL, "global/pg_control: system identifier",
		    "81985529216486896" },
	};
	struct bk_buf b = {0};
	struct bk_verdict v;
	size_t i;

	make_wal(&b, NONE);
	is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_OK, "WAL");
	is_str(v.uncovered, "the records of its WAL", "without backup_label "
	    "no records are read");
	is_str(v.cluster, SYSID, "the cluster");
	bk_verdict_free(&v);
	make_wal(&b, SWITCHED);
	is_int(verify_code(bk_check_tar, b.data, b.len, 65536), BK_OK,
	    "the timeline changes in the last segment");
	make_wal(&b, NO_WAL);
	is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_OK,
	    "no WAL inside");
	ok(v.uncovered != NULL, "  which is told");
	bk_verdict_free(&v);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make_wal(&b, bad[i].fault);
		is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_DATA,
		    "wrong WAL");
		is_str(v.diff[0].object, bad[i].object, "  and which");
		ok(v.diff[0].found != NULL && strstr(v.diff[0].found,
		    bad[i].found) != NULL, "  %s", v.diff[0].found);
		bk_verdict_free(&v);
	}
	bk_buf_free(&b);
}

/* Of a machine of the other byte order: no proof, and no damage. */
static void
test_order(void)
{
	struct bk_buf b = {0};
	struct bk_verdict v;

	make_wal(&b, OTHER_ORDER);
	is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_FAIL,
	    "the other byte order");
	is_int((intmax_t)v.ndiff, 0, "  is no difference");
	bk_verdict_free(&v);
	b.data[512] ^= 1;		/* in pg_control, the first file */
	is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_DATA,
	    "  and its damage is");
	is_str(v.diff[0].object, "global/pg_control", "  where it is");
	is_int((intmax_t)v.ndiff, 1, "  and nowhere else");
	bk_verdict_free(&v);
	bk_buf_free(&b);
}

static void
test_label(void)
{
	static const char *const senseless[] = { "", "START WAL LOCATION",
	    "START WAL LOCATION: x (file y)\n",
	    "START WAL LOCATION: 0000000000000000000000000000/100028 (file)\n",
	    "CHECKPOINT LOCATION: 0/100028\n" };
	struct bk_buf b = {0};
	struct bk_verdict v;
	size_t i;

	make_wal_with(&b, NONE, "START WAL LOCATION: 0/100028 (file "
	    "000000010000000000000001)\n", NULL);
	is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_DATA,
	    "from where it begins the WAL is read");
	is_str(v.diff[0].object, "WAL: records up to", "  and has an end");
	is_str(v.diff[0].found, "0/100028: no WAL record here, "
	    "only zeros", "  here");
	is_int((intmax_t)v.ndiff, 1, "  of which later segments say nothing");
	bk_verdict_free(&v);
	for (i = 0; i < sizeof(senseless) / sizeof(senseless[0]); i++) {
		make_wal_with(&b, NONE, senseless[i], NULL);
		is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_OK,
		    "a label that does not say where");
		is_str(v.uncovered, "the records of its WAL", "  leaves them");
		bk_verdict_free(&v);
	}
	bk_buf_free(&b);
}

static void
test_odd(void)
{
	struct bk_buf b = {0};
	struct bk_verdict v;
	size_t at;

	make_wal(&b, ONLY_ZEROS);
	is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_DATA,
	    "no segment that is one");
	is_str(v.diff[0].object, "pg_wal/000000010000000000000001", "  which");
	is_str(v.diff[0].found, "no WAL page", "  and why");
	bk_verdict_free(&v);
	make_wal_with(&b, NONE, NULL, "base/1/INCREMENTAL.1259");
	is_int(verify(bk_check_tar, b.data, b.len, 65536, &v), BK_OK,
	    "a part of a file");
	is_str(v.uncovered, "the records of its WAL, the earlier backups that "
	    "it is an increment to", "  of which the rest is elsewhere");
	bk_verdict_free(&v);
	make_wal_with(&b, NONE, NULL, "standby.signal");
	is_int(verify_code(bk_check_tar, b.data, b.len, 65536), BK_OK,
	    "what pg_basebackup -R adds is in no manifest");
	make_wal_with(&b, NONE, NULL, "standby.sign");
	is_int(verify_code(bk_check_tar, b.data, b.len, 65536), BK_DATA,
	    "anything else has to be");
	make_wal(&b, NONE);
	for (at = 0; memcmp(b.data + at, "pg_wal/", 7) != 0; at += 512)
		continue;
	is_int(verify_code(bk_check_tar, b.data, at + 512 + 9, 65536), BK_DATA,
	    "a cut in a segment's first bytes");
	end_of_wal = "0/100028";
	make_wal(&b, NONE);
	is_int(verify_code(bk_check_tar, b.data, b.len, 65536), BK_DATA,
	    "WAL that ends where it begins");
	end_of_wal = "0/300100";
	bk_buf_free(&b);
}

/* An entry that bk-pitr would not unpack. */
static void
test_hostile(void)
{
	static const struct { const char *path; char type; const char *says; }
	    bad[] = {
		{ "pg_wal/../EVIL", '0', "not a path below" },
		{ "/etc/x", '0', "not a path below" },
		{ "base/..", '5', "not a path below" },
		{ "base/6", '1', "neither a file nor a directory" },
		{ "base/5", '2', "neither a file nor a directory" },
		{ "pg_tblspc/16384", '2', "in another archive" },
		{ "base/null", '3', "neither a file nor a directory" },
		{ "base/fifo", '6', "neither a file nor a directory" },
		{ "PG_VERSION.unfinished", '0', "not a name" },
		{ "PG_VERSION", '0', "PG_VERSION" },
		{ "./PG_VERSION", '0', "PG_VERSION" },
		{ "PG_VERSION/x", '0', "PG_VERSION" },
		{ "base/1/112/x", '5', "base/1/112" },
		{ "pg_wal/00000001.history", '0', "00000001.history" },
		{ "postgresql.auto.conf", '0', "" },	/* once will do */
	};
	struct bk_buf whole = {0}, b = {0};
	struct bk_verdict v;
	struct bk_err why;
	struct memory m;
	size_t i;

	make(&whole, 1, 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		b.len = 0;
		add_header(&b, bad[i].path, bad[i].type, 0);
		bk_buf_add(&b, whole.data, whole.len, &e);
		m = (struct memory){ b.data, b.len, 65536 };
		why = (struct bk_err){0};
		v = (struct bk_verdict){0};
		bk_check_tar((struct bk_source){ read_memory, &m }, "input", &v,
		    NULL, &why);
		is_int(why.code, *bad[i].says == '\0' ? BK_OK : BK_DATA,
		    bad[i].path);
		ok(strstr(why.msg, bad[i].says) != NULL, "%s", why.msg);
		bk_verdict_free(&v);
	}
	bk_buf_free(&whole);
	bk_buf_free(&b);
}

/* For the sanitizers: no arithmetic on NULL. */
static void
test_pax(void)
{
	static const char *const headers[] = { "", "9 novalue\n", "7 x\n",
	    "3 \n" };
	struct bk_buf b = {0};
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		b.len = 0;
		add_file(&b, "x", 'x', headers[i], strlen(headers[i]));
		add_file(&b, "f", '0', "abc", 3);
		is_int(verify_code(bk_check_tar, b.data, b.len, 65536),
		    BK_DATA, "an odd pax header, and no end");
	}
	bk_buf_free(&b);
}

static void
test_starved(const struct bk_buf *whole)
{
	struct bk_buf b = {0};

	starve_all("a base backup", judge_job, &(struct starved){
	    bk_check_tar, whole->data, whole->len, BK_OK });
	make_wal_with(&b, OTHER_CONTROL, "START WAL LOCATION: 0/100028 (file "
	    "000000010000000000000001)\n", "base/1/INCREMENTAL.1259");
	starve("one with wrong WAL", STARVE_MEMORY, judge_job,
	    &(struct starved){ bk_check_tar, b.data, b.len, BK_DATA });
	bk_buf_free(&b);
}

int
main(void)
{
	struct bk_buf b = {0};

	is_int(bk_crc32c(0, "123456789", 9), 0xe3069283, "CRC-32C");
	is_int(bk_crc32c(bk_crc32c(0, "1234", 4), "56789", 5), 0xe3069283,
	    "CRC-32C in two pieces");
	make(&b, 1, 0);
	test_whole(&b);
	test_cuts(&b);
	test_flips(&b);
	test_files();
	test_wal();
	test_label();
	test_order();
	test_odd();
	test_hostile();
	test_pax();
	test_starved(&b);
	is_int(e.code, BK_OK, "nothing failed on the way");
	bk_buf_free(&b);
	return tap_done();
}
