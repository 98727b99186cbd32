#include "filter.h"

#include <getopt.h>
#include <unistd.h>

#define STDIN_NAME "standard input"

struct options {
	int decompress;
	int level;
	const char *jobs;	/* of -j, or NULL */
	unsigned in_flags;
};

static void
parse(int argc, char *argv[], const struct bk_codec *codec, struct options *o)
{
	enum { OPT_SEALED = BK_OPT_TOOL };
	static const struct option options[] = {
		{ "decompress", no_argument, NULL, 'd' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "sealed", no_argument, NULL, OPT_SEALED },
		BK_TOOL_LONGOPTS,
		{ 0 }
	};
	int ch, word, level_word = 0;

	/* the second digit of -12 comes from the same word as the first */
	while (word = optind, (ch = getopt_long(argc, argv, "dj:0123456789",
	    options, NULL)) != -1) {
		switch (ch) {
		case 'd':
			o->decompress = 1;
			break;
		case 'j':
			o->jobs = optarg;
			break;
		case OPT_SEALED:
			o->in_flags |= BK_IN_SEALED;
			break;
		case '0': case '1': case '2': case '3': case '4':
		case '5': case '6': case '7': case '8': case '9':
			o->level = ch - '0' +
			    (word == level_word ? 10 * o->level : 0);
			level_word = word;
			if (o->level > codec->level_max)
				bk_tool_usage("no level above %d",
				    codec->level_max);
			break;
		default:
			bk_tool_option(ch);
		}
	}
	if (o->level == 0)
		bk_tool_usage("no level 0");
	if (optind < argc)
		bk_tool_usage("%s: this reads standard input; use < %s",
		    argv[optind], argv[optind]);
}

int
bk_filter_main(int argc, char *argv[], const struct bk_tool *tool,
    const struct bk_codec *codec)
{
	struct options o = { .level = codec->level_default };
	struct bk_err e = {0};
	struct bk_in *in = NULL;
	struct bk_out *out = NULL;
	unsigned threads;
	int rc = -1;

	bk_tool_start(tool);
	parse(argc, argv, codec, &o);
	threads = bk_tool_jobs(o.jobs, BK_JOBS_MAX);
	if (!o.decompress && isatty(STDOUT_FILENO))
		bk_tool_usage("compressed data not written to a terminal");
	if (o.decompress && isatty(STDIN_FILENO))
		bk_tool_usage("compressed data not read from a terminal");
	bk_tool_run(o.decompress ? "decompress" : "compress", NULL, NULL);

	if (o.decompress)
		o.in_flags |= BK_IN_PARSED | BK_IN_NONEMPTY;
	in = bk_in_open(STDIN_FILENO, STDIN_NAME, o.in_flags, &e);
	if (in == NULL)
		goto done;
	out = bk_out_open(STDOUT_FILENO, "standard output", 0, &e);
	if (out == NULL)
		goto done;
	rc = o.decompress ?
	    codec->decompress(in, STDIN_NAME, out, threads, &e) :
	    codec->compress(in, out, o.level, threads, &e);
	bk_tool_audit()->size_bytes = bk_out_bytes(out);
	if (rc == 0)
		rc = bk_out_finish(out, &e);
	else if (e.code == BK_DATA)	/* what is good may be all there is */
		bk_out_abandon(out);
 done:
	bk_out_free(out);
	bk_in_free(in);
	return bk_tool_end(rc, &e);
}
