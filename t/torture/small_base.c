/*
 * small_base: a base backup of a few files to standard output, as bk-base
 * writes it but small enough to be damaged at every bit.
 */
#include "../unit/base_tar.h"

#include <stdlib.h>
#include <unistd.h>

#include "archive/tar_write.h"

#define SYSID "7000000000000000001"

static struct bk_err e;

static void
add(struct bk_tar_writer *w, const char *path, const char *data, size_t n)
{
	struct bk_tar_entry_out entry = { .path = path, .type = '0',
	    .size = n, .mode = 0600, .mtime = 1700000000 };

	if (bk_tar_write_entry(w, &entry, &e) == -1 ||
	    bk_tar_write_data(w, data, n, &e) == -1)
		exit(1);
}

int
main(void)
{
	static const uint64_t sysid = 7000000000000000001;
	static const struct {
		const char *path, *data;
		size_t n;
	} file[] = { { "PG_VERSION", "15\n", 3 },
	    { "base/1/112", "a page of a table", 17 },
	    { "global/pg_control", (const char *)&sysid, sizeof(sysid) } };
	struct bk_label label = { .at = 1700000000, .timeline = 1,
	    .start = 0x2000028 };
	struct bk_tar_trailer trailer = { .end = 0x2000100 };
	struct base_tar b;
	struct bk_writer *out = bk_writer_open(STDOUT_FILENO, "output", &e);
	struct bk_tar_writer *w;
	size_t i;

	bk_label_set(&label, BK_LABEL_CLUSTER, SYSID);
	if (out == NULL || (w = bk_tar_write_open(out, &label, &e)) == NULL)
		return 1;
	tar_begin_of(&b, SYSID);
	for (i = 0; i < sizeof(file) / sizeof(file[0]); i++) {
		add(w, file[i].path, file[i].data, file[i].n);
		tar_list(&b, file[i].path, file[i].data, file[i].n);
	}
	tar_manifest(&b);
	add(w, "backup_manifest", b.manifest.data, b.manifest.len);
	if (bk_tar_write_end(w, &trailer, &e) == -1 ||
	    bk_writer_finish(out, &e) == -1)
		return 1;
	bk_tar_write_free(w);
	bk_writer_free(out);
	tar_free(&b);
	return 0;
}
