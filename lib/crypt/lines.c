#include "crypt/lines.h"

#include <string.h>

/* The next line of *text without trailing blanks; NULL at the end. */
static char *
next_line(char **text)
{
	char *line = *text, *end;

	if (line == NULL || *line == '\0')
		return NULL;
	end = line + strcspn(line, "\n");
	*text = *end == '\n' ? end + 1 : NULL;
	while (end > line && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	*end = '\0';
	return line;
}

int
bk_lines_each(struct bk_buf *b, const char *name, enum bk_code code,
    int (*add)(void *, const char *, struct bk_err *), void *ctx,
    struct bk_err *e)
{
	struct bk_err reason = {0};
	unsigned number = 0;
	char *text = b->data, *line;

	if (b->len > 0 && strlen(b->data) != b->len)
		return bk_fail(e, code, "%s: not a file of keys: it holds NUL "
		    "bytes", name);
	while ((line = next_line(&text)) != NULL) {
		number++;
		if (*line == '\0' || *line == '#')
			continue;
		if (add(ctx, line, &reason) == -1)
			return bk_fail(e, reason.code, "%s: line %u: %s", name,
			    number, reason.msg);
	}
	return 0;
}
