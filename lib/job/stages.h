#ifndef BK_JOB_STAGES_H
#define BK_JOB_STAGES_H
/*
 * The stages of a pipeline, as they have reported themselves (bk(7),
 * BK_STATUS_FD), and of a failure the first cause: not what followed from it.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define BK_STAGE_TOOL 24	/* bytes of a tool's name, with the NUL */

struct bk_stage {
	char tool[BK_STAGE_TOOL];
	long pid;
	long tee;		/* the bk-tee that it is a sink of; 0: none */
	unsigned sink;		/* of which number */
	int ended;		/* it has said how; else it runs, or was
				 * killed */
	size_t nth;		/* in the order of the ends */
	enum bk_code code;
	int empty;		/* it failed: its input was empty */
	uint64_t bytes;
	char *text;		/* why it failed, or what it stored; not NULL
				 * once it has ended */
};

/* A sink that failed, and a bk-tee that had enough others. */
struct bk_spared {
	long tee;
	unsigned sink;
};

struct bk_stages {		/* = {0} */
	struct bk_stage *v;	/* in the order of their starts */
	size_t n, cap;
	struct bk_spared *spared;
	size_t nspared, spared_cap;
	size_t ended;
	struct bk_buf part;	/* a line that has not come to its end */
};

/*
 * Take n bytes that were read from the descriptor.  A line that is none of ours
 * is skipped.  0; -1 with *e set: memory.
 */
int bk_stages_take(struct bk_stages *s, const char *text, size_t n,
    struct bk_err *e);
void bk_stages_free(struct bk_stages *s);

/*
 * All has ended, the shell with this status of waitpid(2): did the pipeline do
 * what it was to do?  0; -1 with *e set to the first cause, "bk-s3put: ...".
 * Any stage counts, no matter what the shell made of its status, but for the
 * sinks that a bk-tee has reported as spared, and, if none_is_ok, for what
 * found nothing there, and what followed from that.
 */
int bk_stages_judge(const struct bk_stages *s, int status, int none_is_ok,
    struct bk_err *e);

/* Append the failures of spared sinks, "bk-s3put: ...", with "; " between. */
int bk_stages_missing(const struct bk_stages *s, struct bk_buf *out,
    struct bk_err *e);

/*
 * Append the tools, in the order of the pipeline: "bk-dump | bk-gz | bk-save".
 */
int bk_stages_names(const struct bk_stages *s, struct bk_buf *out,
    struct bk_err *e);

/*
 * Append what was stored, under which name, several with ", " between them; and
 * set *bytes to the size of it.
 */
int bk_stages_stored(const struct bk_stages *s, struct bk_buf *out,
    uint64_t *bytes, struct bk_err *e);

#endif
