/* bk_writer: what is written, when, and in which pieces. */
#define _GNU_SOURCE		/* memfd_create */
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream/reader.h"
#include "stream/seal.h"
#include "stream/writer.h"
#include "tap.h"

#define MAX (1024 * 1024)

static uint8_t model[MAX], back[MAX];

static int
new_file(void)
{
	int fd = memfd_create("stream", 0);

	if (fd == -1)
		abort();
	return fd;
}

static size_t
size_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		abort();
	return (size_t)st.st_size;
}

/* 1 if fd's file equals the model's first n bytes. */
static int
holds(int fd, size_t n)
{
	return size_of(fd) == n &&
	    pread(fd, back, n, 0) == (ssize_t)n && memcmp(back, model, n) == 0;
}

/* Sizes around every boundary, and random ones. */
static size_t
some_size(unsigned turn)
{
	static const size_t border[] = { 0, 1, 31, 32, 4095, 4096, 4097, 8192,
	    61439, 61440, 61441, 65535, 65536, 65537, 70000, 131072 };
	unsigned r = turn * 2654435761u;

	return r & 0x100000 ? border[(r >> 8) % 16] :
	    (r >> 8) % (r & 0x200000 ? 200 : 9000);
}

/*
 * Random writes; after each, at least the last BK_WRITER_HELD bytes must be
 * held.  Returns how often they were not, or the file differed from the model.
 */
static int
write_randomly(int envelope, unsigned seed)
{
	struct bk_err e = {0};
	int fd = new_file(), copy = dup(fd), bad = 0;
	struct bk_writer *out = bk_writer_open(copy, "output", &e);
	struct bk_seal seal;
	char opening[BK_SEAL_OPENING], closing[BK_SEAL_CLOSING + 1];
	uint8_t got[BK_SEAL_OPENING];
	size_t n, taken = 0, frame = 0;
	unsigned turn;

	if (envelope) {
		bad += bk_writer_envelope(out, &(struct bk_label){ .at = 1 },
		    &e) == -1;
		frame = BK_SEAL_MARK + strlen("(at=19700101T000001Z)");
	}
	for (turn = seed; turn < seed + 20; turn++) {
		n = some_size(turn);
		if (frame + taken + n > MAX - BK_SEAL_CLOSING)
			break;
		bad += bk_writer_write(out, model + frame + taken, n, &e) == -1;
		taken += n;
		bad += bk_writer_bytes(out) != taken;
		bad += size_of(fd) > 0 &&
		    size_of(fd) + BK_WRITER_HELD > frame + taken;
	}
	bad += bk_writer_finish(out, &e) == -1;
	bk_writer_free(out);
	bad += fcntl(copy, F_GETFD) != -1;	/* closed */
	if (envelope) {
		/* its seal is to be had from the stream alone */
		bad += pread(fd, got, frame, 0) != (ssize_t)frame ||
		    bk_seal_read(&seal, got, frame) != (ptrdiff_t)frame;
		memcpy(model, opening, bk_seal_open(&seal, opening));
		bad += pread(fd, closing, BK_SEAL_CLOSING,
		    (off_t)(frame + taken)) != BK_SEAL_CLOSING ||
		    !bk_seal_closes(&seal, closing, BK_SEAL_CLOSING, 0);
		memcpy(model + frame + taken, closing, BK_SEAL_CLOSING);
	}
	bad += !holds(fd, taken + frame + (envelope ? BK_SEAL_CLOSING : 0));
	close(fd);
	return bad;
}

static void
fill_model(void)
{
	size_t i;

	for (i = 0; i < MAX; i++)
		model[i] = (uint8_t)(i * 2654435761u >> 13);
}

static void
test_writes(void)
{
	unsigned seed;
	int plain = 0, envelope = 0;

	for (seed = 0; seed < 300; seed++) {
		fill_model();
		plain += write_randomly(0, seed * 20);
		fill_model();
		envelope += write_randomly(1, seed * 20);
	}
	is_int(plain, 0, "writes of all sizes are the stream, the end held");
	is_int(envelope, 0, "and so in an envelope");
}

/* Each write(2) is a packet here: the sizes of all of them, in order. */
static struct {
	int fd;
	size_t n, size[1000];
} packets;

static void *
receive(void *arg)
{
	ssize_t r;

	(void)arg;
	while ((r = recv(packets.fd, back, MAX, 0)) > 0)
		packets.size[packets.n++] = (size_t)r;
	return NULL;
}

