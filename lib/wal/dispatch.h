#ifndef BK_WAL_DISPATCH_H
#define BK_WAL_DISPATCH_H
/*
 * Hand WAL files over to the user's COMMAND, several at once.
 *
 * Files are put in the order of WAL and handed over by threads; they may
 * complete in any order, but what is confirmed grows in theirs.  No file is
 * begun while a history file that was put before it is not stored.  A COMMAND
 * that fails is run again, for ever, after 1 second, then 2, up to a minute;
 * said once per change.
 *
 * Memory: 1 KiB for each waiting file, 200 KiB for each COMMAND at work.
 */
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "stream/seal.h"
#include "wal/command.h"
#include "wal/spool.h"

struct bk_hand_options {
	const struct bk_wal_command *command;
	const struct bk_spool *spool;
	unsigned jobs;		/* COMMANDs at once */
	uint64_t timeout;	/* seconds for one; 0: no limit */
	/* What changed, for people; from any thread. */
	void (*say)(const char *text);
};

struct bk_hand_file {
	struct bk_label label;	/* without sum; label.wal is the name */
	int fd;			/* -1: the spool's file of that name, to be
				 * removed when it is stored */
	uint64_t bytes;		/* so many of the file */
	uint64_t confirms;	/* LSN that is safe with it; 0: none */
	int once;		/* the segment still grows: try once */
};

struct bk_hand_state {
	uint64_t confirmed;	/* 0: none yet */
	uint64_t waiting;	/* files, those at work included */
	time_t oldest;		/* of these: its label's instant; 0: none */
	uint64_t stored, failures;	/* COMMANDs that succeeded, failed */
	char last[BK_WAL_NAME];	/* stored; "" */
	time_t last_at;		/* when */
	int growing;		/* files to be tried once among them */
	uint64_t grown;		/* the label's end of the last that succeeded */
	int failing;		/* the last COMMAND failed */
};

struct bk_hand;

/* Start the threads; *o and what it points to are borrowed.  NULL with *e. */
struct bk_hand *bk_hand_open(const struct bk_hand_options *o,
    struct bk_err *e);

/* Takes f->fd.  0, or -1 with *e set. */
int bk_hand_put(struct bk_hand *h, const struct bk_hand_file *f,
    struct bk_err *e);

/*
 * The server's WAL has another past from lsn on: nothing that was put so far
 * confirms more than that.
 */
void bk_hand_cut(struct bk_hand *h, uint64_t lsn);

/* This has become readable when a COMMAND has ended; bk_hand_look() resets. */
int bk_hand_fd(const struct bk_hand *h);

/* How things are; also ends COMMANDs that take too long. */
void bk_hand_look(struct bk_hand *h, struct bk_hand_state *out);

/*
 * Begin no other COMMAND; wait until those at work have ended, after so many
 * seconds with SIGTERM.
 */
void bk_hand_stop(struct bk_hand *h, unsigned seconds);

void bk_hand_free(struct bk_hand *h);	/* stops at once; NULL is fine */

#endif
