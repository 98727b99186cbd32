#ifndef BK_BIN_PITR_INPUT_H
#define BK_BIN_PITR_INPUT_H
/*
 * The base backups that bk-pitr reads: standard input, and what the COMMANDs of
 * --incremental write.
 */
#include "archive/archive.h"
#include "base/child.h"
#include "stream/reader.h"

struct pitr_input {
	const char *name;		/* for messages */
	char *command;			/* NULL: standard input */
	char *const *env;
	atomic_int *watch;		/* its process, for a signal */
	struct bk_child child;
	struct bk_reader *in;
};

/* Open it and read its head: bk_reader_label() holds from here.  0 or -1. */
int pitr_input_open(struct pitr_input *i, struct bk_err *e);

/* For struct bk_combine_part, with a struct pitr_input as ctx. */
int pitr_input_start(void *ctx, struct bk_source *src, struct bk_err *e);
int pitr_input_end(void *ctx, struct bk_err *e);
const char *pitr_input_prior(void *ctx);

void pitr_input_free(struct pitr_input *i);

#endif
