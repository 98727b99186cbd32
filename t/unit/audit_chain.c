/* The audit log's hash chain: any change to a line is detected. */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/chain.h"
#include "base/buf.h"
#include "base/io.h"
#include "tap.h"

static char path[] = "/tmp/bk-chain.XXXXXX";
static struct bk_err e;

/* "abc" of FIPS 180-4: the line that hashes to this is three bytes long. */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void
put(const char *p, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(p, 1, n, f) != n || fclose(f) != 0)
		abort();
}

static struct bk_buf
get(void)
{
	struct bk_buf b = {0};

	if (bk_io_slurp(path, 64 << 20, &b, &e) == -1 ||
	    bk_buf_reserve(&b, 0, &e) == -1)
		abort();
	b.data[b.len] = '\0';
	return b;
}

static int
append(const char *record)
{
	e = (struct bk_err){0};
	return bk_chain_append(path, record, strlen(record), &e);
}

/* How many lines of p are wrong; *first is the first of them. */
static int
wrong(const char *p, size_t n, size_t *first)
{
	struct bk_chain c = {0};
	struct bk_err why;
	const char *nl;
	int bad = 0;

	*first = 0;
	while (n > 0 && (nl = memchr(p, '\n', n)) != NULL) {
		why = (struct bk_err){0};
		if (bk_chain_check(&c, p, (size_t)(nl - p), &why) == -1 &&
		    bad++ == 0)
			*first = c.lines;
		n -= (size_t)(nl + 1 - p);
		p = nl + 1;
	}
	return bad;
}

/* A log of n lines, all different. */
static struct bk_buf
make_log(int n)
{
	char record[64];
	int i;

	put("", 0);
	for (i = 0; i < n; i++) {
		(void)snprintf(record, sizeof(record), "{\"n\":%d}", i);
		if (append(record) == -1)
			abort();
	}
	return get();
}

static void
test_append(void)
{
	struct bk_buf b;
	struct stat st;
	size_t first;

	(void)unlink(path);
	is_int(append("{\"a\":1}"), 0, "a first line");
	b = get();
	is_str(b.data, "{\"a\":1,\"previous\":null}\n", "has none before it");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "the log is its owner's alone");
	bk_buf_free(&b);
	put("abc\n", 4);
	is_int(append("{\"a\":1}"), 0, "a second");
	b = get();
	is_str(b.data, "abc\n{\"a\":1,\"previous\":\"" ABC "\"}\n",
	    "has the hash of the first, without its newline");
	bk_buf_free(&b);
	put("abc", 3);
	is_int(append("{\"a\":1}"), 0, "behind a line that was cut");
	b = get();
	is_str(b.data, "abc\n{\"a\":1,\"previous\":\"" ABC "\"}\n",
	    "which is ended, and hashed");
	is_int(wrong(b.data, b.len, &first), 1, "and seen");
	is_int((intmax_t)first, 1, "where it is");
	bk_buf_free(&b);
	b = make_log(5);
	is_int(wrong(b.data, b.len, &first), 0, "a chain that is whole");
	bk_buf_free(&b);
}

/* The last line is found at any offset within the pieces that are read. */
static void
test_lengths(void)
{
	static const size_t at[] = { 0, 1, 4094, 4095, 4096, 4097, 8191, 8192,
	    8193, 100000, 3000000 };
	struct bk_buf b, line = {0};
	int bad = 0, rounds = 0;
	size_t i, j, first;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++)
		for (j = 0; j < sizeof(at) / sizeof(at[0]); j++) {
			put("", 0);
			line.len = 0;
			(void)bk_buf_puts(&line, "{\"x\":\"", &e);
			(void)bk_buf_reserve(&line, at[i] + 8, &e);
			memset(line.data + line.len, 'x', at[i]);
			line.len += at[i];
			(void)bk_buf_puts(&line, "\"}", &e);
			bad += append(line.data) == -1;
			line.len = at[j] + 8;
			line.data[0] = '{';
			memset(line.data + 1, ' ', at[j] < at[i] ? at[j] : 0);
			bad += append(at[j] < at[i] ? line.data : "{}") == -1;
			bad += append("{\"y\":1}") == -1;
			b = get();
			bad += wrong(b.data, b.len, &first) != 0;
			bk_buf_free(&b);
			rounds++;
		}
	ok(bad == 0 && rounds == 121, "lines of all lengths");
	bk_buf_free(&line);
}

/* Flip every bit of every line. */
static void
test_edited(void)
{
	enum { LINES = 4 };
	struct bk_buf b = make_log(LINES);
	size_t i, first, line = 1, last = b.len - 1;
	int bit, missed = 0, misplaced = 0;
	char old;

	while (b.data[last - 1] != '\n')
		last--;
	for (i = 0; i < last; i++) {
		old = b.data[i];
		for (bit = 0; bit < 8; bit++) {
			b.data[i] = (char)(old ^ (1 << bit));
			missed += wrong(b.data, b.len, &first) == 0;
			misplaced += first != line && first != line + 1;
		}
		b.data[i] = old;
		line += old == '\n';
	}
	is_int(missed, 0, "each bit of each line but the last");
	is_int(misplaced, 0, "shows there or in the line behind");
	bk_buf_free(&b);
}

static size_t
line_of(const struct bk_buf *b, int n, size_t *len)
{
	const char *p = b->data;

	while (n-- > 0)
		p = strchr(p, '\n') + 1;
	*len = (size_t)(strchr(p, '\n') + 1 - p);
	return (size_t)(p - b->data);
}

