/* Base backups: paths, warnings of pages, files and the manifest. */
#include <openssl/sha.h>

#include "base/hex.h"
#include "tap.h"
#include "basebackup/base_copy.h"
#include "basebackup/base_files.h"
#include "basebackup/base_pages.h"

#define SEGMENT (UINT64_C(16) << 20)

static struct bk_err e;

static void
test_paths(void)
{
	static const char *const good[] = { "PG_VERSION", "base/1/1255",
	    "a b", "..a", "a..", ".hidden/x", "\377\376" };
	static const char *const bad[] = { "", "/", "/etc/passwd", "..", ".",
	    "../x", "a/../b", "a/..", "a//b", "a/", "./a", "a/./b" };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ok(bk_base_path_is_safe(good[i]), "a path: %s", good[i]);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!bk_base_path_is_safe(bad[i]), "none: %s", bad[i]);
}

static void
test_pages(void)
{
	static const char *const others[] = {
		"file \"./base/5/1\" has a total of 7 checksum verification "
		    "failures",
		"further checksum verification failures in file "
		    "\"./base/5/1\" will not be reported",
		"7 total checksum verification failures",
		/* Russian: how many there are in all in the file ... */
		"\320\262\321\201\320\265\320\263\320\276 \320\262 "
		    "\"./base/5/1\" \320\276\321\210\320\270\320\261: 7",
		"WAL archiving is not enabled",
	};
	struct bk_base_pages p = {0};
	char item[128];
	size_t i;

	ok(bk_base_pages_note(&p, "checksum verification failed in file "
	    "\"./base/5/16384\", block 3: calculated 1F2E but expected 3D4C"),
	    "English");
	ok(bk_base_pages_note(&p, "Pr\303\274fsummenpr\303\274fung "
	    "fehlgeschlagen in Datei \302\273./global/1260.1\302\253, Block "
	    "131073: berechnet 1F2E, erwartet 3D4C"), "German");
	ok(bk_base_pages_note(&p, "checksum verification failed in file "
	    "\"pg_tblspc/16385/PG_15_202209061/5/1\", block 0: ..."),
	    "a tablespace's");
	is_str(p.text, "base/5/16384 block 3, global/1260.1 block 131073, "
	    "pg_tblspc/16385/PG_15_202209061/5/1 block 0", "what is kept");
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		ok(!bk_base_pages_note(&p, others[i]), "no page: %s",
		    others[i]);
	is_int((intmax_t)p.count, 3, "three");
	for (i = 0; i < 1000; i++) {
		(void)snprintf(item, sizeof(item), "x \"base/5/%zu\", 1: x",
		    i);
		(void)bk_base_pages_note(&p, item);
	}
	is_int((intmax_t)p.count, 1003, "many");
	ok(strlen(p.text) < sizeof(p.text) &&
	    strcmp(p.text + strlen(p.text) - 5, ", ...") == 0,
	    "only what there is room for");
}

static void
add(struct bk_file_table *t, const char *path, uint64_t size)
{
	struct bk_file_sum sum = {0};

	(void)bk_file_sum_start(&sum, BK_SUM_CRC32C, &e);
	(void)bk_file_table_add(t, path, size, &sum, 1, &e);
	bk_file_sum_free(&sum);
}

/* A manifest of an empty file "a" and of this range, with its own sum. */
static void
manifest(struct bk_buf *m, const char *algorithm, const char *range)
{
	uint8_t sum[SHA256_DIGEST_LENGTH];
	char hex[2 * sizeof(sum) + 1];

	(void)bk_buf_printf(m, &e, "{ \"PostgreSQL-Backup-Manifest-Version\": "
	    "2,\n\"System-Identifier\": 7,\n\"Files\": [\n{ \"Path\": \"a\", "
	    "\"Size\": 0, \"Last-Modified\": \"\"%s }\n],\n\"WAL-Ranges\": [\n"
	    "%s\n],\n", algorithm, range);
	SHA256((const unsigned char *)m->data, m->len, sum);
	bk_hex(sum, sizeof(sum), hex);
	(void)bk_buf_printf(m, &e, "\"Manifest-Checksum\": \"%s\"}\n", hex);
}

