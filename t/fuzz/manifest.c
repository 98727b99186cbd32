/*
 * A backup_manifest, whole and in pieces, as it is and with the right checksum
 * of its own; what is taken is a JSON document with as many files.
 */
#include "fuzz.h"

#include <jansson.h>
#include <openssl/sha.h>

#include "base/hex.h"
#include "datadir/backup_manifest.h"

#define SUM_LINE "\"Manifest-Checksum\": \""

static int
on_file(void *ctx, const struct bk_manifest_file *f, struct bk_err *e)
{
	(void)e;
	CHECK(*f->path != '\0');
	CHECK(f->algorithm <= BK_SUM_SHA512);
	++*(size_t *)ctx;
	return 0;
}

static int
on_wal(void *ctx, const struct bk_manifest_wal *w, struct bk_err *e)
{
	(void)ctx, (void)e;
	CHECK(w->timeline > 0);
	return 0;
}

static int
feed(const uint8_t *p, size_t n, size_t most, size_t *files)
{
	struct bk_manifest_handler h = { on_file, on_wal, files };
	struct bk_manifest_summary s;
	struct bk_err e = {0};
	struct bk_backup_manifest *m = bk_backup_manifest_open("fuzz", &h, &e);
	size_t at, step;
	int rc = 0;

	CHECK(m != NULL);
	for (at = 0; at < n && rc == 0; at += step) {
		step = 1 + fuzz_pick(most);
		if (step > n - at)
			step = n - at;
		rc = bk_backup_manifest_feed(m, p + at, step, &e);
	}
	if (rc == 0)
		rc = bk_backup_manifest_end(m, &s, &e);
	fuzz_agree(rc, &e);
	CHECK(rc == -1 || s.files == *files);
	bk_backup_manifest_free(m);
	return rc;
}

static void
check(const uint8_t *p, size_t n)
{
	size_t files = 0, again = 0;
	int rc = feed(p, n, n + 1, &files);
	json_t *doc;

	CHECK(feed(p, n, 9, &again) == rc && (rc != 0 || files == again));
	if (rc != 0)
		return;
	/* a system identifier has 64 bits, jansson's integers 63 */
	doc = json_loadb((const char *)p, n, JSON_DECODE_INT_AS_REAL, NULL);
	CHECK(doc != NULL);
	CHECK(json_array_size(json_object_get(doc, "Files")) == files);
	json_decref(doc);
}

FUZZ(160 << 10, 80)
{
	uint8_t sum[SHA256_DIGEST_LENGTH];
	struct bk_buf b = {0};
	struct bk_err e = {0};
	char hex[2 * SHA256_DIGEST_LENGTH + 1], *at, *line;

	check(p, n);
	CHECK(bk_buf_add(&b, p, n, &e) == 0);
	if (b.data != NULL && strlen(b.data) == n &&
	    (at = strstr(b.data, SUM_LINE)) != NULL) {
		for (line = at; line > b.data && line[-1] != '\n'; line--)
			continue;
		at += sizeof(SUM_LINE) - 1;
		(void)SHA256((uint8_t *)b.data, (size_t)(line - b.data), sum);
		bk_hex(sum, sizeof(sum), hex);
		if (strlen(at) >= strlen(hex)) {
			memcpy(at, hex, strlen(hex));
			check((uint8_t *)b.data, b.len);
		}
	}
	bk_buf_free(&b);
}
