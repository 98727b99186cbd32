#include "tool/filter.h"

#include <unistd.h>

#include "tool/sandbox_tool.h"

#define STDIN_NAME "standard input"

struct options {
	int decompress;
	int level;
	const char *jobs;	/* of -j, or NULL */
	int seal;		/* the output */
	unsigned in_flags;
};

static void
parse_options(struct options *o, int argc, char *argv[],
    const struct codec *codec)
{
	int ch, word, level_word = 0;

	/* the second digit of -12 comes from the same word as the first */
	while (word = optind, (ch = tool_getopt(argc, argv)) != -1) {
		switch (ch) {
		case 'd':
			o->decompress = 1;
			break;
		case 'j':
			o->jobs = optarg;
			break;
		case FILTER_SEAL:
			o->seal = 1;
			break;
		case FILTER_SEALED:
			o->in_flags |= BK_READER_SEALED;
			break;
		case '0': case '1': case '2': case '3': case '4':
		case '5': case '6': case '7': case '8': case '9':
			o->level = ch - '0' +
			    (word == level_word ? 10 * o->level : 0);
			level_word = word;
			if (o->level > codec->level_max)
				tool_usage("level %d is the highest",
				    codec->level_max);
			break;
		}
	}
	if (o->level == 0)
		tool_usage("there is no level 0");
	if (o->seal && !o->decompress)
		tool_usage("--seal is for -d: compressed output is sealed "
		    "anyway");
	if (optind < argc)
		tool_usage("%s: input is read from standard input; use < %s",
		    argv[optind], argv[optind]);
}

int
filter_main(int argc, char *argv[], const struct tool *tool,
    const struct codec *codec)
{
	struct options o = { .level = codec->level_default };
	struct bk_err e = {0};
	struct bk_reader *in = NULL;
	struct bk_writer *out = NULL;
	void (*label_run)(const char *run);
	unsigned threads;
	int rc = -1;

	tool_start(tool);
	parse_options(&o, argc, argv, codec);
	label_run = o.decompress ? tool_backup_id : tool_run_id;
	threads = tool_jobs(o.jobs, TOOL_JOBS_MAX);
	if (!o.decompress && isatty(STDOUT_FILENO))
		tool_usage("refusing to write compressed data to a terminal; "
		    "use > FILE");
	if (o.decompress && isatty(STDIN_FILENO))
		tool_usage("refusing to read compressed data from a terminal; "
		    "use < FILE");
	tool_run(o.decompress ? "decompress" : "compress", NULL, NULL);
	tool_narrow();

	if (o.decompress)
		o.in_flags |= BK_READER_PARSED | BK_READER_NONEMPTY;
	in = bk_reader_open(STDIN_FILENO, STDIN_NAME, o.in_flags, &e);
	if (in == NULL)
		goto done;
	label_run(bk_reader_label(in)->run);
	out = bk_writer_open(STDOUT_FILENO, "standard output", &e);
	if (out == NULL || (o.seal &&
	    bk_writer_envelope(out, bk_reader_label(in), &e) == -1))
		goto done;
	rc = o.decompress ?
	    codec->decompress(in, STDIN_NAME, out, threads, &e) :
	    codec->compress(in, out, o.level, threads, &e);
	tool_audit()->size_bytes = bk_writer_bytes(out);
	if (rc == 0)
		rc = bk_writer_finish(out, &e);
	else if (e.code == BK_DATA)	/* the rest may be intact */
		bk_writer_abandon(out);
 done:
	bk_writer_free(out);
	bk_reader_free(in);
	return tool_end(rc, &e);
}
