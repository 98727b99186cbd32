#ifndef BK_BIN_FILTER_H
#define BK_BIN_FILTER_H
/*
 * What bk-gz and bk-zst share: a filter from standard input to standard output
 * that compresses, or with -d decompresses, by a codec of lib/compress.
 */
#include "in.h"
#include "out.h"
#include "tool.h"

struct bk_codec {
	int level_default, level_max;	/* levels are 1 to level_max */
	int (*compress)(struct bk_in *in, struct bk_out *out, int level,
	    unsigned threads, struct bk_err *e);
	int (*decompress)(struct bk_in *in, const char *name,
	    struct bk_out *out, unsigned threads, struct bk_err *e);
};

/* main() of such a tool; returns the exit status. */
int bk_filter_main(int argc, char *argv[], const struct bk_tool *tool,
    const struct bk_codec *codec);

#endif
