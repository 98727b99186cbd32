#include "textfile.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "io.h"

int
textfile_label(struct bk_buf *b, const char *name, const char *value,
    struct bk_err *e)
{
	size_t n;
	int rc = bk_buf_printf(b, e, "%s=\"", name);

	for (; rc == 0 && *value != '\0'; value += n) {
		n = bk_utf8_len(value);
		if (n == 0) {
			rc = bk_buf_puts(b, "\xef\xbf\xbd", e);
			n = 1;
		} else if (*value == '\n')
			rc = bk_buf_puts(b, "\\n", e);
		else if (*value == '"' || *value == '\\')
			rc = bk_buf_printf(b, e, "\\%c", *value);
		else
			rc = bk_buf_add(b, value, n, e);
	}
	return rc == -1 ? -1 : bk_buf_puts(b, "\"", e);
}

int
textfile_head(struct bk_buf *b, const char *name, const char *type,
    const char *help, struct bk_err *e)
{
	return bk_buf_printf(b, e, "# HELP %s %s\n# TYPE %s %s\n", name, help,
	    name, type);
}

int
textfile_store(const char *path, const struct bk_buf *text, struct bk_err *e)
{
	struct bk_buf temp = {0};
	int fd = -1, rc = -1;

	/* in the same directory; the collector reads *.prom only */
	if (bk_buf_printf(&temp, e, "%s.%ld", path, (long)getpid()) == -1)
		goto done;
	(void)unlink(temp.data);	/* of a process that was killed */
	fd = open(temp.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd == -1) {
		bk_fail_errno(e, "%s: create", path);
		goto done;
	}
	if (bk_io_write(fd, text->data, text->len, path, e) == 0) {
		if (fchmod(fd, 0644) == -1)	/* whatever the umask */
			bk_fail_errno(e, "%s: chmod", path);
		else
			rc = 0;
	}
	if (bk_io_close(fd, path, e) == -1)
		rc = -1;
	if (rc == 0 && rename(temp.data, path) == -1)
		rc = bk_fail_errno(e, "%s: rename", path);
	if (rc == -1)
		(void)unlink(temp.data);
 done:
	bk_buf_free(&temp);
	return rc;
}
