#ifndef BK_RECOVERY_WAL_CHECK_IN_H
#define BK_RECOVERY_WAL_CHECK_IN_H
/* For wal_check.c and wal_check_files.c. */
#include "recovery/wal_check.h"

struct bk_prover {
	const struct bk_prove_options *o;
	struct bk_proof *p;
	struct bk_wal_history history;
	uint64_t segment;		/* bytes of one; 0: not yet known */
	uint64_t kept;			/* bytes left in the spool */
	uint64_t consistent;		/* LSN; 0: not yet known */
	uint64_t limit;			/* the file's timeline was left here */
	uint64_t last;			/* the last record's LSN */
	uint64_t witness;		/* a record of later than the target,
					 * though no transaction's; 0: none */
	uint32_t timeline;		/* of the last record */
	int reached, left;		/* the target; the timeline */
	int foreign;			/* it is another one's */
	struct bk_buf points;		/* restore points passed, for people */
};

struct bk_prove_file {			/* a segment, open */
	int fd;
	char name[BK_WAL_NAME];
	uint32_t timeline;
	int archived;			/* it is in the spool */
	int partial;			/* as its .partial */
};

/* Find the timeline to recover along, and its history.  0 or -1. */
int bk_prove_timeline(struct bk_prover *s, struct bk_err *e);

/*
 * Open the segment with this number; the first one, whose number is not yet
 * known, by label's file.  1; 0: there is none; -1 with *e set.
 */
int bk_prove_open(struct bk_prover *s, uint64_t number, struct bk_prove_file *f,
    struct bk_err *e);

/*
 * Is what the archive has of it the base backup's own, as far as both have it?
 * 0; -1 with *e set, BK_DATA if not.
 */
int bk_prove_same(const struct bk_prover *s, uint64_t number,
    const struct bk_prove_file *f, struct bk_err *e);

/* Close it, and remove it from the spool if that is full, or if bad. */
void bk_prove_close(struct bk_prover *s, struct bk_prove_file *f, int bad);

/* Fetch what follows it meanwhile. */
void bk_prove_ahead(struct bk_prover *s, const struct bk_prove_file *f);

/* 1: the archive has a later segment; 0: none was found; -1. */
int bk_prove_goes_on(struct bk_prover *s, uint64_t number, struct bk_err *e);

/* The name that the segment with this number should have. */
void bk_prove_name(const struct bk_prover *s, uint64_t number,
    char name[BK_WAL_NAME]);

#endif
