#ifndef BK_VERIFY_VERDICT_H
#define BK_VERIFY_VERDICT_H
/*
 * The findings of a verification: the kind of backup, how much is in it, and
 * the differences between its expected and its actual contents.  Differences do
 * not stop the verification: all are counted, the first BK_VERDICT_SHOWN kept.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "archive/digest.h"
#include "archive/manifest.h"
#include "base/buf.h"
#include "base/err.h"
#include "stream/seal.h"
#include "walfile/segment.h"

#define BK_VERDICT_SHOWN 20

struct bk_difference {
	char *object;		/* table "public"."orders" */
	char *expected, *found;	/* "12 rows" */
};

struct bk_counted {		/* a table of the backup */
	char *object;		/* as bk_verdict_label() */
	uint64_t rows, bytes;
};

struct bk_verdict {		/* start with = {0} */
	int list;		/* the caller's: keep what is counted */
	int sealed;		/* the caller's: the stream is */
	const char *kind;	/* "archive", "sql", "base", "tar of pg_dump",
				 * "tar", "stream"; static */
	const char *proof;	/* what is proven if nothing differs; static:
				 * "seal", "structure", "content", "restore",
				 * "recovery" */
	const char *definitions;	/* what is known of them; static: NULL
				 * or "digest", "compared", "names" */
	char *uncovered;	/* what was not compared, in words; or NULL */
	char *manifest_text;	/* the manifest's JSON; or NULL */
	char *database;		/* NULL: not known */
	char *server_version;	/* of the server backed up; or NULL */
	char *tool;		/* that made it, and its version; or NULL */
	time_t time;		/* of completion; 0: not known */
	struct bk_label label;	/* that the archive itself has */
	uint64_t tables, rows, bytes;	/* bytes of COPY text and contents */
	uint64_t blobs;		/* large objects */
	uint64_t files;		/* of a base backup, as what follows */
	char cluster[BK_WAL_SYSID];	/* system identifier; "": not known */
	uint32_t timeline;
	uint64_t start, end;	/* the WAL that it needs; 0: not known */
	char manifest[BK_DIGEST_TEXT];	/* XXH3-128 of its text; "": none */
	char *restored_on;	/* version of the server restored into */
	unsigned trusted;	/* bk_restore_report's */
	double restore_seconds;	/* to load it; 0: it was not restored */
	time_t reached;		/* by recovery: the last commit; 0: not known */
	struct bk_counted *counted;	/* if list */
	size_t ncounted;
	struct bk_difference diff[BK_VERDICT_SHOWN];
	uint64_t ndiff;		/* in total */
};

/*
 * Count a difference in the object named by fmt; expected and found are copied,
 * "" for nothing.  0, or -1 with *e set: memory.
 */
int bk_verdict_differs(struct bk_verdict *v, const char *expected,
    const char *found, struct bk_err *e, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Add to v->uncovered.  0, or -1 with *e set: memory. */
int bk_verdict_uncovered(struct bk_verdict *v, struct bk_err *e,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * Compare object's expected content with that found, and count a difference, if
 * any.  unit is "rows" or "objects".  0, or -1 with *e set: memory.
 */
int bk_verdict_content(struct bk_verdict *v, const struct bk_content *expected,
    const struct bk_content *found, const char *unit, const char *object,
    struct bk_err *e);

/* Note an object's content, if the caller wants a list; 0 or -1: memory. */
int bk_verdict_count(struct bk_verdict *v, const char *object,
    const struct bk_content *c, struct bk_err *e);

/* The name of an entry's data: table public.orders, large objects (9). */
#define BK_VERDICT_LABEL 512
void bk_verdict_label(const struct bk_toc_entry *te,
    char out[BK_VERDICT_LABEL]);

/* Replace *field by a copy of s (NULL: keep it); 0, or -1 with *e set. */
int bk_verdict_set(char **field, const char *s, struct bk_err *e);

/*
 * Append the differences as a table of three columns with a header, one line
 * each, and the number of those not kept; nothing if there are none.
 */
int bk_verdict_table(const struct bk_verdict *v, struct bk_buf *out,
    struct bk_err *e);

/* Append what was counted, a line each: rows, bytes, object. */
int bk_verdict_list(const struct bk_verdict *v, struct bk_buf *out,
    struct bk_err *e);

/* -1 and BK_DATA, with their number, if there are differences; else 0. */
int bk_verdict_judge(const struct bk_verdict *v, const char *name,
    struct bk_err *e);

void bk_verdict_free(struct bk_verdict *v);

#endif
