/* bk_reader against a model: every length, every cut, every read size. */
#define _GNU_SOURCE		/* memfd_create */
#include <sys/mman.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "stream/reader.h"
#include "stream/seal.h"
#include "tap.h"

#define MAX (3 * BK_SEAL_HEAD)
#define GZIP 20			/* bytes before the mark, at least */

enum kind { PLAIN, MARKED, ENVELOPE, BOTH };

/* One stream: the bytes on the wire, and the payload to be returned. */
static struct {
	uint8_t wire[MAX + 4 * BK_SEAL_OPENING];
	size_t len;
	size_t mark;			/* where the opening mark is */
	const uint8_t *payload;		/* within wire */
	size_t payload_len;
} s;

/* The marks of the envelope, and of the payload. */
struct marks {
	char opening[BK_SEAL_OPENING], closing[BK_SEAL_CLOSING + 1];
	size_t len;			/* of opening */
};
static struct marks outer, inner;

static int file;	/* instead of a pipe: faster, can be rewound */

/* Fresh marks with this label, the closing one for `behind` more bytes. */
static void
make_marks(struct marks *m, const char *db, size_t behind)
{
	struct bk_label label = {0};
	struct bk_seal seal;
	struct bk_err e = {0};

	bk_label_set(&label, BK_LABEL_DB, db);
	if (bk_seal_new(&seal, &label, &e) == -1)
		abort();
	m->len = bk_seal_open(&seal, m->opening);
	bk_seal_close(&seal, (unsigned)behind, m->closing);
}

static uint8_t *
add(uint8_t *p, const char *text)
{
	memcpy(p, text, strlen(text));
	return p + strlen(text);
}

/* A gzip header, with at bytes of something before the mark. */
static uint8_t *
add_gzip(uint8_t *p, size_t at)
{
	size_t extra = 4 + at + 4 + inner.len;
	const uint8_t head[16] = { 0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255,
	    (uint8_t)extra, (uint8_t)(extra >> 8), 'B', 'X', (uint8_t)at,
	    (uint8_t)(at >> 8) };
	const uint8_t sub[4] = { 'B', 'S', (uint8_t)inner.len,
	    (uint8_t)(inner.len >> 8) };

	memcpy(p, head, sizeof(head));
	memset(p + sizeof(head), 'x', at);
	p += sizeof(head) + at;
	memcpy(p, sub, sizeof(sub));
	return add(p + sizeof(sub), inner.opening);
}

/*
 * A stream with n bytes of content.  MARKED: a gzip header before it, with an
 * opening mark at offset at, if it has room for it; a closing mark, with
 * `behind` bytes of the content after it; all this counts as payload.
 */
static void
make(enum kind kind, size_t n, size_t at, size_t behind)
{
	uint8_t *p = s.wire;
	int marked = kind == MARKED || kind == BOTH;
	size_t i;

	at = at > GZIP ? at - GZIP : 0;
	if (behind > n)
		behind = n;
	make_marks(&outer, "outer", 0);
	make_marks(&inner, "inner", behind);
	if (kind >= ENVELOPE)
		p = add(p, outer.opening);
	s.payload = p;
	if (marked)
		p = add_gzip(p, at);
	s.mark = marked ? GZIP + at : 0;
	for (i = 0; i < n; i++) {
		if (marked && i == n - behind)
			p = add(p, inner.closing);
		*p++ = (uint8_t)(i * 7 + i / 256 + 'A');
	}
	if (marked && behind == 0)
		p = add(p, inner.closing);
	s.payload_len = (size_t)(p - s.payload);
	if (kind >= ENVELOPE)
		p = add(p, outer.closing);
	s.len = (size_t)(p - s.wire);
}

static void
store(size_t len)
{
	if (ftruncate(file, 0) == -1 ||
	    pwrite(file, s.wire, len, 0) != (ssize_t)len)
		abort();
}

/*
 * Read fd in steps of step bytes (0: of varying size) to *got.  Returns the
 * result of bk_reader_open() or the last bk_reader_read(), 0 or -1; -2 if one
 * violated the contract.
 */
