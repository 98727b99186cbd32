/* Base backups (check.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "archive/crc32c.h"
#include "archive/tar.h"
#include "base/hex.h"
#include "verify/check.h"

#define MANIFEST "backup_manifest"
#define MANIFEST_MAX (1024u * 1024 * 1024)
#define LAST_LINE "\"Manifest-Checksum\""
#define SHA_LEN 32

struct file {
	char *path;
	uint64_t size;
	uint32_t crc;
	uint8_t sha[SHA_LEN];
	int listed;		/* in the manifest */
};

struct check {
	const char *name;
	struct bk_verdict *v;
	struct bk_progress *progress;
	struct bk_tar *tar;
	struct file *file;	/* sorted by path once all are read */
	size_t n, cap;
	struct bk_buf manifest;
	struct bk_buf version;	/* PG_VERSION */
	EVP_MD_CTX *sha;
	json_t *json;
	char buf[256 * 1024];
};

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path,
	    ((const struct file *)b)->path);
}

/* Room for one more file, zeroed; NULL with *e set. */
static struct file *
add_file(struct check *c, const char *path, struct bk_err *e)
{
	struct file *more;
	size_t cap = c->cap == 0 ? 256 : c->cap * 2;

	if (c->n == c->cap) {
		if ((more = realloc(c->file, cap * sizeof(*more))) == NULL) {
			bk_fail_memory(e);
			return NULL;
		}
		c->file = more;
		c->cap = cap;
	}
	c->file[c->n] = (struct file){ .path = strdup(path) };
	if (c->file[c->n].path == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	return &c->file[c->n++];
}

/* Checksum one file's data, and append it to keep unless that is NULL. */
static int
read_file(struct check *c, struct file *f, struct bk_buf *keep,
    struct bk_err *e)
{
	ssize_t n;

	if (EVP_DigestInit_ex(c->sha, EVP_sha256(), NULL) != 1)
		return bk_fail(e, BK_FAIL, "libcrypto: no SHA-256");
	while ((n = bk_tar_data(c->tar, c->buf, sizeof(c->buf), e)) > 0) {
		f->size += (uint64_t)n;
		f->crc = bk_crc32c(f->crc, c->buf, (size_t)n);
		if (EVP_DigestUpdate(c->sha, c->buf, (size_t)n) != 1)
			return bk_fail(e, BK_FAIL, "libcrypto: SHA-256");
		if (keep != NULL && keep->len + (size_t)n > MANIFEST_MAX)
			return bk_fail(e, BK_DATA, "%s: damaged: a manifest of "
			    "more than 1 GiB", c->name);
		if (keep != NULL && bk_buf_add(keep, c->buf, (size_t)n, e) ==
		    -1)
			return -1;
		if (c->progress != NULL)
			c->progress->bytes += (uint64_t)n;
	}
	if (n == 0 && EVP_DigestFinal_ex(c->sha, f->sha, NULL) != 1)
		return bk_fail(e, BK_FAIL, "libcrypto: SHA-256");
	return (int)n;
}

static int
read_files(struct check *c, struct bk_err *e)
{
	struct bk_tar_entry entry;
	struct bk_buf *keep;
	struct file *f;
	const char *path;
	int r;

	while ((r = bk_tar_next(c->tar, &entry, e)) == 1) {
		if (entry.type != '0' && entry.type != '7')
			continue;
		path = entry.path;
		if (strncmp(path, "./", 2) == 0)
			path += 2;
		keep = strcmp(path, MANIFEST) == 0 ? &c->manifest :
		    strcmp(path, "PG_VERSION") == 0 ? &c->version : NULL;
		if (keep == &c->manifest)
			c->v->time = entry.mtime;
		if ((f = add_file(c, path, e)) == NULL ||
		    read_file(c, f, keep, e) == -1)
			return -1;
		c->v->bytes += f->size;
	}
	if (r == 0 && c->n > 0)
		qsort(c->file, c->n, sizeof(*c->file), by_path);
	c->v->files = c->n;
	return r;
}

/* PostgreSQL writes a CRC as it is in memory: least significant byte first. */
static void
crc_to_hex(uint32_t crc, char *out)
{
	const uint8_t b[4] = { (uint8_t)crc, (uint8_t)(crc >> 8),
	    (uint8_t)(crc >> 16), (uint8_t)(crc >> 24) };

	bk_hex(b, sizeof(b), out);
}

static const char *
string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* Decode a path that is not UTF-8, hex in the manifest.  0 or -1. */
static int
decode_path(const char *hex, struct bk_buf *out, struct bk_err *e)
{
	uint8_t byte;

	for (; bk_hex_bytes(hex, 1, &byte) == 0; hex += 2)
		if (bk_buf_add(out, &byte, 1, e) == -1)
			return -1;
	return *hex == '\0' ? 0 : bk_fail(e, BK_DATA, "a path that is not hex");
}

static int
checksum_differs(struct check *c, const struct file *f, const json_t *entry,
    struct bk_err *e)
{
	const char *algorithm = string(entry, "Checksum-Algorithm");
	const char *listed = string(entry, "Checksum");
	char got[2 * SHA_LEN + 1];

	if (algorithm == NULL || strcmp(algorithm, "NONE") == 0)
		return 0;
	if (strcmp(algorithm, "CRC32C") == 0)
		crc_to_hex(f->crc, got);
	else if (strcmp(algorithm, "SHA256") == 0)
		bk_hex(f->sha, SHA_LEN, got);
	else
		return bk_fail(e, BK_FAIL, "%s: checksums are %s; CRC32C and "
		    "SHA256 can be checked in a stream, others by "
		    "pg_verifybackup", c->name, algorithm);
	if (listed != NULL && strcmp(listed, got) == 0)
		return 0;
	return bk_verdict_differs(c->v, listed == NULL ? "" : listed, got, e,
	    "%s: %s", f->path, algorithm);
}

static int
check_entry(struct check *c, const char *path, const json_t *entry,
    struct bk_err *e)
{
	struct file key = { .path = (char *)(uintptr_t)path }, *f;
	uint64_t size = (uint64_t)json_integer_value(
	    json_object_get(entry, "Size"));
	char want[32], got[32];

	f = c->n == 0 ? NULL :
	    bsearch(&key, c->file, c->n, sizeof(*f), by_path);
	if (f == NULL)
		return bk_verdict_differs(c->v, "a file", "none", e, "%s",
		    path);
	f->listed = 1;
	/* pg_basebackup -R writes to it afterwards */
	if (strcmp(path, "postgresql.auto.conf") == 0)
		return 0;
	if (f->size == size)
		return checksum_differs(c, f, entry, e);
	(void)snprintf(want, sizeof(want), "%" PRIu64 " bytes", size);
	(void)snprintf(got, sizeof(got), "%" PRIu64 " bytes", f->size);
	return bk_verdict_differs(c->v, want, got, e, "%s", path);
}

static int
check_entries(struct check *c, struct bk_err *e)
{
	const json_t *files = json_object_get(c->json, "Files");
	struct bk_buf decoded = {0};
	const char *path, *hex;
	size_t i;
	int rc = 0;

	if (!json_is_array(files))
		return bk_fail(e, BK_DATA, "%s: damaged: a manifest without "
		    "a list of files", c->name);
	for (i = 0; rc == 0 && i < json_array_size(files); i++) {
		const json_t *entry = json_array_get(files, i);

		path = string(entry, "Path");
		decoded.len = 0;
		if (path == NULL && (hex = string(entry, "Encoded-Path")) !=
		    NULL && (rc = decode_path(hex, &decoded, e)) == 0)
			path = decoded.data;
		if (rc == 0 && path == NULL)
			rc = bk_fail(e, BK_DATA, "%s: damaged: a file without "
			    "a path in the manifest", c->name);
		if (rc == 0)
			rc = check_entry(c, path, entry, e);
	}
	bk_buf_free(&decoded);
	return rc;
}

/* Files that need not be in the manifest, as in pg_verifybackup. */
static int
may_be_extra(const char *path)
{
	static const char *const extras[] = { MANIFEST, "standby.signal",
	    "recovery.signal", "postgresql.auto.conf" };
	size_t i;

	for (i = 0; i < sizeof(extras) / sizeof(extras[0]); i++)
		if (strcmp(path, extras[i]) == 0)
			return 1;
	return strncmp(path, "pg_wal/", 7) == 0;
}

static int
check_extras(struct check *c, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		const struct file *f = &c->file[i];

		if (i > 0 && strcmp(f->path, c->file[i - 1].path) == 0 &&
		    bk_verdict_differs(c->v, "one file", "two", e, "%s",
		    f->path) == -1)
			return -1;
		if (!f->listed && !may_be_extra(f->path) &&
		    bk_verdict_differs(c->v, "none", "a file", e, "%s",
		    f->path) == -1)
			return -1;
	}
	return 0;
}

