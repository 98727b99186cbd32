/*
 * What a server answers to BASE_BACKUP, in both shapes of the protocol, up to
 * the tar that bk-base makes of it: support/answers.h says how answers stand in
 * the input.
 */
#include "fuzz.h"

#include "archive/tar.h"
#include "basebackup/base_copy.h"
#include "support/answers.h"

static int
copy(struct bk_reader *in, struct bk_writer *out, void *ctx, struct bk_err *e)
{
	struct bk_base_start start;
	struct bk_base_stream *s = bk_base_stream_open(NULL, "BASE_BACKUP",
	    &start, e);
	struct bk_buf manifest = {0};
	struct bk_base_copy c = { .in = s, .manifest = &manifest,
	    .sysid = "7001" };
	struct bk_progress progress = {0};
	uint64_t end = 0;
	int rc = -1;

	(void)in, (void)ctx;
	c.progress = &progress;
	if (s != NULL && (c.out = bk_tar_write_open(out, NULL, e)) != NULL &&
	    (c.files = bk_file_table_new(e)) != NULL &&
	    bk_base_copy_run(&c, e) == 0 &&
	    bk_base_stream_end(s, &end, e) != -1) {
		struct bk_tar_trailer t = { .end = end };

		rc = bk_tar_write_end(c.out, &t, e);
	}
	bk_file_table_free(c.files);
	bk_tar_write_free(c.out);
	bk_base_stream_free(s);
	bk_buf_free(&manifest);
	return rc;
}

/* What was made is a tar that we read ourselves, and no path leaves it. */
static void
read_back(const struct fuzz_made *m)
{
	struct fuzz_left left = { m->p, m->n };
	struct bk_tar_entry entry;
	struct bk_err e = {0};
	struct bk_tar *t = bk_tar_open((struct bk_source){ fuzz_source, &left },
	    "fuzz", &e);
	int rc;

	while ((rc = bk_tar_next(t, &entry, &e)) == 1) {
		CHECK(*entry.path != '/' && *entry.path != '\0');
		CHECK(strncmp(entry.path, "../", 3) != 0 &&
		    strstr(entry.path, "/../") == NULL);
	}
	CHECK(rc == 0);
	bk_tar_free(t);
}

FUZZ(512 << 10, 40)
{
	struct fuzz_made m;

	answers_are(p, n);
	m = fuzz_run(p, n, 0, copy, NULL);
	answers_are(NULL, 0);
	if (m.rc == 0)
		read_back(&m);
}
