#ifndef BK_VERIFY_VERDICT_H
#define BK_VERIFY_VERDICT_H
/*
 * What the verification of a backup found: what kind of backup it is, how
 * much is in it, and every difference between what it should hold and what it
 * holds.  Differences do not stop the work: all are counted, the first
 * BK_VERDICT_SHOWN are kept.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "archive/digest.h"
#include "archive/manifest.h"
#include "base/buf.h"
#include "base/err.h"

#define BK_VERDICT_SHOWN 20

struct bk_difference {
	char *object;		/* table "public"."orders" */
	char *expected, *found;	/* "12 rows" */
};

struct bk_verdict {		/* start with = {0} */
	const char *kind;	/* "archive", "sql", "base backup"; static */
	const char *proof;	/* what held if there is no difference; static:
				 * "structure", "content", "restore" */
	char *database;		/* NULL: not known */
	char *server_version;	/* of the server that was backed up; or NULL */
	char *tool;		/* that made it, with its version; or NULL */
	time_t time;		/* when it was complete; 0: not known */
	uint64_t tables, rows, bytes;	/* bytes of COPY text and contents */
	uint64_t blobs;		/* large objects */
	uint64_t files;		/* of a base backup */
	char manifest[BK_DIGEST_TEXT];	/* XXH3-128 of its text; "": none */
	char *restored_on;	/* version of the server it was restored into */
	struct bk_difference diff[BK_VERDICT_SHOWN];
	uint64_t ndiff;		/* all */
};

/*
 * Count a difference of the object that fmt names; expected and found are
 * copied, "" for nothing.  0, or -1 with *e set: memory.
 */
int bk_verdict_differs(struct bk_verdict *v, const char *expected,
    const char *found, struct bk_err *e, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * Compare what object's content should be with what it is: a difference, if
 * any, is counted.  unit is "rows" or "objects".  0, or -1: memory.
 */
int bk_verdict_content(struct bk_verdict *v, const struct bk_content *expected,
    const struct bk_content *found, const char *unit, const char *object,
    struct bk_err *e);

/* How an entry's data is called: table public.orders, large objects (9). */
#define BK_VERDICT_LABEL 512
void bk_verdict_label(const struct bk_toc_entry *te,
    char out[BK_VERDICT_LABEL]);

/* Replace *field by a copy of s (NULL: leave it); 0, or -1 with *e set. */
int bk_verdict_set(char **field, const char *s, struct bk_err *e);

/*
 * Append the differences as a table, three columns with a head, a line each,
 * and how many more there are; nothing if there are none.
 */
int bk_verdict_table(const struct bk_verdict *v, struct bk_buf *out,
    struct bk_err *e);

/* -1 and BK_DATA, with the number, if there are differences; else 0. */
int bk_verdict_judge(const struct bk_verdict *v, const char *name,
    struct bk_err *e);

void bk_verdict_free(struct bk_verdict *v);

#endif
