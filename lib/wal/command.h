#ifndef BK_WAL_COMMAND_H
#define BK_WAL_COMMAND_H
/*
 * The user's COMMAND for one WAL file: it stores its standard input, or writes
 * what is stored to its standard output.  BK_WAL_NAME in its environment is
 * the file's name.
 *
 * A file that does not exist is distinguished from a failure: COMMAND, or a bk
 * tool in it, exits with status 4, and no other tool has found anything, failed
 * or died.  They report that to the descriptor whose number is BK_STATUS_FD
 * (bk(7)), so that the first stage of a pipeline is known, too.
 *
 * All functions may be called by several threads at once.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "stream/seal.h"

#define BK_WAL_STOPPED (-1)	/* in place of a process */

struct bk_wal_command {
	char *argv[4];		/* "/bin/sh" "-c" WORD, if it is one word */
	char *const *words;	/* else COMMAND ARG...; NULL: it is argv */
	char *const *env;	/* borrowed */
};

/*
 * COMMAND ARG..., ended by NULL: run as it is; a single word is a shell
 * command.  words and env are borrowed.
 */
void bk_wal_command_init(struct bk_wal_command *c, char *const words[],
    char *const env[]);

/*
 * What bk-save and bk-s3put have reported of the name under which they were to
 * store a .partial: that it is another one's, and that one's end and digest.
 */
struct bk_wal_held {		/* = {0} */
	int other;		/* it is */
	uint64_t end;		/* 0: not known, or there are several */
	char sum[BK_LABEL_SUM];
};

/*
 * Run it with the first size bytes of the file fd (read by pread(2)) as its
 * standard input, in an envelope with label.  *pid, 0 before, is its process
 * while it runs, for bk_child_kill(), and leads a group; BK_WAL_STOPPED: it is
 * not to run.  0: it exited with 0 and had read all; -1 with *e set, "NAME:
 * cause"; what it has left running is sent SIGTERM then, and never sees the
 * closing mark after a hole.  *held is set then, unless it is NULL.
 */
int bk_wal_command_feed(const struct bk_wal_command *c, const char *name,
    int fd, uint64_t size, const struct bk_label *label,
    struct bk_wal_held *held, atomic_int *pid, struct bk_err *e);

/* Takes n bytes of what COMMAND writes.  0, or -1 with *e set. */
typedef int bk_wal_take(void *ctx, const void *buf, size_t n,
    struct bk_err *e);

/*
 * Run it, and give what it writes, out of its envelope if it has one, to take.
 * 1: all was taken, COMMAND exited with 0, and if there were marks they are
 * complete; 0: proven not to be there, and take was not called; -1 with *e set,
 * "NAME: cause", with the first line of COMMAND's standard error.
 */
int bk_wal_command_fetch(const struct bk_wal_command *c, const char *name,
    bk_wal_take *take, void *ctx, atomic_int *pid, struct bk_err *e);

/* COMMANDs that run at once; a signal ends all of them. */
struct bk_wal_run {
	atomic_int pid;
	struct bk_wal_run *next;
};

struct bk_wal_runs {
	pthread_mutex_t lock;
	struct bk_wal_run *first;
	int stopping;
};

void bk_wal_runs_init(struct bk_wal_runs *all);
void bk_wal_runs_destroy(struct bk_wal_runs *all);

/* r's pid may be given to the functions above.  -1 with *e set: stopped. */
int bk_wal_run_begin(struct bk_wal_runs *all, struct bk_wal_run *r,
    struct bk_err *e);
void bk_wal_run_end(struct bk_wal_runs *all, struct bk_wal_run *r);

/* SIGTERM to all, and begin no other; from any thread. */
void bk_wal_runs_stop(struct bk_wal_runs *all);

#endif
