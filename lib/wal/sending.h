#ifndef BK_WAL_SENDING_H
#define BK_WAL_SENDING_H
/*
 * A WAL file into an archive by a COMMAND, under the name that it may have
 * there.
 *
 * A .partial may meet another one of its name.  The label of what is stored
 * tells its end and its digest, which bk-save and bk-s3put report (bk(7),
 * BK_STATUS_FD): the sender of the file knows whether it begins with that,
 * though it cannot read the archive.  If so it replaces it; else it is stored
 * under a second name, NAME.partial. and eight digits of its digest, and
 * nothing is lost.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "stream/seal.h"
#include "wal/command.h"

struct bk_wal_sending {
	const struct bk_wal_command *command;
	int fd;			/* of the file, read by pread(2) */
	uint64_t bytes;		/* so many; set to those that are WAL */
	struct bk_label label;	/* wal is its name in the archive, set to the
				 * one that it got; end and, if "", sum are
				 * set; prior may be known */
	int grows;		/* a .partial of which more will come: it gets
				 * no second name */
};

/*
 * Set s->bytes, label.end and label.sum of a file by its content; a .partial
 * ends with its last record.  0, or -1 with *e set.
 */
int bk_wal_send_measure(struct bk_wal_sending *s, struct bk_err *e);

/*
 * Run COMMAND, as bk_wal_command_feed() does.  0: it is stored, and s->label
 * says as what; -1 with *e set: BK_BUSY, it grows, and the archive holds what
 * may be more of it.
 */
int bk_wal_send(struct bk_wal_sending *s, atomic_int *pid, struct bk_err *e);

#endif