/* Lines removed, repeated, inserted, swapped. */
static void
test_moved(void)
{
	struct bk_buf b = make_log(5), c = {0};
	size_t at[5], n[5], first;
	int i, j, missed = 0;

	for (i = 0; i < 5; i++)
		at[i] = line_of(&b, i, &n[i]);
	for (i = 0; i < 4; i++) {		/* removed */
		c.len = 0;
		(void)bk_buf_add(&c, b.data, at[i], &e);
		(void)bk_buf_add(&c, b.data + at[i + 1], b.len - at[i + 1], &e);
		missed += wrong(c.data, c.len, &first) == 0 ||
		    first != (size_t)i + 1;
	}
	is_int(missed, 0, "a line that was removed");
	for (i = 0; i < 5; i++)			/* repeated or inserted */
		for (j = 0; j < 5; j++) {
			c.len = 0;
			(void)bk_buf_add(&c, b.data, at[j], &e);
			(void)bk_buf_add(&c, b.data + at[i], n[i], &e);
			(void)bk_buf_add(&c, b.data + at[j], b.len - at[j],
			    &e);
			missed += wrong(c.data, c.len, &first) == 0;
		}
	is_int(missed, 0, "a line that is there twice, anywhere");
	for (i = 0; i < 4; i++) {		/* swapped with the next */
		c.len = 0;
		(void)bk_buf_add(&c, b.data, at[i], &e);
		(void)bk_buf_add(&c, b.data + at[i + 1], n[i + 1], &e);
		(void)bk_buf_add(&c, b.data + at[i], n[i], &e);
		if (i < 3)
			(void)bk_buf_add(&c, b.data + at[i + 2], b.len -
			    at[i + 2], &e);
		missed += wrong(c.data, c.len, &first) < 2 ||
		    first != (size_t)i + 1;
	}
	is_int(missed, 0, "two lines that were swapped");
	bk_buf_free(&b);
	bk_buf_free(&c);
}

/* A log truncated anywhere is continued, and the damage stays visible. */
static void
test_cut(void)
{
	struct bk_buf b = make_log(3), c;
	size_t i, n, first, whole = 0;
	int bad = 0;

	for (i = 0; i < b.len; i++) {
		put(b.data, i);
		bad += append("{\"n\":9}") == -1;
		c = get();
		n = (size_t)wrong(c.data, c.len, &first);
		/* between two lines, or just the newline missing */
		if (i == 0 || b.data[i - 1] == '\n' || b.data[i] == '\n') {
			whole++;
			bad += n != 0;
		} else
			bad += n != 1;
		bk_buf_free(&c);
	}
	ok(bad == 0 && whole == 6, "a log cut anywhere");
	bk_buf_free(&b);
}

/* A write cut short by a full disk or a limit is undone. */
static void
test_full(void)
{
	struct bk_buf b = make_log(3), c;
	struct rlimit old, few;
	size_t i;
	int bad = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &old);
	for (i = 0; i < 80; i++) {
		few = old;
		few.rlim_cur = b.len + i;
		(void)setrlimit(RLIMIT_FSIZE, &few);
		bad += append("{\"n\":9}") != -1 || e.code != BK_FAIL;
		(void)setrlimit(RLIMIT_FSIZE, &old);
		c = get();
		bad += c.len != b.len || memcmp(c.data, b.data, c.len) != 0;
		bk_buf_free(&c);
	}
	is_int(bad, 0, "a line that there is no room for leaves no trace");
	ok(strstr(e.msg, ": write: File too large") != NULL, "and is an "
	    "error: %s", e.msg);
	is_int(append("{\"n\":9}"), 0, "with room again it goes on");
	bk_buf_free(&b);
}

static void
test_together(void)
{
	enum { WRITERS = 8, LINES = 25 };
	int i, j, bad = 0, status;
	struct bk_buf b;
	size_t first;

	(void)unlink(path);
	for (i = 0; i < WRITERS; i++) {
		if (fork() != 0)
			continue;
		for (j = 0; j < LINES; j++)
			if (append("{\"w\":1}") == -1)
				_exit(1);
		_exit(0);
	}
	while (wait(&status) != -1)
		bad += status != 0;
	b = get();
	is_int(bad, 0, "many at once");
	is_int(wrong(b.data, b.len, &first), 0, "are one chain");
	for (i = 0, j = 0; (size_t)i < b.len; i++)
		j += b.data[i] == '\n';
	is_int(j, WRITERS * LINES, "of all their lines");
	bk_buf_free(&b);
}

static void
test_skip(void)
{
	struct bk_buf b = make_log(3);
	struct bk_chain c = {0};
	struct bk_err why = {0};
	size_t n, at;

	at = line_of(&b, 1, &n);
	bk_chain_skip(&c);
	is_int(bk_chain_check(&c, b.data + at, n - 1, &why), 0,
	    "behind a line that cannot be read nothing is said");
	at = line_of(&b, 2, &n);
	is_int(bk_chain_check(&c, b.data + at, n - 1, &why), 0, "the next is "
	    "judged again");
	is_int((intmax_t)c.lines, 3, "lines are counted");
	bk_buf_free(&b);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		return 1;
	close(fd);
	test_append();
	test_lengths();
	test_edited();
	test_moved();
	test_cut();
	test_full();
	test_together();
	test_skip();
	(void)unlink(path);
	return tap_done();
}