static int
read_all(int fd, unsigned flags, size_t step, uint8_t *buf, size_t *got,
    struct bk_err *e)
{
	struct bk_reader *in = bk_reader_open(fd, "input", flags, e);
	size_t n, turn = 0;
	ssize_t r = 0, before = 1;
	int broken = 0;

	*got = 0;
	if (in == NULL)
		return -1;
	do {
		n = step != 0 ? step : 1 + (++turn * 2654435761u >> 7) % 5000;
		if (n > sizeof(s.wire) - *got)
			n = sizeof(s.wire) - *got;
		if (n == 0)
			n = 1;
		r = bk_reader_read(in, buf + *got, n, e);
		if (r > (ssize_t)n || r < -1 || (r > 0 && before == 0))
			broken = 1;
		if (r >= 0 && r < (ssize_t)n)
			before = 0;	/* short: the end must come now */
		if (r > 0)
			*got += (size_t)r;
		if (bk_reader_bytes(in) != *got)
			broken = 1;
	} while (r > 0 && !broken);
	/* the verdict stays */
	if (bk_reader_read(in, buf, 1, e) != r)
		broken = 1;
	bk_reader_free(in);
	return broken ? -2 : (int)r;
}

static uint8_t back[sizeof(s.wire)];

/* 1 if the file is read as complete and gives the payload. */
static int
reads_whole(unsigned flags, size_t step)
{
	struct bk_err e = {0};
	size_t got;

	(void)lseek(file, 0, SEEK_SET);
	return read_all(file, flags, step, back, &got, &e) == 0 &&
	    got == s.payload_len && memcmp(back, s.payload, got) == 0 &&
	    e.code == BK_OK;
}

/* 1 if it is refused as unfinished, giving a prefix of the payload. */
static int
is_refused(unsigned flags, size_t step)
{
	struct bk_err e = {0};
	size_t got;

	(void)lseek(file, 0, SEEK_SET);
	return read_all(file, flags, step, back, &got, &e) == -1 &&
	    e.code == BK_DATA && got <= s.payload_len &&
	    memcmp(back, s.payload, got) == 0;
}

static void
test_every_size(void)
{
	static const char *const name[] =
	    { "plain", "marked", "envelope", "marked in an envelope" };
	size_t n, step;
	int kind, bad;

	for (kind = PLAIN; kind <= BOTH; kind++) {
		for (bad = 0, n = 0; n <= 200; n++) {
			make((enum kind)kind, n, n / 3, 32);
			store(s.len);
			for (step = 0; step <= 100; step++)
				bad += !reads_whole(0, step);
		}
		is_int(bad, 0, name[kind]);
		for (bad = 0, n = BK_SEAL_HEAD - 250; n < BK_SEAL_HEAD + 150;
		    n++) {
			make((enum kind)kind, n, n / 3, 5);
			store(s.len);
			for (step = 0; step <= 100; step += 9)
				bad += !reads_whole(0, step);
			bad += !reads_whole(0, n);
			bad += !reads_whole(0, BK_SEAL_HEAD + BK_SEAL_CLOSING);
		}
		is_int(bad, 0, "the same around 4096 bytes");
	}
}

/* The bytes before the end of the opening mark that is looked at. */
static size_t
until_marked(int kind)
{
	return kind == MARKED ? s.mark + inner.len : outer.len;
}

static void
test_every_cut(void)
{
	size_t cut, n;
	int kind, bad;

	for (kind = MARKED; kind <= BOTH; kind++) {
		for (bad = 0, n = 0; n <= 150; n += 3) {
			make((enum kind)kind, n, 0, n / 2);
			for (cut = until_marked(kind); cut < s.len; cut++) {
				store(cut);
				bad += !is_refused(0, 0);
				bad += !is_refused(0, 1 + cut % 97);
			}
			/* within the mark: its word is whole */
			for (cut = (kind == MARKED ? s.mark : 0) + 32;
			    cut < until_marked(kind); cut++) {
				store(cut);
				bad += !is_refused(0, 0);
			}
			/* and not even that */
			for (cut = 0; cut < 32; cut++) {
				store(cut);
				bad += !is_refused(BK_READER_SEALED, 0);
			}
		}
		is_int(bad, 0, kind == MARKED ? "no cut of a marked stream is "
		    "complete" : kind == ENVELOPE ? "no cut of an envelope is" :
		    "no cut of both is");
	}
}

