#ifndef BK_BIN_TOOL_FILTER_H
#define BK_BIN_TOOL_FILTER_H
/*
 * What bk-gz and bk-zst share: a filter from standard input to standard output
 * that compresses, or with -d decompresses, with a codec of lib/compress.
 */
#include "stream/reader.h"
#include "stream/writer.h"
#include "tool/tool.h"

struct codec {
	int level_default, level_max;	/* levels are 1 to level_max */
	int (*compress)(struct bk_reader *in, struct bk_writer *out, int level,
	    unsigned threads, struct bk_err *e);
	int (*decompress)(struct bk_reader *in, const char *name,
	    struct bk_writer *out, unsigned threads, struct bk_err *e);
};

/* Their options; levels is "-1 ... -12", level the default. */
enum { FILTER_SEAL = TOOL_OPT_TOOL, FILTER_SEALED };
#define FILTER_OPTIONS(levels, level) \
	{ TOOL_OPT_DIGITS, NULL, levels, NULL, \
	    "fast ... small (" level ")" }, \
	{ 'd', "decompress", NULL, NULL, "decompress" }, \
	{ 'j', "jobs", "N", NULL, \
	    "threads (default: BK_JOBS, or one per CPU)" }, \
	{ FILTER_SEAL, "seal", NULL, NULL, \
	    "with -d, write the output in an envelope" }, \
	{ FILTER_SEALED, "sealed", NULL, NULL, \
	    "refuse input that is not sealed" }, \
	TOOL_OPTIONS

/* main() of such a tool; returns the exit status. */
int filter_main(int argc, char *argv[], const struct tool *tool,
    const struct codec *codec);

#endif