/* The manifest's last line has the SHA-256 of all before it. */
static int
check_manifest_sum(struct check *c, struct bk_err *e)
{
	const char *listed = string(c->json, "Manifest-Checksum");
	const char *text = c->manifest.data, *line = NULL, *p;
	uint8_t sum[EVP_MAX_MD_SIZE];
	char got[2 * EVP_MAX_MD_SIZE + 1];
	struct bk_digest d = {0};
	unsigned n;

	for (p = text; (p = strstr(p, LAST_LINE)) != NULL; p++)
		line = p;
	if (listed == NULL || line == NULL)
		return bk_fail(e, BK_DATA, "%s: damaged: a manifest without "
		    "its checksum", c->name);
	if (EVP_Digest(text, (size_t)(line - text), sum, &n, EVP_sha256(),
	    NULL) != 1)
		return bk_fail(e, BK_FAIL, "libcrypto: SHA-256");
	bk_hex(sum, n, got);
	bk_digest_item(&d, text, c->manifest.len);
	bk_digest_format(&d, c->v->manifest);
	if (strcmp(listed, got) == 0)
		return 0;
	return bk_verdict_differs(c->v, listed, got, e, MANIFEST);
}

static int
has_file(const struct check *c, const char *path)
{
	const struct file key = { .path = (char *)(uintptr_t)path };

	return c->n > 0 && bsearch(&key, c->file, c->n, sizeof(*c->file),
	    by_path) != NULL;
}

