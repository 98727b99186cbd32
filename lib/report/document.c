#include "report/document.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"

static const char page[] =
"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
"<meta http-equiv=\"Content-Security-Policy\" "
"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
"<style>\n"
"body { font: 15px/1.4 sans-serif; margin: 2em; max-width: 75em }\n"
"table { border-collapse: collapse }\n"
"th, td { border: 1px solid #999; padding: .2em .6em; text-align: left;\n"
"  vertical-align: top; overflow-wrap: anywhere }\n"
"th { background: #eee }\n"
"</style>\n";

static void
add(struct bk_document *d, const char *s, size_t n)
{
	if (d->e->code == BK_OK)
		(void)bk_buf_add(d->out, s, n, d->e);
}

static void
put(struct bk_document *d, const char *s)
{
	add(d, s, strlen(s));
}

/* Markup is ours: one text in Markdown, another in HTML. */
static void
mark(struct bk_document *d, const char *markdown, const char *html)
{
	put(d, d->html ? html : markdown);
}

/* A character that is markup in both forms; NULL: none. */
static const char *
entity(char c)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	default: return NULL;
	}
}

/*
 * 1 if the character at s, in the text from start on, has to be escaped in
 * Markdown: it could begin emphasis, code, a link or what becomes one without
 * any mark, "http://" and "www.".  Within a word, '_' is plain.
 */
static int
is_markdown(const char *start, const char *s)
{
	if (strchr("\\`*[]~$", *s) != NULL)
		return 1;
	if (*s == '_')
		return s == start || !isalnum((unsigned char)s[-1]) ||
		    !isalnum((unsigned char)s[1]);
	if (*s == ':')
		return s[1] == '/' && s[2] == '/';
	return *s == '.' && s - start >= 3 &&
	    (s[-1] == 'w' || s[-1] == 'W') && (s[-2] == 'w' || s[-2] == 'W') &&
	    (s[-3] == 'w' || s[-3] == 'W');
}

/*
 * A '|' ends a cell even after a backslash in some readers of tables, so it is
 * an entity.
 */
static void
escape(struct bk_document *d, const char *text)
{
	const char *s, *e;

	for (s = text; *s != '\0'; s++) {
		if ((e = entity(*s)) != NULL)
			put(d, e);
		else if (d->html && (*s == '"' || *s == '\''))
			put(d, *s == '"' ? "&quot;" : "&#39;");
		else if (!d->html && *s == '|')
			put(d, "&#124;");
		else {
			if (!d->html && is_markdown(text, s))
				put(d, "\\");
			add(d, s, 1);
		}
	}
}

/* Escape what b holds, as one line that is not too long. */
static void
clean(struct bk_document *d, struct bk_buf *b)
{
	size_t n = b->len;

	if (n == 0 || d->e->code != BK_OK)
		return;
	bk_utf8_clean(b->data, n);
	if (n > BK_DOCUMENT_TEXT)
		b->data[bk_utf8_cut(b->data, BK_DOCUMENT_TEXT)] = '\0';
	escape(d, b->data);
	if (n > BK_DOCUMENT_TEXT)
		put(d, "...");
}

static void
put_text(struct bk_document *d, const char *s)
{
	struct bk_buf b = {0};

	if (d->e->code == BK_OK)
		(void)bk_buf_puts(&b, s, d->e);
	clean(d, &b);
	bk_buf_free(&b);
}

static void
put_format(struct bk_document *d, const char *fmt, va_list ap)
{
	struct bk_buf b = {0};

	if (d->e->code == BK_OK)
		(void)bk_buf_vprintf(&b, d->e, fmt, ap);
	clean(d, &b);
	bk_buf_free(&b);
}

void
bk_document_begin(struct bk_document *d, const char *title)
{
	if (d->html) {
		put(d, page);
		put(d, "<title>");
		put_text(d, title);
		put(d, "</title>\n</head>\n<body>\n");
	}
	mark(d, "# ", "<h1>");
	put_text(d, title);
	mark(d, "\n", "</h1>\n");
}

void
bk_document_heading(struct bk_document *d, const char *text)
{
	mark(d, "\n## ", "<h2>");
	put_text(d, text);
	mark(d, "\n", "</h2>\n");
}

void
bk_document_text(struct bk_document *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mark(d, "\n", "<p>");
	put_format(d, fmt, ap);
	mark(d, "\n", "</p>\n");
	va_end(ap);
}

void
bk_document_list(struct bk_document *d)
{
	mark(d, "\n", "<ul>\n");
}

void
bk_document_item(struct bk_document *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	mark(d, "- ", "<li>");
	put_format(d, fmt, ap);
	mark(d, "\n", "</li>\n");
	va_end(ap);
}

void
bk_document_list_end(struct bk_document *d)
{
	mark(d, "", "</ul>\n");
}

void
bk_document_table(struct bk_document *d, const char *const *heads, size_t n)
{
	size_t i;

	mark(d, "\n|", "<table>\n<thead><tr>");
	for (i = 0; i < n; i++) {
		mark(d, " ", "<th>");
		put_text(d, heads[i]);
		mark(d, " |", "</th>");
	}
	mark(d, "\n|", "</tr></thead>\n<tbody>\n");
	for (i = 0; i < n; i++)
		mark(d, " --- |", "");
	mark(d, "\n", "");
}

void
bk_document_row(struct bk_document *d, const char *const *cells, size_t n)
{
	size_t i;

	mark(d, "|", "<tr>");
	for (i = 0; i < n; i++) {
		mark(d, " ", "<td>");
		put_text(d, cells[i]);
		mark(d, " |", "</td>");
	}
	mark(d, "\n", "</tr>\n");
}

void
bk_document_table_end(struct bk_document *d)
{
	mark(d, "", "</tbody>\n</table>\n");
}

int
bk_document_end(struct bk_document *d)
{
	mark(d, "", "</body>\n</html>\n");
	return d->e->code == BK_OK ? 0 : -1;
}
