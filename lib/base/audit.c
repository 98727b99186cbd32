#include "audit.h"

#include <sys/utsname.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "buf.h"
#include "io.h"
#include "version.h"
#include "when.h"

/* ,"key":"value", or null where there is no value. */
static int
add_text(struct bk_buf *b, const char *key, const char *value,
    struct bk_err *e)
{
	if (bk_buf_printf(b, e, ",\"%s\":", key) == -1)
		return -1;
	return value == NULL ? bk_buf_puts(b, "null", e) :
	    bk_buf_json(b, value, e);
}

static int
add_user(struct bk_buf *b, struct bk_err *e)
{
	struct passwd pw, *found = NULL;
	char buf[4096], number[24];

	if (getpwuid_r(geteuid(), &pw, buf, sizeof(buf), &found) == 0 &&
	    found != NULL)
		return add_text(b, "user", pw.pw_name, e);
	(void)snprintf(number, sizeof(number), "%ju", (uintmax_t)geteuid());
	return add_text(b, "user", number, e);
}

static int
format_line(struct bk_buf *b, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e)
{
	char when[BK_WHEN_TEXT];
	struct utsname u;
	int failed = result->code != BK_OK;

	bk_when_format(a->ended, when);
	if (bk_buf_printf(b, e, "{\"timestamp\":\"%s\"", when) == -1 ||
	    add_text(b, "operation", a->operation, e) == -1 ||
	    add_text(b, "type", a->type, e) == -1 ||
	    add_text(b, "source", a->source, e) == -1 ||
	    add_text(b, "destination", a->destination, e) == -1 ||
	    bk_buf_printf(b, e, ",\"size_bytes\":%" PRIu64
	    ",\"duration_seconds\":%.3f", a->size_bytes,
	    a->duration_seconds) == -1 ||
	    add_text(b, "status", failed ? "failure" : "success", e) == -1 ||
	    add_text(b, "error", failed ? result->msg : NULL, e) == -1 ||
	    add_user(b, e) == -1 ||
	    add_text(b, "host", uname(&u) == 0 ? u.nodename : NULL, e) == -1)
		return -1;
	return bk_buf_printf(b, e, ",\"pid\":%ld,\"version\":\"%s\"}\n",
	    (long)getpid(), BK_VERSION);
}

int
bk_audit_append(const char *path, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e)
{
	struct bk_buf b = {0};
	int fd = -1, rc = -1;

	if (format_line(&b, a, result, e) == -1)
		goto done;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1) {
		bk_fail_errno(e, "audit log %s", path);
		goto done;
	}
	rc = bk_io_write(fd, b.data, b.len, path, e);
	if (bk_io_close(fd, path, e) == -1)
		rc = -1;
 done:
	bk_buf_free(&b);
	return rc;
}