static void
test_last_write(void)
{
	struct bk_err e = {0};
	struct bk_writer *out;
	pthread_t reader;
	size_t total, step, at, n;
	int sv[2], bad = 0;

	fill_model();
	for (total = 1; total < 150000; total = total * 5 / 4 + 1) {
		for (step = 100; step <= 100000; step *= 10) {
			if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv) == -1)
				abort();
			packets.fd = sv[1];
			packets.n = 0;
			pthread_create(&reader, NULL, receive, NULL);
			out = bk_writer_open(sv[0], "output", &e);
			for (at = 0; at < total; at += n) {
				n = total - at < step ? total - at : step;
				bad += bk_writer_write(out, model + at, n, &e);
			}
			bad += bk_writer_finish(out, &e);
			bk_writer_free(out);
			pthread_join(reader, NULL);
			close(sv[1]);
			n = total < BK_WRITER_HELD ? total : BK_WRITER_HELD;
			bad += packets.n == 0 ||
			    packets.size[packets.n - 1] != n;
		}
	}
	is_int(
	    bad, 0, "the last 4096 bytes leave in one write, all else before");
}

static void
test_patch(void)
{
	enum { BASE = 777 };
	struct bk_err e = {0};
	struct bk_writer *out;
	size_t taken, n, off, len;
	unsigned seed, turn;
	int fd, copy, bad = 0;

	for (seed = 0; seed < 300; seed++) {
		fill_model();
		memset(model, '#', BASE);
		fd = new_file();
		copy = dup(fd);
		if (write(copy, model, BASE) != BASE)
			abort();
		out = bk_writer_open(copy, "output", &e);
		for (taken = 0, turn = 0; turn < 12; turn++) {
			n = some_size(seed * 100 + turn);
			if (BASE + taken + n > MAX)
				break;
			bad += bk_writer_write(out, model + BASE + taken, n,
			    &e);
			taken += n;
			if (taken == 0)
				continue;
			/* anywhere, or across the end of what is written */
			off = turn & 1		    ? some_size(seed + turn) :
			    size_of(fd) - BASE > 50 ? size_of(fd) - BASE - 50 :
						      0;
			if (size_of(fd) < BASE || off >= taken)
				off = taken - 1;
			len = taken - off < 100 ? taken - off : 100;
			memset(model + BASE + off, (int)turn, len);
			bad += bk_writer_patch(out, off, model + BASE + off,
			    len, BASE, &e);
		}
		bad += bk_writer_finish(out, &e);
		bk_writer_free(out);
		bad += !holds(fd, BASE + taken);
		close(fd);
	}
	is_int(bad, 0, "patches hit what has left, what is held, and both");
}

/*
 * Abandon a decoder's output of n bytes, with m closing marks at its end and
 * behind bytes after each: does a reader take the result for complete?
 */
static int
abandoned(size_t n, int m, size_t behind)
{
	struct bk_err e = {0};
	struct bk_reader *in;
	int fd = new_file(), copy = dup(fd), i, rc;
	char opening[BK_SEAL_OPENING], closing[BK_SEAL_CLOSING + 1];
	struct bk_seal seal;
	struct bk_writer *out = bk_writer_open(copy, "output", &e);

	(void)bk_writer_write(out, "x", 1, &e);
	(void)bk_seal_new(&seal, NULL, &e);
	(void)bk_writer_write(out, opening, bk_seal_open(&seal, opening), &e);
	bk_seal_close(&seal, (unsigned)behind, closing);
	(void)bk_writer_write(out, model, n, &e);
	for (i = 0; i < m; i++) {
		(void)bk_writer_write(out, closing, BK_SEAL_CLOSING, &e);
		(void)bk_writer_write(out, model, behind, &e);
	}
	bk_writer_abandon(out);
	bk_writer_free(out);
	close(copy);		/* still open */
	(void)lseek(fd, 0, SEEK_SET);
	in = bk_reader_open(fd, "input", BK_READER_SEALED, &e);
	rc = in != NULL && bk_reader_drain(in, &e) == 0;
	/* the good data was written */
	if (size_of(fd) < 1 + strlen(opening) + n)
		rc = 1;
	bk_reader_free(in);
	close(fd);
	return rc;
}

static void
test_abandon(void)
{
	size_t n, behind;
	int bad = 0, m;

	fill_model();
	for (n = 0; n < 140000; n = n * 3 / 2 + 1)
		for (behind = 0; behind <= 40; behind++)
			for (m = 0; m < 4; m++)
				bad += abandoned(n, m, behind);
	for (n = 0; n < 140000; n = n * 3 / 2 + 1)
		for (behind = 0; behind <= 2400; behind += 120)
			for (m = 36; m < 1000; m = m * 5 / 4 + 1)
				bad += abandoned(n, m, behind);
	for (n = 61440 - 100; n < 61440 + 100; n++)
		bad += abandoned(n, 1, 8);
	is_int(bad, 0, "what was abandoned is never complete, and nothing "
	    "good is lost");
}