/* Marks of other streams as the content, at each distance from each cut. */
static void
test_forged(void)
{
	struct marks other;
	size_t cut, n, i;
	int kind, bad = 0;

	for (kind = MARKED; kind <= BOTH; kind++) {
		for (n = 0; n < BK_SEAL_CLOSING; n++) {
			make((enum kind)kind, 1000, 100, 30);
			make_marks(&other, "evil", n);
			/* in place of the content behind the opening mark */
			i = until_marked(kind) + 200;
			for (; i + BK_SEAL_CLOSING < s.len - 200;
			    i += BK_SEAL_CLOSING)
				memcpy(s.wire + i, other.closing,
				    BK_SEAL_CLOSING);
			for (cut = 600; cut < s.len - 200; cut += 7) {
				store(cut);
				bad += !is_refused(0, 0);
			}
			store(s.len);
			bad += !reads_whole(BK_READER_SEALED, 0);
		}
	}
	is_int(bad, 0, "another stream's closing marks end nothing");
	make(MARKED, 1000, 500, 0);
	make_marks(&other, "evil", 0);
	memcpy(s.wire + 700, other.opening, other.len);
	store(s.len);
	ok(reads_whole(0, 0), "nor does another opening mark, further on");
	make(ENVELOPE, 1000, 0, 0);
	make_marks(&other, "evil", 0);
	memcpy(s.wire + outer.len, other.opening, other.len);
	store(s.len);
	ok(reads_whole(0, 0), "in an envelope nothing is looked for");
	memcpy(s.wire + s.len - BK_SEAL_CLOSING, other.closing,
	    BK_SEAL_CLOSING);
	store(s.len);
	ok(is_refused(0, 0), "and another's mark does not close it");
	memmove(s.wire + s.len - BK_SEAL_CLOSING - 50, outer.closing,
	    BK_SEAL_CLOSING);
	store(s.len);
	ok(is_refused(0, 0), "nor does its own, before the end");
}

static void
test_behind(void)
{
	make(ENVELOPE, 100, 0, 0);
	s.wire[s.len++] = '\n';
	store(s.len);
	s.payload_len = s.len;
	ok(is_refused(0, 0), "a byte behind an envelope is refused");
	make(MARKED, 5000, 0, BK_SEAL_TAIL - BK_SEAL_CLOSING);
	store(s.len);
	ok(reads_whole(0, 0), "2492 bytes behind the closing mark are fine");
	make(MARKED, 5000, 0, BK_SEAL_TAIL - BK_SEAL_CLOSING + 1);
	store(s.len);
	ok(is_refused(0, 0), "2493 are not");
}

static void
test_every_place(void)
{
	size_t at;
	int bad = 0;
	struct bk_err e = {0};
	struct bk_reader *in;

	make(MARKED, 1, 0, 0);
	for (at = GZIP; at <= BK_SEAL_HEAD - inner.len; at++) {
		make(MARKED, 6000, at, 0);
		store(s.len);
		bad += !reads_whole(BK_READER_SEALED, 0);
		/* its end is missing */
		memset(s.wire + s.len - BK_SEAL_CLOSING, 'x', BK_SEAL_CLOSING);
		store(s.len);
		bad += !is_refused(0, 0);
	}
	is_int(bad, 0, "a mark is seen at every offset within 4096 bytes");
	make(MARKED, 6000, BK_SEAL_HEAD - 31, 0);
	store(s.len - 1);
	(void)lseek(file, 0, SEEK_SET);
	in = bk_reader_open(file, "input", 0, &e);
	ok(in != NULL && !bk_reader_sealed(in) && bk_reader_drain(in, &e) == 0,
	    "one whose word ends at 4097 is not");
	bk_reader_free(in);
	make(MARKED, 6000, BK_SEAL_HEAD - inner.len + 1, 0);
	store(s.len);
	(void)lseek(file, 0, SEEK_SET);
	ok(bk_reader_open(file, "input", 0, &e) == NULL && e.code == BK_DATA,
	    "one whose label ends there is damaged");
}

