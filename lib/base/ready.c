#include "base/ready.h"

#include <string.h>

#include "base/utf8.h"

static const char *const words[] = { "ok", "warning", "problem", "unknown" };

const char *
bk_ready_word(enum bk_ready how)
{
	return words[how];
}

int
bk_ready_format(struct bk_buf *b, enum bk_ready how, const char *text,
    struct bk_err *e)
{
	size_t from = b->len + strlen(words[how]) + 1;

	if (bk_buf_printf(b, e, "%s\t%s\n", words[how], text) == -1)
		return -1;
	bk_utf8_clean(b->data + from, b->len - from - 1);
	return 0;
}

const char *
bk_ready_parse(const char *line, enum bk_ready *how)
{
	size_t i, n = strcspn(line, "\t");

	for (i = 0; line[n] == '\t' && i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == n && strncmp(line, words[i], n) == 0) {
			*how = (enum bk_ready)i;
			return line + n + 1;
		}
	return NULL;
}
