#ifndef BK_POLICY_RECORDS_H
#define BK_POLICY_RECORDS_H
/* The records that bk-ls and bk-s3ls gather and write (listing/record.h). */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "listing/record.h"

struct bk_records {		/* start with all but warn 0 */
	struct bk_record *v;	/* copies of ours */
	size_t n, cap;
	int by_store;		/* times are the store's, not the stamps' */
	size_t ahead;		/* stamps that are not believed */
	char *first_ahead;	/* the first such name, one of v's */
	/* Print a warning of one line. */
	void (*warn)(const char *text);
};

/*
 * Add a copy of what was stored at its time.  0, or -1 with *e set: memory.
 */
int bk_records_add(struct bk_records *l, const struct bk_record *what,
    struct bk_err *e);

/*
 * Sort, and write each name, or ID, once to fd, called label in messages; after
 * them an error record with cause, unless that is NULL.  Warns of stamps that
 * are not believed, in one line.  0, or -1 with *e set:
 * memory, fd, or a record whose time is out of range, which then is the cause.
 */
int bk_records_write(struct bk_records *l, const char *cause, int fd,
    const char *label, struct bk_err *e);

void bk_records_free(struct bk_records *l);

#endif