#define CRC ", \"Checksum-Algorithm\": \"CRC32C\", \"Checksum\": \"00000000\""
#define RANGE "{ \"Timeline\": 1, \"Start-LSN\": \"0/2000028\", " \
	"\"End-LSN\": \"0/3000100\" }"
#define WAL2 "pg_wal/000000010000000000000002"
#define WAL3 "pg_wal/000000010000000000000003"

/* files: names, those of WAL whole; "" is NULL's stead.  want: of the error. */
static void
check(const char *const files[], const char *algorithm, const char *range,
    const struct bk_base_range *r, const char *want, const char *what)
{
	struct bk_file_table *t = bk_file_table_new(&e);
	struct bk_buf m = {0};
	int rc;

	for (; *files != NULL; files++)
		add(t, *files, strncmp(*files, "pg_wal/", 7) == 0 ? SEGMENT :
		    0);
	manifest(&m, algorithm, range);
	e = (struct bk_err){0};
	rc = bk_base_files_check(t, m.data, m.len, r, &e);
	if (!ok(want == NULL ? rc == 0 : rc == -1 && e.code == BK_DATA &&
	    strstr(e.msg, want) != NULL, "%s", what))
		printf("# %d %s\n", rc, e.msg);
	bk_buf_free(&m);
	bk_file_table_free(t);
}

static void
test_files(void)
{
	struct bk_base_range r = { .sysid = "7", .start = 0x2000028,
	    .end = 0x3000100, .segment = SEGMENT };
	struct bk_base_range other = r, bare = r;
	const char *const all[] = { "a", WAL2, WAL3, NULL };
	const char *const later[] = { "a", WAL2,
	    "pg_wal/000000020000000000000003", NULL };

	check(all, CRC, RANGE, &r, NULL, "what belongs together");
	check((const char *const[]){ WAL2, WAL3, NULL }, CRC, RANGE, &r,
	    "a: the manifest has", "a file did not come");
	check((const char *const[]){ "a", "b", WAL2, WAL3, NULL }, CRC, RANGE,
	    &r, "b: the server sent it twice", "a file too many");
	check((const char *const[]){ "a", "a", WAL2, WAL3, NULL }, CRC, RANGE,
	    &r, "a: the server sent it twice", "a file came twice");
	check((const char *const[]){ "a", WAL2, NULL }, CRC, RANGE, &r,
	    "WAL from 0/3000000 on", "the last segment is missing");
	check((const char *const[]){ "a", WAL3, NULL }, CRC, RANGE, &r,
	    "WAL from 0/2000000 on", "the first segment is missing");
	check(later, CRC, RANGE, &r, NULL, "the last of a later timeline");
	check(all, "", RANGE, &r, "a: no CRC32C", "no checksum");
	other.end = 0x3000200;
	check(all, CRC, RANGE, &other, "its WAL is not", "another end");
	other = r;
	other.sysid = "8";
	check(all, CRC, RANGE, &other, "another cluster", "another cluster");
	bare.segment = 0;
	check((const char *const[]){ "a", NULL }, CRC, RANGE, &bare, NULL,
	    "without WAL");
	check(all, CRC, "{ \"Timeline\": 1, \"Start-LSN\": \"0/3000100\", "
	    "\"End-LSN\": \"0/2000028\" }", &r, "malformed range", "backwards");
	check(all, CRC, "{ \"Timeline\": 1, \"Start-LSN\": \"0/2000028\", "
	    "\"End-LSN\": \"FFFFFFFF/FFFFFFFF\" }", &r, "WAL from 0/4000000",
	    "all WAL there is");
}

int
main(void)
{
	test_paths();
	test_pages();
	test_files();
	return tap_done();
}
