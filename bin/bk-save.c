/* bk-save: standard input as one file, see bk-save(1) */
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "stream/reader.h"
#include "stream/store.h"
#include "tool/names.h"
#include "tool/rehearsal.h"
#include "tool/sandbox_tool.h"
#include "tool/signals.h"
#include "tool/tool.h"

enum { OVERWRITE = TOOL_OPT_TOOL, SEALED, MIN_FREE };

static const struct tool_opt options[] = {
	{ OVERWRITE, "overwrite", NULL, NULL, "replace an existing file" },
	{ SEALED, "sealed", NULL, NULL, "refuse input that is not sealed" },
	NAMES_OPTIONS,
	{ MIN_FREE, "min-free", "PERCENTpc|SIZE", NULL,
	    "fail rather than leave less space free, e.g. 20%" },
	TOOL_OPTIONS_QUIET,
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-save",
	.example =
"bk-dump shop | bk-gz | bk-crypt | bk-save /backups/{db}/{utc}.bk",
	.about =
"Stores standard input as one file, or none.  DIR/NAME may hold {db} {host} "
"{utc} {date} {time} {tier}; directories from the first of them on are "
"created, those before it must exist.",
	.options = options,
	.settings = TOOL_SETTINGS_NAME,
	.operands = "DIR/NAME",
	.exits =
"0 stored, 1 failed, 2 usage error, 3 input empty or unfinished",
	.rehearses = 1,
};

struct options {
	struct bk_store_options store;
	const char *db, *tier;
	unsigned in_flags;
	int verbosity;			/* of the progress line */
};

static struct bk_store *store;		/* for cleanup() */

static void
cleanup(void)
{
	if (store != NULL)
		bk_store_unlink(store);
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	struct bk_err e = {0};
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1) {
		switch (ch) {
		case OVERWRITE: o->store.overwrite = 1; break;
		case SEALED: o->in_flags |= BK_READER_SEALED; break;
		case NAMES_OPT_DB: o->db = optarg; break;
		case NAMES_OPT_TIER: o->tier = optarg; break;
		case MIN_FREE:
			if (bk_freespace_parse(optarg, "--min-free",
			    &o->store.min_free, &e) == -1)
				tool_refuse(&e);
			break;
		case 'q': o->verbosity = -1; break;
		case 'v': o->verbosity = 1; break;
		}
	}
	if (argc - optind != 1)
		tool_usage("give one DIR/NAME");
	if (*argv[optind] == '\0' ||
	    argv[optind][strlen(argv[optind]) - 1] == '/')
		tool_usage("%s: not the name of a file", argv[optind]);
}

static int
copy(struct bk_reader *in, struct bk_progress *progress, struct bk_err *e)
{
	static char buf[BK_IO_BUFSZ];
	ssize_t n;
	int rc;

	while ((n = bk_reader_read(in, buf, sizeof(buf), e)) > 0) {
		signals_hold();		/* the first write creates the file */
		rc = bk_store_write(store, buf, (size_t)n, e);
		signals_release();
		if (rc == -1)
			return -1;
		progress->bytes += (uint64_t)n;
	}
	return (int)n;
}

/* Name the file, store it and record its name in the audit log. */
static int
save(struct options *o, const char *tmpl, struct bk_reader *in,
    struct bk_err *e)
{
	static struct bk_progress progress;
	static struct bk_buf path;

	if (names_expand(tmpl, o->db, o->tier, in, &path, e) == -1)
		return -1;
	tool_audit()->destination = path.data;
	if (bk_label_is_wal(bk_reader_label(in)))
		o->store.wal = bk_reader_label(in);
	o->store.must_exist_len = strcspn(tmpl, "{");
	signals_hold();
	store = bk_store_open(path.data, &o->store, e);
	signals_release();
	if (store == NULL)
		return -1;
	tool_progress(&progress, o->verbosity);
	if (copy(in, &progress, e) == -1 || bk_store_commit(store, e) == -1)
		return -1;
	tool_audit()->size_bytes = bk_reader_bytes(in);
	return 0;
}

/* The directory that has to be there already; to be freed. */
static char *
fixed_part(const char *tmpl)
{
	char *fixed = strndup(tmpl, strcspn(tmpl, "{")), *slash;

	if (fixed != NULL && (slash = strrchr(fixed, '/')) != NULL)
		slash[1] = '\0';
	else {
		free(fixed);
		fixed = strdup(".");
	}
	if (fixed == NULL)
		tool_no_memory();
	return fixed;
}

static void
narrow(const char *tmpl)
{
	char *fixed = fixed_part(tmpl);

	narrow_write_in(fixed);
	free(fixed);
	tool_narrow();
}

/* --- a rehearsal */

/* The size of the newest file in dir; 0: none. */
static uint64_t
newest_size(const char *dir)
{
	struct dirent *entry;
	struct stat st;
	time_t newest = 0;
	uint64_t size = 0;
	DIR *d = opendir(dir);

	while (d != NULL && (entry = readdir(d)) != NULL)
		if (*entry->d_name != '.' && fstatat(dirfd(d), entry->d_name,
		    &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
		    st.st_mtime >= newest) {
			newest = st.st_mtime;
			size = (uint64_t)st.st_size;
		}
	if (d != NULL)
		(void)closedir(d);
	return size;
}

/* Is there room for twice the last backup, which is next to this path? */
static void
check_room(const char *fixed, char *path)
{
	char have[BK_NUM_TEXT], size[BK_NUM_TEXT];
	uint64_t last = newest_size(dirname(path)), left;
	struct statvfs v;

	if (statvfs(fixed, &v) == -1)
		return;
	left = (uint64_t)v.f_bavail * v.f_frsize;
	bk_size_format(left, have);
	bk_size_format(last, size);
	rehearsal_say(left < last ? BK_READY_PROBLEM : left / 2 < last ?
	    BK_READY_WARNING : BK_READY_OK, "room: %s: %s free%s%s", fixed,
	    have, last == 0 ? "" : ", the last backup has ", last == 0 ? "" :
	    size);
}

/* What would keep us from it. */
static int
rehearse(const struct options *o, const char *tmpl, struct bk_err *e)
{
	char *fixed = fixed_part(tmpl);
	struct bk_buf path = {0};
	int fd, rc = names_rehearse(tmpl, o->db, o->tier, "", &path, e);

	if (rc == 0 && rehearsal_directory("directory", fixed)) {
		check_room(fixed, path.data);
		fd = open(fixed, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = fd == -1 ? 0 : bk_freespace_check(fd, &o->store.min_free,
		    fixed, e);
		if (fd != -1)
			close(fd);
	}
	bk_buf_free(&path);
	free(fixed);
	return rc;
}

int
main(int argc, char *argv[])
{
	struct options o = { .in_flags = BK_READER_NONEMPTY };
	static struct bk_label held;
	struct bk_err e = {0};
	struct bk_reader *in;
	int rc = -1;

	tool_start(&tool);
	parse_options(&o, argc, argv);
	names_check(argv[optind], o.db, o.tier);
	tool_run("store", "standard input", argv[optind]);

	if (rehearsing())
		return tool_end(rehearse(&o, argv[optind], &e), &e);
	narrow(argv[optind]);
	signals_catch(cleanup);
	in = bk_reader_open(STDIN_FILENO, "standard input", o.in_flags, &e);
	if (in != NULL) {
		tool_run_id(bk_reader_label(in)->run);
		o.store.held = &held;
		rc = save(&o, argv[optind], in, &e);
	}
	tool_held(&held, &e);
	cleanup();		/* the process ends: nothing else to free */
	bk_reader_free(in);
	return tool_end(rc, &e);
}
