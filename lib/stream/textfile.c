#include "stream/textfile.h"

#include "base/utf8.h"
#include "stream/store.h"

int
bk_textfile_label(struct bk_buf *b, const char *name, const char *value,
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
bk_textfile_head(struct bk_buf *b, const char *name, const char *type,
    const char *help, struct bk_err *e)
{
	return bk_buf_printf(b, e, "# HELP %s %s\n# TYPE %s %s\n", name, help,
	    name, type);
}

int
bk_textfile_store(const char *path, const struct bk_buf *text, struct bk_err *e)
{
	return bk_store_replace(path, 0644, text, e);
}
