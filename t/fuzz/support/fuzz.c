/* What the targets share: files, chance, and how much memory was used. */
#define _GNU_SOURCE		/* memfd_create */
#include "../fuzz.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "heap.h"

#define SLOTS 6
#define OUT 4			/* the slot of fuzz_run()'s output */

static uint64_t chance;
static size_t before;		/* bytes of heap at fuzz_begin() */
static char *text;
static int file[SLOTS], is_short;
static char path[SLOTS][32];
static char dir[] = "/tmp/bk-fuzz.XXXXXX", named[64];
static uint8_t *out;		/* a map of slot OUT */
static size_t out_len;

void
fuzz_broken(const char *at, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: broken: %s\n", at, line, what);
	abort();
}

void
fuzz_begin(const uint8_t *p, size_t n)
{
	size_t i;

	/* FNV-1a: chance depends on the input alone */
	chance = 14695981039346656037U;
	for (i = 0; i < n; i++)
		chance = (chance ^ p[i]) * 1099511628211U;
	chance |= 1;
	before = heap_watch();
}

void
fuzz_end(size_t limit)
{
	size_t peak = heap_peak();

	fuzz_short_reads(0);
	free(text);
	text = NULL;
	if (peak > before + limit) {
		(void)fprintf(stderr, "%zu bytes of memory, %zu are allowed\n",
		    peak - before, limit);
		fuzz_broken(__FILE__, __LINE__, "memory");
	}
}

size_t
fuzz_pick(size_t max)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (size_t)(chance >> 11) % max;
}

char *
fuzz_text(const uint8_t *p, size_t n)
{
	free(text);
	CHECK((text = malloc(n + 1)) != NULL);
	if (n > 0)
		memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

static int
slot_fd(int slot)
{
	if (file[slot] > 0)
		return file[slot];
#ifdef __linux__
	file[slot] = memfd_create("fuzz", MFD_CLOEXEC);
#else
	{
		FILE *f = tmpfile();

		CHECK(f != NULL);
		file[slot] = dup(fileno(f));
		(void)fclose(f);
	}
#endif
	CHECK(file[slot] > 0 && fchmod(file[slot], 0600) == 0);
	(void)snprintf(path[slot], sizeof(path[slot]), "/dev/fd/%d",
	    file[slot]);
	return file[slot];
}

int
fuzz_file(int slot, const void *p, size_t n)
{
	struct bk_err e = {0};
	int fd = slot_fd(slot);

	CHECK(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	CHECK(bk_io_pwrite(fd, p, n, 0, "fuzz", &e) == 0);
	return fd;
}

const char *
fuzz_path(int slot, const void *p, size_t n)
{
	(void)fuzz_file(slot, p, n);
	return path[slot];
}

static void
remove_dir(void)
{
	(void)unlink(named);
	(void)rmdir(dir);
}

const char *
fuzz_dir(void)
{
	if (dir[sizeof(dir) - 2] == 'X') {
		CHECK(mkdtemp(dir) != NULL);
		CHECK(atexit(remove_dir) == 0);
	}
	return dir;
}

const char *
fuzz_named(const char *name, const void *p, size_t n)
{
	FILE *f;

	if (*named != '\0')
		(void)unlink(named);
	(void)snprintf(named, sizeof(named), "%s/%s", fuzz_dir(), name);
	CHECK((f = fopen(named, "w")) != NULL);
	CHECK(fwrite(p, 1, n, f) == n && fclose(f) == 0);
	return named;
}

void
fuzz_short_reads(int on)
{
	is_short = on;
}

/* In place of read(2), by the linker's --wrap. */
ssize_t __real_read(int fd, void *buf, size_t n);
ssize_t __wrap_read(int fd, void *buf, size_t n);
ssize_t __wrap___read_chk(int fd, void *buf, size_t n, size_t size);

ssize_t
__wrap_read(int fd, void *buf, size_t n)
{
	if (is_short && n > 1)
		n = 1 + fuzz_pick(fuzz_pick(2) == 0 && n > 80 ? 80 : n);
	return __real_read(fd, buf, n);
}

ssize_t
__wrap___read_chk(int fd, void *buf, size_t n, size_t size)
{
	CHECK(n <= size);
	return __wrap_read(fd, buf, n);
}

ssize_t
fuzz_source(void *left, void *buf, size_t n, struct bk_err *e)
{
	struct fuzz_left *l = left;

	(void)e;
	if (n > 1 && fuzz_pick(4) == 0)
		n = 1 + fuzz_pick(n);
	if (n > l->n)
		n = l->n;
	if (n > 0)
		memcpy(buf, l->p, n);
	l->p += n;
	l->n -= n;
	return (ssize_t)n;
}

void
fuzz_tar(uint8_t *p, size_t n)
{
	size_t at, i, sum, size;
	char octal[13];

	for (at = 0; at + 512 <= n; at += 512 + (size + 511) / 512 * 512) {
		uint8_t *h = p + at;

		if (h[0] == '\0' && h[257] == '\0') {
			size = 0;
			continue;
		}
		memcpy(octal, h + 124, 12);
		octal[12] = '\0';
		if ((size = strtoul(octal, NULL, 8)) > n)
			size = 0;
		memset(h + 148, ' ', 8);
		for (sum = i = 0; i < 512; i++)
			sum += h[i];
		(void)snprintf((char *)h + 148, 8, "%06zo", sum);
		h[155] = ' ';
	}
}

static void
read_output(struct fuzz_made *m)
{
	struct stat st;

	if (out != NULL)
		(void)munmap(out, out_len);
	out = NULL;
	CHECK(fstat(file[OUT], &st) == 0);
	if ((out_len = (size_t)st.st_size) > 0) {
		out = mmap(NULL, out_len, PROT_READ, MAP_SHARED, file[OUT], 0);
		CHECK(out != MAP_FAILED);
	}
	m->p = out;
	m->n = out_len;
}

struct fuzz_made
fuzz_run(const uint8_t *p, size_t n, unsigned flags, fuzz_filter *filter,
    void *ctx)
{
	struct fuzz_made m = { .rc = -1 };
	struct bk_reader *in;
	struct bk_writer *w;
	int fd = dup(fuzz_file(OUT, "", 0));

	CHECK(fd != -1);
	in = bk_reader_open(fuzz_file(OUT + 1, p, n), "fuzz", flags, &m.e);
	CHECK((w = bk_writer_open(fd, "out", &m.e)) != NULL);
	if (in != NULL)
		m.rc = filter(in, w, ctx, &m.e);
	if (m.rc == 0)
		m.rc = bk_writer_finish(w, &m.e);
	else if (m.e.code == BK_DATA)
		bk_writer_abandon(w);
	if (m.rc != 0)
		(void)close(fd);
	bk_writer_free(w);
	bk_reader_free(in);
	fuzz_agree(m.rc, &m.e);
	read_output(&m);
	return m;
}

void
fuzz_agree(int rc, const struct bk_err *e)
{
	CHECK(rc == 0 || rc == -1);
	CHECK((rc == 0) == (e->code == BK_OK));
	CHECK(memchr(e->msg, '\0', sizeof(e->msg)) != NULL);
	CHECK(rc == 0 || *e->msg != '\0');
}