/* pg_dump -Ft: the last thing that it writes is restore.sql. */
static int
check_pg_dump(struct check *c, struct bk_err *e)
{
	size_t i;

	c->v->kind = "tar of pg_dump";
	c->v->proof = "structure";
	c->v->time = 0;
	for (i = 0; i < c->n; i++)
		c->v->tables += c->file[i].path[0] >= '0' &&
		    c->file[i].path[0] <= '9';
	return has_file(c, "restore.sql") ? 0 : bk_verdict_differs(c->v,
	    "a file", "none", e, "restore.sql");
}

/* A tar that reached its end, and nothing to check its files against. */
static int
check_plain(struct check *c, struct bk_err *e)
{
	c->v->kind = "tar";
	c->v->proof = "seal";
	if (c->v->sealed)
		return 0;
	return bk_fail(e, BK_FAIL, "%s: a tar without " MANIFEST ", not "
	    "sealed: nothing to check its files against; put bk-seal before "
	    "the program that writes it, or make a base backup with bk-base",
	    c->name);
}

static int
check_manifest(struct check *c, struct bk_err *e)
{
	json_error_t error;

	if (c->manifest.len == 0)
		return has_file(c, "toc.dat") ? check_pg_dump(c, e) :
		    has_file(c, "PG_VERSION") ? bk_fail(e, BK_DATA, "%s: no "
		    MANIFEST " in this base backup: nothing to check it "
		    "against; make it with bk-base", c->name) :
		    check_plain(c, e);
	c->json = json_loadb(c->manifest.data, c->manifest.len, 0, &error);
	if (c->json == NULL)
		return bk_fail(e, BK_DATA, "%s: damaged: " MANIFEST ": line "
		    "%d: %s", c->name, error.line, error.text);
	if (check_manifest_sum(c, e) == -1 || check_entries(c, e) == -1 ||
	    check_extras(c, e) == -1)
		return -1;
	if (c->version.len > 0)
		c->version.data[strcspn(c->version.data, "\n")] = '\0';
	return bk_verdict_set(&c->v->server_version, c->version.data, e);
}

int
bk_check_tar(struct bk_source src, const char *name, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e)
{
	struct check *c = calloc(1, sizeof(*c));
	int rc = -1;
	size_t i;

	if (c == NULL)
		return bk_fail_memory(e);
	c->name = name;
	c->v = v;
	c->progress = progress;
	v->kind = "base backup";
	v->proof = "content";
	if ((c->sha = EVP_MD_CTX_new()) == NULL)
		bk_fail_memory(e);
	else if ((c->tar = bk_tar_open(src, name, e)) != NULL &&
	    read_files(c, e) == 0 && check_manifest(c, e) == 0)
		rc = bk_verdict_judge(v, name, e);
	for (i = 0; i < c->n; i++)
		free(c->file[i].path);
	free(c->file);
	json_decref(c->json);
	bk_buf_free(&c->manifest);
	bk_buf_free(&c->version);
	EVP_MD_CTX_free(c->sha);
	bk_tar_free(c->tar);
	free(c);
	return rc;
}
