#include "job/job.h"

#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/trusted.h"

#define JOB_MAX (64 * 1024)
#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789-_."

static int
take_name(const char *from, size_t n, char to[BK_JOB_NAME])
{
	if (n == 0 || n >= BK_JOB_NAME || *from == '.' ||
	    strspn(from, NAME_CHARS) < n)
		return -1;
	memcpy(to, from, n);
	to[n] = '\0';
	return 0;
}

int
bk_job_split(const char *spec, char job[BK_JOB_NAME], char name[BK_JOB_NAME],
    struct bk_err *e)
{
	size_t n = strcspn(spec, "@");

	if (spec[n] == '@' && take_name(spec, n, job) == 0 &&
	    take_name(spec + n + 1, strlen(spec + n + 1), name) == 0)
		return 0;
	return bk_fail(e, BK_USAGE, "%s: not JOB@NAME: each of letters, "
	    "digits, '-', '_' and '.'", spec);
}

int
bk_job_has_commands(const char *text)
{
	const char *line;

	for (line = text; *line != '\0'; line += strspn(line, "\n")) {
		line += strspn(line, " \t\r");
		if (*line != '#' && *line != '\n' && *line != '\0')
			return 1;
		line += strcspn(line, "\n");
	}
	return 0;
}

static int
read_file(int fd, const char *path, struct bk_buf *text, struct bk_err *e)
{
	ssize_t n;

	if (bk_buf_reserve(text, JOB_MAX + 1, e) == -1 ||
	    (n = bk_io_read(fd, text->data, JOB_MAX + 1, path, e)) == -1)
		return -1;
	text->len = (size_t)n;
	text->data[n] = '\0';
	if (n > JOB_MAX)
		return bk_fail(e, BK_DATA, "%s: longer than %d bytes", path,
		    JOB_MAX);
	return memchr(text->data, '\0', text->len) == NULL ? 0 :
	    bk_fail(e, BK_DATA, "%s: has a NUL byte", path);
}

int
bk_job_read(const char *path, struct bk_buf *text, struct bk_err *e)
{
	int fd, rc = bk_trusted_exists(path, e);

	if (rc == 0)
		return bk_fail(e, BK_USAGE, "%s: no such file", path);
	if (rc == -1 || (fd = bk_trusted_open(path, e)) == -1)
		return -1;
	rc = read_file(fd, path, text, e);
	close(fd);
	return rc;
}

int
bk_job_load(const char *const dirs[], const char *job, struct bk_buf *text,
    struct bk_err *e)
{
	struct bk_buf path = {0};
	int found = 0, rc = 0;
	size_t i;

	for (i = 0; rc == 0 && !found && dirs[i] != NULL; i++) {
		path.len = 0;
		if ((rc = bk_buf_printf(&path, e, "%s/%s", dirs[i], job)) == 0)
			found = rc = bk_trusted_exists(path.data, e);
		if (found == 1)
			rc = bk_job_read(path.data, text, e);
	}
	if (rc == 0 && !found)
		rc = bk_fail(e, BK_USAGE, "%s: no such job; it would be %s/%s",
		    job, dirs[0], job);
	else if (rc == 0 && !bk_job_has_commands(text->data))
		rc = bk_fail(e, BK_DATA, "%s: has no pipeline in it",
		    path.data);
	bk_buf_free(&path);
	return rc;
}