/* 1 if the file without its closing mark is read as complete. */
static int
reads_prefix(unsigned flags)
{
	s.payload_len -= BK_SEAL_CLOSING;
	return reads_whole(flags, 7);
}

static void
test_flags(void)
{
	make(PLAIN, 0, 0, 0);
	store(0);
	ok(reads_whole(0, 1), "an empty stream is complete, unless");
	ok(is_refused(BK_READER_NONEMPTY, 1),
	    "somebody wants it not to be empty");
	ok(is_refused(BK_READER_SEALED, 1), "or sealed");
	make(ENVELOPE, 0, 0, 0);
	store(s.len);
	ok(reads_whole(BK_READER_SEALED, 1),
	    "an empty envelope is complete, unless");
	ok(is_refused(BK_READER_NONEMPTY, 1),
	    "somebody wants it not to be empty");
	make(MARKED, 100, 0, 0);
	store(s.len - BK_SEAL_CLOSING);
	ok(is_refused(0, 7), "a marked stream without its end is refused");
	ok(reads_prefix(BK_READER_PARSED), "unless its parser looks for it");
	make(ENVELOPE, 100, 0, 0);
	store(s.len - 1);
	ok(is_refused(BK_READER_PARSED, 7), "but never an envelope");
	make(PLAIN, 1, 0, 0);
	store(1);
	ok(reads_whole(BK_READER_NONEMPTY, 1), "one byte is not empty");
	ok(is_refused(BK_READER_SEALED, 1), "and not sealed");
}

/* The output of a command that died before its first byte. */
static void
test_empty_pipe(void)
{
	struct bk_err e = {0};
	struct bk_reader *in;
	int p[2];

	if (pipe(p) == -1)
		abort();
	close(p[1]);
	in = bk_reader_open(p[0], "input", 0, &e);
	ok(in != NULL && bk_reader_drain(in, &e) == -1 && e.code == BK_DATA,
	    "an empty pipe is unfinished");
	bk_reader_free(in);
	close(p[0]);
}

/* bk_reader_head(): the payload's first 4096 bytes, without an envelope. */
static void
test_head(void)
{
	struct bk_err e = {0};
	struct bk_reader *in;
	const uint8_t *head;
	size_t n, len, want;
	int kind, bad;

	for (kind = PLAIN; kind <= ENVELOPE; kind += ENVELOPE - PLAIN) {
		for (bad = 0, n = 0; n < BK_SEAL_HEAD + 200;
		    n += n < 70 || n > 3900 ? 1 : 100) {
			make((enum kind)kind, n, 0, 0);
			store(s.len);
			(void)lseek(file, 0, SEEK_SET);
			in = bk_reader_open(file, "input", 0, &e);
			head = bk_reader_head(in, &len);
			want = n < BK_SEAL_HEAD ? n : BK_SEAL_HEAD;
			bad += len != want || memcmp(head, s.payload, len) != 0;
			bk_reader_free(in);
		}
		is_int(bad, 0, kind == PLAIN ? "a plain stream's head" :
		    "an envelope's head is what is inside");
	}
	make(ENVELOPE, 100, 0, 0);
	for (bad = 0, n = outer.len; n < s.len; n++) {
		store(n);
		(void)lseek(file, 0, SEEK_SET);
		if ((in = bk_reader_open(file, "input", 0, &e)) == NULL)
			continue;
		head = bk_reader_head(in, &len);
		bad += len > 100 || memcmp(head, s.payload, len) != 0;
		bk_reader_free(in);
	}
	is_int(bad, 0, "the head of an envelope that was cut holds no mark");
}

static void
test_label(void)
{
	static const char *const want[] = { "", "inner", "outer", "outer" };
	struct bk_err e = {0};
	struct bk_reader *in;
	int kind;

	for (kind = PLAIN; kind <= BOTH; kind++) {
		make((enum kind)kind, 300, 100, 0);
		store(s.len);
		(void)lseek(file, 0, SEEK_SET);
		in = bk_reader_open(file, "input", 0, &e);
		is_str(bk_reader_label(in)->name, want[kind], "the label");
		is_int(bk_reader_sealed(in), kind != PLAIN, "sealed or not");
		is_int(bk_reader_envelope(in), kind >= ENVELOPE, "enveloped");
		is_int(bk_reader_drain(in, &e), 0, "and it drains");
		bk_reader_free(in);
	}
}

