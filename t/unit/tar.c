/* tar: what the writer writes, and what the reader makes of it. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/tar.h"
#include "archive/tar_in.h"
#include "archive/tar_write.h"
#include "stream/heads.h"
#include "starve.h"
#include "tap.h"

#define LONG_DIR "pg_tblspc/16400/PG_15_202209061/16384/a-name-that-is-long-" \
	"enough/to-need-more-than-a-hundred-bytes/in-its-header/16403"
#define TARGET "/srv/somewhere/that/is/far/away/and/has/a/name/that/needs/" \
	"more/than/a/hundred/bytes/which/ustar/has/not/room/for"

static struct bk_err e;
static char long_name[400], deep_name[400], big[3000];
static struct bk_label label = { .at = 1795353255, .timeline = 3,
    .start = 0x2000028 };

static struct bk_tar_entry_out files[] = {
	{ .path = "PG_VERSION", .type = '0', .size = 3, .mode = 0600,
	    .mtime = 1700000000 },
	{ .path = "base", .type = '5', .mode = 0700, .mtime = 1700000001 },
	{ .path = "base/empty", .type = '0', .mode = 0640 },
	{ .path = LONG_DIR, .type = '0', .size = 512, .mode = 0600 },
	{ .path = long_name, .type = '0', .size = 3000, .mode = 0600 },
	{ .path = deep_name, .type = '0', .size = 1, .mode = 0600 },
	{ .path = "link", .type = '2', .link = "PG_VERSION", .mode = 0777 },
	{ .path = "far", .type = '2', .link = TARGET, .mode = 0777 },
	{ .path = "backup_manifest", .type = '0', .size = 513, .mode = 0600 },
};
#define NFILES (sizeof(files) / sizeof(files[0]))

static const struct bk_tar_trailer trailer = { .end = 0x2000100,
    .badpages = "base/5/16384 7" };

static struct { uint8_t *p; size_t n; } t;	/* what was written */

/* A stream of all files, with this trailer; left in t. */
static void
write_all(const struct bk_tar_trailer *end)
{
	char name[] = "/tmp/bk-tar-XXXXXX";
	int fd = mkstemp(name), bad = 0;
	struct bk_writer *out = bk_writer_open(dup(fd), name, &e);
	struct bk_tar_writer *w = bk_tar_write_open(out, &label, &e);
	size_t i, off, n;

	for (i = 0; i < NFILES; i++) {
		bad += bk_tar_write_entry(w, &files[i], &e) != 0;
		for (off = 0; off < files[i].size; off += n) {
			n = files[i].size - off < 700 ? files[i].size - off :
			    700;
			bad += bk_tar_write_data(w, big + off, n, &e) != 0;
		}
	}
	bad += bk_tar_write_end(w, end, &e) != 0;
	bad += bk_writer_finish(out, &e) != 0;
	is_int(bad, 0, "a stream is written");
	bk_tar_write_free(w);
	bk_writer_free(out);
	t.n = (size_t)lseek(fd, 0, SEEK_END);
	free(t.p);
	t.p = malloc(t.n);
	if (pread(fd, t.p, t.n, 0) != (ssize_t)t.n)
		abort();
	close(fd);
	unlink(name);
}

struct memory { const uint8_t *p; size_t left, step; };

static ssize_t
read_memory(void *ctx, void *buf, size_t n, struct bk_err *err)
{
	struct memory *m = ctx;

	(void)err;
	if (n > m->left)
		n = m->left;
	if (n > m->step)
		n = m->step;
	memcpy(buf, m->p, n);
	m->p += n;
	m->left -= n;
	return (ssize_t)n;
}

/* Read n bytes at p to their end: BK_OK, or why not; *wrong: not as written. */
static int
read_all(const uint8_t *p, size_t n, size_t step, int *wrong,
    struct bk_tar_trailer *got)
{
	struct memory m = { p, n, step };
	struct bk_err err = {0};
	struct bk_tar *tar = bk_tar_open((struct bk_source){ read_memory, &m },
	    "input", &err);
	struct bk_tar_entry entry;
	char data[4000], path[500];
	size_t i, have;
	ssize_t r;
	int rc;

