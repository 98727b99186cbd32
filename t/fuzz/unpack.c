/*
 * A base backup unpacked into a directory, with the checksums of its tar's
 * headers put right: nothing is made beside that directory, and what was not
 * committed leaves nothing.
 */
#include "fuzz.h"

#include <sys/stat.h>

#include <dirent.h>
#include <stdio.h>

#include "datadir/datadir.h"

/* Names in the directory that is for this. */
static size_t
count(void)
{
	DIR *d = opendir(fuzz_dir());
	struct dirent *entry;
	size_t n = 0;

	CHECK(d != NULL);
	while ((entry = readdir(d)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

/* One thread's buffers, of 1 MiB, and a table of files. */
FUZZ(3 << 20, 200)
{
	char dir[64];
	struct bk_datadir_options o = { .dir = dir, .in_place = 1,
	    .threads = 1 };
	uint8_t *copy = malloc(n + 1);
	struct fuzz_left left = { copy, n };
	struct bk_err e = {0};
	struct bk_datadir *d;
	const struct bk_datadir_summary *s;
	size_t before = count();
	int rc;

	(void)snprintf(dir, sizeof(dir), "%s/data", fuzz_dir());
	CHECK(copy != NULL);
	memcpy(copy, p, n);
	fuzz_tar(copy, n);
	CHECK((d = bk_datadir_open(&o, &e)) != NULL);
	rc = bk_datadir_unpack(d, (struct bk_source){ fuzz_source, &left },
	    "fuzz", &e);
	fuzz_agree(rc, &e);
	CHECK(count() == before + 1);
	s = bk_datadir_summary(d);
	CHECK(rc == -1 || (s->major > 0 && s->files > 0));
	CHECK(s->bytes <= n);
	bk_datadir_free(d);
	CHECK(count() == before);
	free(copy);
}