static void *
dribble(void *arg)
{
	int fd = *(int *)arg;
	size_t i;

	for (i = 0; i < s.len; i++)
		if (write(fd, s.wire + i, 1) != 1)
			break;
	close(fd);
	return NULL;
}

/* One byte at a time through a pipe, the reader's end blocking or not. */
static void
test_dribble(void)
{
	pthread_t writer;
	struct bk_err e;
	size_t n, got;
	int p[2], kind, bad = 0, rc;

	for (kind = PLAIN; kind <= BOTH; kind++) {
		for (n = 1; n < 400; n += 57) {
			make((enum kind)kind, n, n / 2, 0);
			if (n == 115 && kind >= MARKED)
				s.len--;
			e = (struct bk_err){0};
			if (pipe(p) == -1)
				abort();
			if (n & 1)
				(void)fcntl(p[0], F_SETFL, O_NONBLOCK);
			pthread_create(&writer, NULL, dribble, &p[1]);
			rc = read_all(p[0], 0, n % 40, back, &got, &e);
			pthread_join(writer, NULL);
			close(p[0]);
			if (n == 115 && kind >= MARKED)
				bad += rc != -1 || e.code != BK_DATA;
			else
				bad += rc != 0 || got != s.payload_len ||
				    memcmp(back, s.payload, got) != 0;
		}
	}
	is_int(bad, 0, "bytes that dribble in are the same stream");
}

static void
test_failing_read(void)
{
	struct bk_err e = {0};
	int fd = open("/", O_RDONLY);

	ok(bk_reader_open(fd, "that", 0, &e) == NULL,
	    "a read that fails is seen");
	is_int(e.code, BK_FAIL, "and is no verdict on the data");
	is_str(e.msg, "that: read: Is a directory", "and is named");
	close(fd);
}

struct waiting {
	struct bk_reader *in;
	ssize_t got;
	struct bk_err e;
};

static void *
read_on(void *arg)
{
	struct waiting *w = arg;

	w->got = bk_reader_read(w->in, back, sizeof(back), &w->e);
	return NULL;
}

/* The input blocks; another thread stops the read, early or late. */
static void
test_stop(void)
{
	struct waiting w;
	pthread_t reader;
	int p[2], i, k, bad = 0;

	make(PLAIN, 2 * BK_SEAL_HEAD, 0, 0);
	for (i = 0; i < 200; i++) {
		w = (struct waiting){0};
		if (pipe(p) == -1 ||
		    write(p[1], s.wire, s.len) != (ssize_t)s.len)
			abort();
		if (i & 1)
			(void)fcntl(p[0], F_SETFL, O_NONBLOCK);
		w.in = bk_reader_open(p[0], "input", 0, &w.e);
		pthread_create(&reader, NULL, read_on, &w);
		for (k = 0; k < i; k++)
			sched_yield();
		bk_reader_stop(w.in);
		pthread_join(reader, NULL);
		bad += w.got != -1 || w.e.code != BK_FAIL ||
		    strcmp(w.e.msg, "input: stopped") != 0;
		w.e = (struct bk_err){0};
		bad += bk_reader_read(w.in, back, sizeof(back), &w.e) != -1;
		bk_reader_free(w.in);
		close(p[0]);
		close(p[1]);
	}
	is_int(bad, 0, "a read that waits for input can be stopped, and those "
	    "behind it");
}

int
main(void)
{
	alarm(300);		/* a hang is a failure */

	if ((file = memfd_create("stream", 0)) == -1)
		return 1;
	test_every_size();
	test_every_cut();
	test_forged();
	test_behind();
	test_every_place();
	test_flags();
	test_empty_pipe();
	test_head();
	test_label();
	test_dribble();
	test_failing_read();
	test_stop();
	return tap_done();
}
