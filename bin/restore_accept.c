/* Failures that are passed by, see restore_accept.h. */
#include "restore_accept.h"

#include <unistd.h>

#include "base/io.h"

#define FILE_MAX ((size_t)16 << 20)

static struct bk_buf accepted;
static int have_accepted;

int
accept_read(const char *path, struct bk_err *e)
{
	have_accepted = path != NULL;
	return path == NULL ? 0 : bk_io_slurp(path, FILE_MAX, &accepted, e);
}

int
accept_judge(const struct bk_failures *f, const char *database,
    struct bk_err *e)
{
	if (f->n == 0)
		return 0;
	if (bk_io_write(STDOUT_FILENO, f->lines.data, f->lines.len,
	    "standard output", e) == -1)
		return -1;
	if (have_accepted)
		return bk_failures_accept(f, accepted.data, e);
	return bk_fail(e, BK_FAIL, "database \"%s\": %d statement%s failed "
	    "(see standard output), so the database was not replaced; to "
	    "accept these failures, save the lines and use --accept FILE",
	    database,
	    f->n, f->n == 1 ? "" : "s");
}

void
accept_free(void)
{
	bk_buf_free(&accepted);
}
