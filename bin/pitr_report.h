#ifndef BK_BIN_PITR_REPORT_H
#define BK_BIN_PITR_REPORT_H
/* What bk-pitr says: on standard output what was asked for, else on stderr. */
#include "recovery/backup_scan.h"
#include "recovery/recover.h"
#include "stream/seal.h"

struct pitr_plan {
	const struct bk_survey *survey;
	const struct bk_label *label;
	const struct bk_start_label *start;
	const char *sysid;
	const struct bk_proof *proof;
	const struct bk_recovery_target *target;
	double reading, proving;	/* seconds that it took */
};

/* Where recovery will end, one line on stderr. */
void pitr_say_proof(const struct bk_proof *p);

/* --dry-run's lines.  0, or -1 with *e set. */
int pitr_print_plan(const struct pitr_plan *p, struct bk_err *e);

/* --start's one line.  0, or -1 with *e set. */
int pitr_print_result(const struct bk_recovered *r, double seconds,
    struct bk_err *e);

#endif
