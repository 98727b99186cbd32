#ifndef BK_T_UNIT_BASE_TAR_H
#define BK_T_UNIT_BASE_TAR_H
/* Base backups of a few files, right or wrong, in memory. */
#include <stdio.h>
#include <string.h>

#include "archive/archive.h"
#include "base/buf.h"
#include "base/hex.h"
#include "datadir/file_sum.h"
#include "json/json_write.h"

struct base_tar {
	struct bk_buf tar, manifest;
	int files;		/* listed */
	enum bk_sum algorithm;
	struct bk_err e;
};

__attribute__((unused)) static void
tar_header(struct base_tar *b, const char *name, char type, size_t size,
    const char *link, unsigned mode)
{
	char h[512] = "";
	unsigned sum = 0;
	size_t i;

	(void)snprintf(h, 100, "%s", name);
	(void)snprintf(h + 100, 8, "%07o", mode);
	(void)snprintf(h + 124, 12, "%011zo", size);
	(void)snprintf(h + 136, 12, "%011o", 1700000000u);
	h[156] = type;
	(void)snprintf(h + 157, 100, "%s", link);
	memcpy(h + 257, "ustar\0" "00", 8);
	memset(h + 148, ' ', 8);
	for (i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum);
	bk_buf_add(&b->tar, h, sizeof(h), &b->e);
}

__attribute__((unused)) static void
tar_data(struct base_tar *b, const void *p, size_t n)
{
	static const char zeros[512];

	bk_buf_add(&b->tar, p, n, &b->e);
	bk_buf_add(&b->tar, zeros, (512 - n % 512) % 512, &b->e);
}

__attribute__((unused)) static void
tar_dir(struct base_tar *b, const char *path)
{
	tar_header(b, path, '5', 0, "", 0700);
}

__attribute__((unused)) static void
tar_list(struct base_tar *b, const char *path, const void *p, size_t n)
{
	struct bk_file_sum sum = {0};
	uint8_t bytes[BK_SUM_MAX];
	char hex[2 * BK_SUM_MAX + 1];

	bk_file_sum_start(&sum, b->algorithm, &b->e);
	bk_file_sum_update(&sum, p, n, &b->e);
	bk_file_sum_final(&sum, bytes, &b->e);
	bk_file_sum_free(&sum);
	bk_hex(bytes, bk_sum_len(b->algorithm), hex);
	bk_buf_printf(&b->manifest, &b->e, "%s{ \"Path\": ",
	    b->files++ == 0 ? "" : ",\n");
	bk_json_string(&b->manifest, path, &b->e);
	bk_buf_printf(&b->manifest, &b->e, ", \"Size\": %zu, "
	    "\"Last-Modified\": \"\", \"Checksum-Algorithm\": \"%s\", "
	    "\"Checksum\": \"%s\" }", n, bk_sum_name(b->algorithm), hex);
}

/* A file, which the manifest lists. */
__attribute__((unused)) static void
tar_file(struct base_tar *b, const char *path, const void *p, size_t n)
{
	tar_header(b, path, '0', n, "", 0600);
	tar_data(b, p, n);
	tar_list(b, path, p, n);
}

__attribute__((unused)) static void
tar_begin_of(struct base_tar *b, const char *sysid)
{
	*b = (struct base_tar){ .algorithm = BK_SUM_CRC32C };
	bk_buf_printf(&b->manifest, &b->e,
	    "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n"
	    "\"System-Identifier\": %s,\n\"Files\": [\n", sysid);
}

__attribute__((unused)) static void
tar_begin(struct base_tar *b)
{
	tar_begin_of(b, "7000000000000000001");
}

/* Without the end marker. */
__attribute__((unused)) static void
tar_manifest(struct base_tar *b)
{
	struct bk_file_sum sum = {0};
	uint8_t bytes[BK_SUM_MAX];
	char hex[65];

	bk_buf_puts(&b->manifest, "\n],\n\"WAL-Ranges\": [\n{ \"Timeline\": "
	    "1, \"Start-LSN\": \"0/2000028\", \"End-LSN\": \"0/2000100\" }\n"
	    "],\n", &b->e);
	bk_file_sum_start(&sum, BK_SUM_SHA256, &b->e);
	bk_file_sum_update(&sum, b->manifest.data, b->manifest.len, &b->e);
	bk_file_sum_final(&sum, bytes, &b->e);
	bk_file_sum_free(&sum);
	bk_hex(bytes, 32, hex);
	bk_buf_printf(&b->manifest, &b->e,
	    "\"Manifest-Checksum\": \"%s\"}\n", hex);
	tar_header(b, "backup_manifest", '0', b->manifest.len, "", 0600);
	tar_data(b, b->manifest.data, b->manifest.len);
}

__attribute__((unused)) static void
tar_end(struct base_tar *b)
{
	static const char zeros[1024];

	bk_buf_add(&b->tar, zeros, sizeof(zeros), &b->e);
}

__attribute__((unused)) static void
tar_free(struct base_tar *b)
{
	bk_buf_free(&b->tar);
	bk_buf_free(&b->manifest);
}

struct memory {			/* to be read as a bk_source */
	const char *p;
	size_t n;
};

__attribute__((unused)) static ssize_t
memory_read(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct memory *m = ctx;

	(void)e;
	if (n > 70000)		/* as from a pipe */
		n = 70000;
	if (n > m->n)
		n = m->n;
	memcpy(buf, m->p, n);
	m->p += n;
	m->n -= n;
	return (ssize_t)n;
}

#endif