	for (i = 0; (rc = bk_tar_next(tar, &entry, &err)) == 1; i++) {
		const struct bk_tar_entry_out *f = i < NFILES ? &files[i] :
		    &(struct bk_tar_entry_out){ .path = "pg_tblspc",
		    .type = '5', .mode = 0700, .mtime = label.at };

		(void)snprintf(path, sizeof(path), "%s%s", f->path,
		    f->type == '5' ? "/" : "");
		*wrong += i > NFILES || strcmp(entry.path, path) != 0 ||
		    strcmp(entry.link, f->link ? f->link : "") != 0 ||
		    entry.type != f->type || entry.size != f->size ||
		    entry.mode != f->mode || entry.mtime != f->mtime;
		*wrong += bk_tar_seal(tar) == NULL ||
		    bk_tar_seal(tar)->label.timeline != 3;
		for (have = 0; (r = bk_tar_data(tar, data + have, 100, &err)) >
		    0; have += (size_t)r)
			continue;
		if (r == -1)
			break;
		*wrong += have != f->size || memcmp(data, big, have) != 0;
	}
	*wrong += rc == 0 && i != NFILES + 1;
	if (got != NULL) {
		*got = *bk_tar_trailer(tar);
		got->badpages = got->badpages ? strdup(got->badpages) : NULL;
	}
	bk_tar_free(tar);
	if (err.code == BK_DATA && strstr(err.msg, "unfinished"))
		return -BK_DATA;
	return err.code;
}

static void
test_round(void)
{
	struct bk_tar_trailer got;
	int wrong = 0;
	size_t step;

	write_all(&trailer);
	for (step = 1; step < 3000; step += 500)
		is_int(read_all(t.p, t.n, step, &wrong, step == 1 ? &got :
		    NULL), BK_OK, "and read in pieces");
	is_int(wrong, 0, "as it was written");
	is_int((intmax_t)got.end, 0x2000100, "the trailer's LSN");
	is_str(got.badpages, "base/5/16384 7", "and its bad pages");
	free((char *)(uintptr_t)got.badpages);
	ok(bk_tar_recognise(t.p, t.n), "it is recognised as a tar");
}

/* A trailer of every length: the mark is where a reader of marks looks. */
static void
test_trailers(void)
{
	struct bk_tar_trailer end = { .end = 1 }, got;
	struct bk_seal seal;
	ptrdiff_t len, at;
	char pages[1300];
	int bad = 0, wrong = 0, n;

	for (n = 0; n < 1200; n += n < 560 ? 7 : 61) {
		memset(pages, 'p', (size_t)n);
		pages[n] = '\0';
		end.badpages = n > 0 ? pages : NULL;
		end.end = (uint64_t)(n & 1);
		write_all(&end);
		at = bk_heads_mark(&seal, t.p, t.n, &len);
		bad += at < 512 || len <= 0 || !bk_seal_ends(&seal, t.p, t.n);
		bad += read_all(t.p, t.n, 4096, &wrong, &got) != BK_OK;
		wrong += got.end != end.end || (n > 0 &&
		    strcmp(got.badpages, pages) != 0);
		free((char *)(uintptr_t)got.badpages);
	}
	is_int(bad, 0, "the closing mark is within the last 2560 bytes");
	is_int(wrong, 0, "the trailer comes back");
}

static void
test_damage(void)
{
	struct bk_tar_trailer end = { .end = 7 };
	int finished = 0, bad = 0, wrong = 0;
	struct bk_seal seal;
	uint8_t *mark, *more;
	size_t n, at;
	ptrdiff_t len;

	write_all(&end);
	for (n = 1024; n < t.n; n += n > 4096 && n + 4096 < t.n ? 53 : 1)
		finished += read_all(t.p, n, 65536, &wrong, NULL) != -BK_DATA;
	is_int(finished, 0, "cut at every byte, it is unfinished");
	/* a flipped nonce, in either mark */
	at = (size_t)bk_heads_mark(&seal, t.p, t.n, &len);
	for (n = 0; n < BK_SEAL_SUM * 8; n++) {
		mark = t.p + at + 32 + n / 8;
		*mark ^= (uint8_t)(1 << n % 8);
		bad += read_all(t.p, t.n, 65536, &wrong, NULL) == BK_OK &&
		    bk_heads_mark(&seal, t.p, t.n, &len) > 0;
		*mark ^= (uint8_t)(1 << n % 8);
	}
	mark = t.p + bk_seal_find_closing(t.p, t.n);
	for (n = 0; n < BK_SEAL_CLOSING * 8; n++) {
		mark[n / 8] ^= (uint8_t)(1 << n % 8);
		bad += read_all(t.p, t.n, 65536, &wrong, NULL) != -BK_DATA;
		mark[n / 8] ^= (uint8_t)(1 << n % 8);
	}
	is_int(bad, 0, "with a bit of a mark flipped, it is unfinished");
	more = calloc(1, t.n + 10240);
	memcpy(more, t.p, t.n);
	is_int(read_all(more, t.n + 512, 65536, &wrong, NULL), BK_DATA,
	    "with a block more than its mark says, it is damaged");
	/* two blocks of zeros before the end are none */
	memset(more + t.n - 3072, 0, 3072);
	is_int(read_all(more, t.n, 65536, &wrong, NULL), -BK_DATA,
	    "without the last header, it is unfinished");
	memcpy(more, t.p, t.n);
	memset(more + 512 + 108, '(', 3);
	is_int(read_all(more, t.n, 65536, &wrong, NULL), BK_DATA,
	    "a label that is none is damaged");
	free(more);
}