/* The label of an envelope around what has one, written in small pieces. */
static void
test_payloads_label(void)
{
	static const size_t step[] = { 1, 50, 4096, 70000 };
	char text[70000], opening[BK_SEAL_OPENING];
	struct bk_label label = { .at = 1000 };
	struct bk_seal seal;
	struct bk_err e = {0};
	struct bk_writer *out;
	struct bk_reader *in;
	size_t i, at, n;
	int fd;

	bk_label_set(&label, BK_LABEL_DB, "shop");
	(void)bk_seal_new(&seal, &label, &e);
	memset(text, 'x', sizeof(text));
	/* a tar's global header, the mark in its first record */
	memset(text, 0, 512);
	text[156] = 'g';
	memcpy(text + 257, "ustar", 5);
	(void)bk_seal_open(&seal, opening);
	(void)snprintf(text + 512, 800, "%zu comment=%s\n",
	    strlen("123 comment=\n") + strlen(opening), opening);
	for (i = 0; i < 2 * sizeof(step) / sizeof(step[0]); i++) {
		fd = new_file();
		out = bk_writer_open(dup(fd), "output", &e);
		(void)bk_writer_envelope(out, NULL, &e);
		n = i & 1 ? 5000 : sizeof(text);
		for (at = 0; at < n; at += step[i / 2])
			(void)bk_writer_write(out, text + at,
			    n - at < step[i / 2] ? n - at : step[i / 2], &e);
		(void)bk_writer_finish(out, &e);
		bk_writer_free(out);
		(void)lseek(fd, 0, SEEK_SET);
		in = bk_reader_open(fd, "input", 0, &e);
		ok(in != NULL && bk_reader_label(in)->at == 1000 &&
		    strcmp(bk_reader_label(in)->name, "shop") == 0 &&
		    bk_reader_envelope(in) && bk_reader_drain(in, &e) == 0 &&
		    bk_reader_bytes(in) == n, "the payload's label, %zu bytes "
		    "at a time", step[i / 2]);
		bk_reader_free(in);
		close(fd);
	}
}

/* Freed without bk_writer_finish(): the held bytes are missing. */
static void
test_free(void)
{
	struct bk_err e = {0};
	int fd = new_file();
	struct bk_writer *out = bk_writer_open(fd, "output", &e);

	(void)bk_writer_envelope(out, NULL, &e);
	(void)bk_writer_write(out, model, 70000, &e);
	(void)bk_writer_write(out, NULL, 0, &e);
	bk_writer_free(out);
	ok(size_of(fd) <= 70000 + BK_SEAL_OPENING - BK_WRITER_HELD,
	    "what is held is dropped");
	is_int(fcntl(fd, F_GETFD), 0, "and the descriptor left open");
	close(fd);
	bk_writer_free(NULL);
}

static void
test_failures(void)
{
	struct bk_err e = {0};
	struct bk_writer *out;
	int p[2], fd = open("/dev/full", O_WRONLY);

	out = bk_writer_open(fd, "output", &e);
	is_int(bk_writer_write(out, model, 10, &e), 0, "ten bytes are held");
	is_int(bk_writer_finish(out, &e), -1, "a full disk shows at the end");
	is_str(e.msg, "output: write: No space left on device", "and is named");
	is_int(e.code, BK_FAIL, "with 1");
	bk_writer_free(out);

	e = (struct bk_err){0};
	out = bk_writer_open(fd, "output", &e);
	(void)bk_writer_envelope(out, NULL, &e);
	is_int(bk_writer_write(out, model, MAX, &e), -1, "or at once");
	bk_writer_free(out);
	close(fd);

	e = (struct bk_err){0};
	(void)signal(SIGPIPE, SIG_IGN);
	if (pipe(p) == -1)
		abort();
	close(p[0]);
	out = bk_writer_open(p[1], "output", &e);
	is_int(bk_writer_write(out, model, MAX, &e), -1, "a reader that left");
	ok(e.quiet && e.code == BK_FAIL, "is no news to anybody");
	bk_writer_free(out);
	close(p[1]);
}

int
main(void)
{
	test_writes();
	test_last_write();
	test_patch();
	test_abandon();
	test_payloads_label();
	test_free();
	test_failures();
	return tap_done();
}
