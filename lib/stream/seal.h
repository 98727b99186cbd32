#ifndef BK_STREAM_SEAL_H
#define BK_STREAM_SEAL_H
/*
 * The two marks that distinguish a finished stream from one that merely ended,
 * and the label that says what backup it is.
 *
 * In a shell pipeline a reader sees the same end of file whether the writer
 * succeeded or was killed.  So every stream that a bk tool writes has an
 * opening mark within its first BK_SEAL_HEAD bytes and a closing mark within
 * its last BK_SEAL_TAIL bytes, each where a standard reader of that format
 * skips it.  A mark is printable ASCII: a constant word, which tells the two
 * kinds apart; then, in the closing mark, the stream's nonce, 128 fresh random
 * bits in hex, and in the opening mark the SHA-256 (FIPS 180-4) of these hex
 * digits, in hex.  So only the process that began a stream can make its end: no
 * row, name or file can, nor a reader of the beginning while the rest is still
 * being written.
 *
 * After the opening mark comes the label: fields in parentheses, each of them
 * optional, in this order, with ';' between them,
 *
 *	db=NAME or cluster=NAME	all but ASCII letters, digits and "._-" as %XX
 *	host=NAME		the database server's, encoded likewise
 *	at=20261122T131415Z	the instant of the snapshot, UTC
 *	tli=1			the timeline
 *	start=0/2000028		where the WAL begins that a base backup needs
 *	parent=0/1000028	the same of the base backup that this one, an
 *				increment, builds on
 *	wal=NAME		the WAL file that this stream is
 *	end=0/3000000		the end of its last byte
 *	sum=...			first 32 hex digits of its content's SHA-256
 *	prior=...		of a .partial: the sum of another one, which it
 *				begins with and may replace; of an increment:
 *				the same digits of the checksum that the base
 *				backup's manifest has, which it builds on
 *	run=0123456789abcdef	the ID of the pipeline's run, made by its first
 *				stage
 *
 * After the closing mark come four hex digits: the number of bytes after
 * them.  They are the format's own; a stream cut anywhere, even there, is
 * unfinished.
 *
 * This module knows marks and label but no format.  Where a format has its
 * mark is known by heads.h; bk_reader (reader.h) judges by both, bk_writer
 * (writer.h) holds the end back.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "walfile/wal_name.h"

#define BK_SEAL_NONCE 32	/* characters of a nonce */
#define BK_SEAL_SUM 64		/* of its SHA-256 */
#define BK_SEAL_MARK 96		/* of an opening mark, without its label */
#define BK_SEAL_LABEL 592	/* of a label, at most, with its NUL */
#define BK_SEAL_OPENING (BK_SEAL_MARK + BK_SEAL_LABEL) /* mark, label, NUL */
#define BK_SEAL_CLOSING 68	/* of a closing mark and its digits */
#define BK_SEAL_HEAD 4096	/* the label ends within these */
#define BK_SEAL_TAIL 2560	/* the closing mark begins within these: five
				 * blocks of a tar, which has most after it */

#define BK_LABEL_NAME 192	/* room for a name and its NUL */
#define BK_LABEL_HOST 65	/* for a host's and its NUL */
#define BK_LABEL_WAL BK_WAL_NAME /* for a WAL file's and its NUL */
#define BK_LABEL_SUM 33		/* for a digest and its NUL */
#define BK_LABEL_RUN 17		/* for a run's ID and its NUL */

enum bk_label_kind { BK_LABEL_NONE, BK_LABEL_DB, BK_LABEL_CLUSTER };

struct bk_label {
	enum bk_label_kind kind;	/* of name */
	char name[BK_LABEL_NAME];	/* "" if NONE */
	char host[BK_LABEL_HOST];	/* "": unknown, as all of these */
	time_t at;			/* 0: unknown, as all of these */
	uint32_t timeline;
	uint64_t start, parent;
	char wal[BK_LABEL_WAL];
	uint64_t end;
	char sum[BK_LABEL_SUM], prior[BK_LABEL_SUM];
	char run[BK_LABEL_RUN];		/* "": none */
};