static void
test_sizes(void)
{
	struct bk_tar_entry_out f = { .path = "huge", .type = '0',
	    .size = UINT64_C(9) << 30, .mode = 0600 };
	struct bk_tar_entry entry;
	char name[] = "/tmp/bk-tar-XXXXXX", zeros[1024] = "";
	int fd = mkstemp(name), wrong = 0, i;
	struct bk_writer *out = bk_writer_open(dup(fd), name, &e);
	struct bk_tar_writer *w = bk_tar_write_open(out, NULL, &e);
	struct bk_tar *tar;
	struct memory m = { (uint8_t *)big, 0, 4096 };
	uint8_t head[20000];

	wrong += bk_tar_write_entry(w, &f, &e) != 0;
	for (i = 0; i < 16; i++)
		wrong += bk_tar_write_data(w, zeros, sizeof(zeros), &e) != 0;
	ok(bk_tar_write_entry(w, &f, &e) == -1 && e.code == BK_FAIL,
	    "less data than the size said: %s", e.msg);
	e = (struct bk_err){0};
	ok(bk_tar_write_end(w, &trailer, &e) == -1, "nor then the end");
	e = (struct bk_err){0};
	bk_tar_write_free(w);
	w = bk_tar_write_open(out, NULL, &e);
	wrong += bk_tar_write_entry(w, &files[0], &e) != 0;
	ok(bk_tar_write_data(w, "1234", 4, &e) == -1 && e.code == BK_FAIL,
	    "more data than the size said: %s", e.msg);
	e = (struct bk_err){0};
	bk_tar_write_free(w);
	wrong += bk_writer_finish(out, &e) != 0;
	bk_writer_free(out);
	m.p = head;
	m.left = (size_t)pread(fd, head, sizeof(head), 0);
	tar = bk_tar_open((struct bk_source){ read_memory, &m }, "x", &e);
	ok(bk_tar_next(tar, &entry, &e) == 1 && entry.size == f.size &&
	    strcmp(entry.path, "huge") == 0, "a file of more than 8 GiB");
	bk_tar_free(tar);
	is_int(wrong, 0, "all else went well");
	close(fd);
	unlink(name);
}

/* The header of size bytes of data, its size as in those 12 bytes. */
static struct bk_tar_header
header(char type, const char size[12])
{
	struct bk_tar_header h = { .name = "name", .mode = "0000600",
	    .mtime = "0", .type = type, .magic = "ustar" };

	memcpy(h.size, size, 12);
	(void)snprintf(h.sum, sizeof(h.sum), "%06o", bk_tar_sum(&h));
	return h;
}

/*
 * Behind a global header comes one of that type with up to a block of data,
 * then a symbolic link: why it is damaged, or "PATH LINK SIZE".
 */
static const char *
extended(char type, const char size[12], const void *data, size_t n)
{
	static char said[1024];
	uint8_t blocks[8][BK_TAR_BLOCK] = {{0}};
	struct memory m = { blocks[0], sizeof(blocks), 700 };
	struct bk_err err = {0};
	struct bk_tar *tar = bk_tar_open((struct bk_source){ read_memory, &m },
	    "input", &err);
	struct bk_tar_entry entry;
	struct bk_tar_header h = header('g', "00000000000");
	int i = 0;

	memcpy(blocks[i++], &h, sizeof(h));
	memcpy(blocks[i++], &h, sizeof(h));	/* which says nothing more */
	h = header(type, size);
	memcpy(blocks[i++], &h, sizeof(h));
	if (n > 0)
		memcpy(blocks[i++], data, n);
	h = header('2', "00000000000");
	memcpy(blocks[i++], &h, sizeof(h));
	if (bk_tar_next(tar, &entry, &err) == 1)
		(void)snprintf(said, sizeof(said), "%s %s %d", entry.path,
		    entry.link, (int)entry.size);
	else if (sscanf(err.msg, "input: damaged: tar: %1023[^,]", said) != 1)
		(void)snprintf(said, sizeof(said), "%s", err.msg);
	bk_tar_free(tar);
	return said;
}

