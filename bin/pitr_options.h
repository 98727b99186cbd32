#ifndef BK_BIN_PITR_OPTIONS_H
#define BK_BIN_PITR_OPTIONS_H
/* bk-pitr's command line. */
#include "datadir/datadir.h"
#include "pitr_input.h"
#include "recovery/recovery_target.h"
#include "tool/tool.h"

#define PITR_INPUT "standard input"
#define PITR_LISTS_MAX 64		/* --map, --set, --incremental */

struct pitr_options {
	const char *dir, *wal, *spool, *jobs, *target_arg;
	struct bk_recovery_target target;
	uint32_t timeline;
	struct bk_datadir_map map[PITR_LISTS_MAX];
	size_t nmap;
	const char *set[PITR_LISTS_MAX];	/* "NAME=VALUE" */
	size_t nset;
	struct pitr_input input[PITR_LISTS_MAX + 1];	/* [0]: PITR_INPUT */
	size_t ninputs;
	uint64_t spool_size;
	unsigned njobs;
	int delta, start, pause, archive, dry_run, verbosity;
};

extern const struct tool_opt pitr_options[];

/*
 * Parse and check all of it: what is wrong is a usage error.  child watches the
 * processes of --incremental.
 */
void pitr_parse_options(struct pitr_options *o, int argc, char *argv[],
    atomic_int *child);

#endif
