#include "crypt/lines.h"

#include <string.h>

/* Cut the next line off *text, blanks at its end dropped; NULL at the end. */
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
	struct bk_err why = {0};
	unsigned number = 0;
	char *text = b->data, *line;

	if (b->len > 0 && strlen(b->data) != b->len)
		return bk_fail(e, code, "%s: not a file of keys: it holds NUL "
		    "bytes", name);
	while ((line = next_line(&text)) != NULL) {
		number++;
		if (*line == '\0' || *line == '#')
			continue;
		if (add(ctx, line, &why) == -1)
			return bk_fail(e, why.code, "%s: line %u: %s", name,
			    number, why.msg);
	}
	return 0;
}
