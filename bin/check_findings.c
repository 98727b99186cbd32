#include "check_findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json/json_write.h"
#include "tool/tool.h"

#define TEXT 4096

/* {"state":"problem","job":"backup@shop","what":"...","remedy":"..."} */
static int
add_object(struct check_findings *f, enum bk_ready how, const char *text,
    struct bk_err *e)
{
	const char *semicolon = strstr(text, "; ");
	size_t n = semicolon == NULL ? strlen(text) :
	    (size_t)(semicolon - text);
	char what[TEXT];

	(void)snprintf(what, sizeof(what), "%.*s", (int)n, text);
	if (bk_buf_puts(&f->objects, f->objects.len > 0 ? ",\n{" : "{",
	    e) == -1 || bk_json_member(&f->objects, "state",
	    bk_ready_word(how), e) == -1 ||
	    bk_json_member(&f->objects, "job", f->who, e) == -1 ||
	    bk_json_member(&f->objects, "what", what, e) == -1 ||
	    bk_json_member(&f->objects, "remedy", semicolon == NULL ? NULL :
	    semicolon + 2, e) == -1)
		return -1;
	return bk_buf_puts(&f->objects, "}", e);
}

static int
print_line(const struct check_findings *f, enum bk_ready how,
    const char *text, struct bk_err *e)
{
	struct bk_buf what = {0}, line = {0};
	int rc = bk_buf_printf(&what, e, "%s%s%s", f->who == NULL ? "" :
	    f->who, f->who == NULL ? "" : ": ", text);

	if (rc == 0 && (rc = bk_ready_format(&line, how, what.data,
	    e)) == 0) {
		fputs(line.data, stdout);
		(void)fflush(stdout);	/* check_end() looks at it */
	}
	bk_buf_free(&what);
	bk_buf_free(&line);
	return rc;
}

void
check_report(void *arg, enum bk_ready how, const char *text)
{
	struct check_findings *f = arg;
	struct bk_err e = {0};

	f->n++;
	f->problems += how == BK_READY_PROBLEM;
	if (f->quiet && how == BK_READY_OK)
		return;
	if ((f->json ? add_object(f, how, text, &e) :
	    print_line(f, how, text, &e)) == -1)
		tool_no_memory();
}

void
check_say(struct check_findings *f, enum bk_ready how, const char *fmt, ...)
{
	char text[TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	check_report(f, how, text);
}

int
check_end(struct check_findings *f, struct bk_err *e)
{
	if (f->json)
		printf("[%s]\n", f->objects.data == NULL ? "" :
		    f->objects.data);
	bk_buf_free(&f->objects);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 :
	    bk_fail_errno(e, "standard output: write");
}