static void
test_extended(void)
{
	static const char five[12] = "\x80\0\0\0\0\0\0\0\0\0\0\5",
	    large[12] = "\x80\1\0\0\0\0\0\0\0\0\0\0";

	is_str(extended('K', "00000000007", "target", 7), "name target 0",
	    "GNU's long link");
	is_str(extended('L', "00000000005", "other", 5), "other  0",
	    "and long name, without a NUL");
	is_str(extended('L', "00000000000", "", 0),
	    "an empty long name", "an empty one");
	is_str(extended('x', "00000000014", "12 path=a\0b\n", 12),
	    "a name that holds a NUL", "a NUL in a name");
	is_str(extended('x', "00000000013", "11 size=1x\n", 11),
	    "a malformed pax size", "no size");
	is_str(extended('x', "00004000001", "", 0),
	    "an extended header is too long",
	    "a header of more than 1 MiB");
	is_str(extended('0', five, "12345", 5), "name  5",
	    "a size in base 256");
	is_str(extended('0', large, "12345", 5),
	    "a header with a malformed number",
	    "one of more than 64 bits");
}

/* Write all files. */
static int
write_files(void *arg, struct bk_err *err)
{
	int fd = open("/dev/null", O_WRONLY), rc = -1;
	struct bk_writer *out;
	struct bk_tar_writer *w = NULL;
	size_t i;

	(void)arg;
	if (fd == -1)
		return bk_fail_errno(err, "/dev/null");
	if ((out = bk_writer_open(fd, "output", err)) != NULL &&
	    (w = bk_tar_write_open(out, &label, err)) != NULL)
		rc = 0;
	for (i = 0; i < NFILES && rc == 0; i++)
		if (bk_tar_write_entry(w, &files[i], err) == -1 ||
		    bk_tar_write_data(w, big, files[i].size, err) == -1)
			rc = -1;
	if (rc == 0)
		rc = bk_tar_write_end(w, &trailer, err);
	bk_tar_write_free(w);
	bk_writer_free(out);
	close(fd);
	return rc;
}

/* Read what is in t. */
static int
read_back(void *arg, struct bk_err *err)
{
	struct memory m = { t.p, t.n, 700 };
	struct bk_tar *tar = bk_tar_open((struct bk_source){ read_memory, &m },
	    "input", err);
	struct bk_tar_entry entry;
	int rc = -1;

	(void)arg;
	while (tar != NULL && (rc = bk_tar_next(tar, &entry, err)) == 1)
		continue;
	bk_tar_free(tar);
	return rc;
}

static void
test_starved(void)
{
	starve_all("a stream that is written", write_files, NULL);
	write_all(&trailer);
	starve_all("one that is read", read_back, NULL);
}

/* Does the command, which has the stream on its standard input, succeed? */
static int
feeds(const char *command)
{
	FILE *f = popen(command, "w");
	int rc = fwrite(t.p, 1, t.n, f) == t.n;

	return pclose(f) == 0 && rc;
}

static void
test_others(void)
{
	static const char python[] = "python3 -c 'import sys, tarfile\n"
	    "t = tarfile.open(fileobj=sys.stdin.buffer, mode=\"r|\")\n"
	    "l = [(m.name, m.size, m.mode, m.linkname) for m in t]\n"
	    "assert len(l) == 10, l\n"
	    "assert l[4][1] == 3000 and len(l[4][0]) == 399, l[4]\n"
	    "assert l[5][:2] == (\"d\" * 333 + \"/\" + \"d\" * 65, 1), l[5]\n"
	    "assert l[7][3] == \"" TARGET "\", l[7]\n"
	    "assert l[2][2] == 0o640 and l[9][0] == \"pg_tblspc\", l\n"
	    "sys.stdin.buffer.read()'";

	write_all(&trailer);
	ok(feeds("tar -tvf - 2>&1 | awk '/ignor|Ignor|warn/ { exit 1 } "
	    "END { exit NR != 10 }'"), "GNU tar lists it, without a word");
	ok(feeds("tar --to-stdout -xf - " LONG_DIR " | "
	    "awk 'END { exit length($0) != 512 }'"), "and extracts from it");
	ok(feeds(python), "Python's tarfile");
	if (system("command -v bsdtar >/dev/null") == 0)
		ok(feeds("bsdtar -tf - | awk 'END { exit NR != 10 }'"),
		    "bsdtar");
	else
		ok(1, "bsdtar # SKIP there is none");
}

int
main(void)
{
	memset(big, 'a', sizeof(big));
	memset(long_name, 'n', sizeof(long_name) - 1);
	memset(deep_name, 'd', sizeof(deep_name) - 1);
	deep_name[333] = '/';	/* neither half has room for the first */
	bk_label_set(&label, BK_LABEL_CLUSTER, "7300000000000000001");
	bk_label_host(&label, "db1");
	test_round();
	test_trailers();
	test_damage();
	test_sizes();
	test_extended();
	test_starved();
	test_others();
	free(t.p);
	return tap_done();
}
