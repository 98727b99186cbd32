#ifndef BK_WAL_GET_H
#define BK_WAL_GET_H
/*
 * WAL files out of an archive by a COMMAND (wal/command.h), each checked to be
 * what its name says before it appears: a segment's header and size, every
 * line of a history.  With a spool directory, the following segments can be
 * fetched ahead.
 *
 * In the spool a file has its own name once it is checked and durable; it may
 * be taken, or removed, by anybody.  While NAME is fetched into it,
 * .bk-wal.NAME.lock is locked (flock(2)), across processes: another that wants
 * NAME waits for that.  .bk-wal.asked holds the segment that was got last.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wal/command.h"
#include "walfile/segment.h"

struct bk_wal_get;

struct bk_wal_get_options {
	const struct bk_wal_command *command;	/* borrowed, as all strings */
	const char *spool;	/* a directory; NULL: none, nothing ahead */
	unsigned jobs;		/* COMMANDs at once for what is ahead */
	unsigned ahead;		/* at most so many segments; 0: none */
	const char *sysid;	/* the cluster's; "": any */
	uint64_t segment;	/* bytes of one; 0: known when one was got */
	/*
	 * A segment that is not there, while a later one is, is missing: a
	 * failure.  Not for standbys, as a segment may come late.
	 */
	int holes;
	/*
	 * pg_wal of the server that asks; NULL: none.  Nothing of a timeline is
	 * got past the point where the one that the server follows has left it
	 * (wal/fork.h): the segment is cut there, zeros follow.
	 */
	const char *histories;
	const char *control;	/* with histories: its control file */
	/*
	 * With histories: of a .partial, so are the next timelines' histories
	 * in the archive, which a standby may not have asked for yet.
	 */
	int follows;
	/*
	 * NULL, or looks into a whole segment that was fetched as the file
	 * path.  0, or -1 with *e set: it is removed.
	 */
	int (*check)(const char *name, const char *path, struct bk_err *e);
};

/* NULL with *e set: no memory, or the spool is not a directory of ours. */
struct bk_wal_get *bk_wal_get_open(const struct bk_wal_get_options *o,
    struct bk_err *e);

/*
 * Get name (without a directory; any of segment.h's kinds) as the file path,
 * which is replaced if it exists; NULL: into the spool, where it stays.  A
 * segment that is not there is taken from its .partial, if there is that,
 * padded with zeros: the end of a timeline's WAL.  Into the spool it is not
 * taken as NAME, but as NAME.partial, which is fetched each time: more of it
 * may have come.
 *
 * 1: it is there; 2: as its .partial; 0: proven not to be in the archive; -1
 * with *e set: BK_DATA what is stored under that name is not it, else it cannot
 * be told.  May be called by several threads at once.
 */
int bk_wal_get(struct bk_wal_get *g, const char *name, const char *path,
    struct bk_err *e);

/* Is anything stored as name?  1, 0 or -1; its content is not checked. */
int bk_wal_get_has(struct bk_wal_get *g, const char *name, struct bk_err *e);

/*
 * Only an archive's listing tells its end from a hole for certain.  By asking
 * for names, a hole is found if as many segments follow it as are missing, or
 * if it has no more than three: after the distance (0: none yet) from the
 * segment that is not there, the next one to ask for; 0: enough.
 */
uint64_t bk_wal_get_farther(uint64_t distance);

/*
 * The segment name was got: threads are to fetch those after it on its timeline
 * into the spool, until one is not there or fails.  A caller that wants one of
 * these meanwhile waits for that one only.  Without a spool nothing is done.
 */
void bk_wal_get_ahead(struct bk_wal_get *g, const char *name);

/* The bytes of a segment, 0: not known yet. */
uint64_t bk_wal_get_segment(struct bk_wal_get *g);

/* Wait until nothing more is fetched ahead. */
void bk_wal_get_settle(struct bk_wal_get *g);

/* SIGTERM to all COMMANDs, and start no other; from any thread. */
void bk_wal_get_stop(struct bk_wal_get *g);

/* Stops and waits; what is in the spool stays there.  NULL is fine. */
void bk_wal_get_free(struct bk_wal_get *g);

#endif
