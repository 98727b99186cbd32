#ifndef BK_BIN_RECORD_LIST_H
#define BK_BIN_RECORD_LIST_H
/* The records that bk-ls and bk-s3ls print (base/record.h), oldest first. */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "base/record.h"

struct record_list {		/* start with = {0} */
	struct bk_record *v;	/* names are owned */
	size_t n, cap;
	int by_store;		/* times are the store's, not the stamps' */
	size_t ahead;		/* stamps that are not believed */
	char *first_ahead;	/* the first such name */
};

/*
 * Add what was stored under name (copied) at stored.  0, or -1 with *e set:
 * memory.
 */
int record_list_add(struct record_list *l, const char *name, time_t stored,
    uint64_t bytes, struct bk_err *e);

/*
 * Sort, and print each name once; behind them an error record with cause,
 * unless that is NULL.  Warns of stamps that are not believed.  A record that
 * cannot be printed, its time being out of range, is said, and is the cause if
 * there is no other.  0, or -1 with *e set.
 */
int record_list_print(struct record_list *l, const char *cause,
    struct bk_err *e);

void record_list_free(struct record_list *l);

#endif
