#ifndef BK_REPORT_DOCUMENT_H
#define BK_REPORT_DOCUMENT_H
/*
 * A document of headings, paragraphs, lists and tables, as Markdown (CommonMark
 * with GitHub's tables) or as one HTML file that loads nothing.  All text is
 * escaped here: in neither form does a name become markup, a line, or a link to
 * a page.  What a terminal would obey becomes '?'; a text of more than
 * BK_DOCUMENT_TEXT bytes is cut.
 *
 * The first failure is kept, as with stdio: later calls do nothing, and
 * bk_document_end() returns it.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define BK_DOCUMENT_TEXT 1000

struct bk_document {
	struct bk_buf *out;	/* appended to */
	int html;
	struct bk_err *e;
};

/* Begin, with a title of one line. */
void bk_document_begin(struct bk_document *d, const char *title);

void bk_document_heading(struct bk_document *d, const char *text);

/* A paragraph; it begins with a word of ours, not with a name. */
void bk_document_text(struct bk_document *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A list: begin, items (as paragraphs), end. */
void bk_document_list(struct bk_document *d);
void bk_document_item(struct bk_document *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void bk_document_list_end(struct bk_document *d);

/* A table of n columns: begin with the heads, rows of n cells, end. */
void bk_document_table(struct bk_document *d, const char *const *heads,
    size_t n);
void bk_document_row(struct bk_document *d, const char *const *cells,
    size_t n);
void bk_document_table_end(struct bk_document *d);

/* 0, or -1: d->e has what failed. */
int bk_document_end(struct bk_document *d);

#endif