struct bk_seal {		/* a stream's */
	char nonce[BK_SEAL_NONCE + 1];	/* "": another's, known by its sum */
	char sum[BK_SEAL_SUM + 1];
	struct bk_label label;
};

/* Set the label's name; one for which there is no room becomes NONE. */
void bk_label_set(struct bk_label *l, enum bk_label_kind kind,
    const char *name);

/* Set the label's host; one for which there is no room is left out. */
void bk_label_host(struct bk_label *l, const char *host);

/*
 * Set wal; name, the whole of it, must be a WAL file's.  0, or -1 if it is not:
 * nothing is set.
 */
int bk_label_wal(struct bk_label *l, const char *name);

/*
 * What is stored under a WAL file's name, compared with what is to be stored:
 * the same content; the beginning of it, in a .partial file, which now->prior
 * says; or something else.
 */
enum bk_label_held { BK_HELD_SAME, BK_HELD_EARLIER, BK_HELD_OTHER };
enum bk_label_held bk_label_held(const struct bk_label *stored,
    const struct bk_label *now);

/*
 * Of a .partial, set *held, unless it is NULL, to what BK_HELD_OTHER is said
 * of: stored, if that is WAL with this name, or else just the name.
 */
void bk_label_note(struct bk_label *held, const struct bk_label *stored,
    const struct bk_label *now);

/* The end of the message "NAME: already exists, " of BK_HELD_OTHER. */
#define BK_HELD_WHY "and is not known to hold this WAL; give each cluster, " \
	"and each recovered copy of one, a place of its own, and store no " \
	"WAL with --age, which does not tell what it holds"

/* 1 if l is that of a WAL file, told by its content's digest. */
int bk_label_is_wal(const struct bk_label *l);

/* 1 if name is that of a file with the beginning of a WAL segment. */
int bk_label_is_partial(const char *name);

/* A fresh ID for a pipeline's run.  0, or -1 with *e set. */
int bk_label_run(char run[BK_LABEL_RUN], struct bk_err *e);

/*
 * A seal for a stream that begins now, with a fresh nonce and label, NULL: an
 * empty one.  0, or -1 with *e set: the system has no random bits.
 */
int bk_seal_new(struct bk_seal *s, const struct bk_label *label,
    struct bk_err *e);

/* The opening mark with its label, a string; returns its length. */
size_t bk_seal_open(const struct bk_seal *s, char out[BK_SEAL_OPENING]);

/*
 * The closing mark of a seal of ours with its digits, a string of
 * BK_SEAL_CLOSING characters, to be followed by after bytes, at most
 * BK_SEAL_TAIL - BK_SEAL_CLOSING.
 */
void bk_seal_close(const struct bk_seal *s, unsigned after,
    char out[BK_SEAL_CLOSING + 1]);

/*
 * Is there an opening mark at p, which has n bytes?  Returns the length of it
 * and its label, with *s set, but for its nonce; 0 if there is none; -1 if its
 * label is malformed or n ends within it.
 */
ptrdiff_t bk_seal_read(struct bk_seal *s, const void *p, size_t n);

/*
 * 1 if the n bytes at p, too few for bk_seal_read(), may be the beginning of an
 * opening mark; so may none.
 */
int bk_seal_begins(const void *p, size_t n);

/* 1 if the n bytes at p are the closing mark of s, with after as its digits. */
int bk_seal_closes(const struct bk_seal *s, const void *p, size_t n,
    unsigned after);

/* 1 if a stream with these last n bytes ends with the closing mark of s. */
int bk_seal_ends(const struct bk_seal *s, const void *tail, size_t n);

/*
 * The offset of the first closing mark, of any stream, that begins within
 * the last BK_SEAL_TAIL of n bytes; -1: none.
 */
ptrdiff_t bk_seal_find_closing(const void *tail, size_t n);

#endif
