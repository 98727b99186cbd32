#ifndef BK_BASEBACKUP_BASE_PAGES_H
#define BK_BASEBACKUP_BASE_PAGES_H
/*
 * The server's warnings while it makes a base backup.  It
 * verifies the checksum of each page that it sends, reads a page again that was
 * being written, and warns of those that stay wrong: of five in a file, then of
 * their number.
 */
#include <stddef.h>

#include <libpq-fe.h>

#define BK_BASE_PAGES 768	/* bytes of text */

struct bk_base_pages {
	char text[BK_BASE_PAGES];	/* "base/5/16384 block 3, ..." */
	size_t len;
	unsigned long count;	/* of the warnings that named a page */
	void (*say)(const char *message);	/* anything else; NULL: drop */
};

/* Have conn's notices go to *p (borrowed while conn lives). */
void bk_base_pages_watch(PGconn *conn, struct bk_base_pages *p);

/* Take one warning in.  1 if it named a page, else 0. */
int bk_base_pages_note(struct bk_base_pages *p, const char *message);

#endif
