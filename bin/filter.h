#ifndef BK_BIN_FILTER_H
#define BK_BIN_FILTER_H
/*
 * What bk-gz and bk-zst share: a filter from standard input to standard output
 * that compresses, or with -d decompresses, with a codec of lib/compress.
 */
#include "base/reader.h"
#include "base/writer.h"
#include "tool.h"

struct codec {
	int level_default, level_max;	/* levels are 1 to level_max */
	int (*compress)(struct bk_reader *in, struct bk_writer *out, int level,
	    unsigned threads, struct bk_err *e);
	int (*decompress)(struct bk_reader *in, const char *name,
	    struct bk_writer *out, unsigned threads, struct bk_err *e);
};

/* Their usage and the options in their --help; top is the last level. */
#define FILTER_USAGE(top) \
	"[-1 ... -" top "] [-d [--seal]] [-j N] [--sealed] < INPUT > OUTPUT"
#define FILTER_HELP \
	"    -d, --decompress  decompress\n" \
	"    -j, --jobs N      threads (default: BK_JOBS, or one per CPU)\n" \
	"    --seal            with -d, write the output in an envelope\n" \
	"    --sealed          refuse input that is not sealed\n" \
	"    --help            this text\n" \
	"    --version         the version\n" \
	"\n" \
	"Exit: 0 done, 1 I/O error, 2 usage error, 3 input refused.\n"

/* main() of such a tool; returns the exit status. */
int filter_main(int argc, char *argv[], const struct tool *tool,
    const struct codec *codec);

#endif
