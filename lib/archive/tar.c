#include "archive/tar.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 512
#define EXTRA_MAX (1024 * 1024)	/* bytes of a pax header or long name */

struct header {			/* POSIX ustar */
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8];
	char type, link[100], magic[6], version[2], uname[32], gname[32];
	char major[8], minor[8], prefix[155], pad[12];
};

struct bk_tar {
	struct bk_source src;
	const char *name;
	uint64_t offset;	/* consumed */
	uint64_t left;		/* of the entry's data */
	size_t pad;		/* after the data */
	struct bk_buf path;	/* of the entry */
	struct bk_buf extra;	/* its pax records or long name */
	int have_path, have_size;	/* from extra, for the next header */
	uint64_t next_size;
};

/* Parse an octal number or GNU's base 256; 0, or -1 if malformed. */
static int
number(const char *p, size_t n, uint64_t *out)
{
	size_t i = 0;

	*out = 0;
	if ((unsigned char)p[0] == 0x80) {
		for (i = 1; i < n; i++) {
			if (*out > UINT64_MAX >> 8)
				return -1;
			*out = *out << 8 | (unsigned char)p[i];
		}
		return 0;
	}
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] != ' ' && p[i] != '\0'; i++) {
		if (p[i] < '0' || p[i] > '7' || *out > UINT64_MAX >> 3)
			return -1;
		*out = *out << 3 | (uint64_t)(p[i] - '0');
	}
	return 0;
}

/* The sum of the header's bytes, with blanks in place of the sum itself. */
static int
checksum_matches(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	size_t i, at = offsetof(struct header, sum);
	uint64_t stored, sum = 0;

	for (i = 0; i < BLOCK; i++)
		sum += i >= at && i < at + sizeof(h->sum) ? ' ' : p[i];
	return number(h->sum, sizeof(h->sum), &stored) == 0 && stored == sum;
}

int
bk_tar_recognise(const void *head, size_t n)
{
	struct header h;

	if (n < BLOCK)
		return 0;
	memcpy(&h, head, sizeof(h));
	return memcmp(h.magic, "ustar", 5) == 0 && checksum_matches(&h);
}

struct bk_tar *
bk_tar_open(struct bk_source src, const char *name, struct bk_err *e)
{
	struct bk_tar *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	t->src = src;
	t->name = name;
	return t;
}

void
bk_tar_free(struct bk_tar *t)
{
	if (t == NULL)
		return;
	bk_buf_free(&t->path);
	bk_buf_free(&t->extra);
	free(t);
}

static int
damaged(const struct bk_tar *t, const char *cause, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: damaged: tar: %s, at offset %ju",
	    t->name, cause, (uintmax_t)t->offset);
}

static ssize_t
read_some(struct bk_tar *t, void *buf, size_t n, struct bk_err *e)
{
	ssize_t r = t->src.read(t->src.ctx, buf, n, e);

	if (r > 0)
		t->offset += (uint64_t)r;
	return r;
}

/* Read a complete block; 0, or -1 with *e set: BK_DATA also at the end. */
static int
read_block(struct bk_tar *t, char block[BLOCK], struct bk_err *e)
{
	size_t have = 0;
	ssize_t r;

	for (; have < BLOCK; have += (size_t)r) {
		r = read_some(t, block + have, BLOCK - have, e);
		if (r == -1)
			return -1;
		if (r == 0)
			return damaged(t, "unexpected end", e);
	}
	return 0;
}

ssize_t
bk_tar_data(struct bk_tar *t, void *buf, size_t n, struct bk_err *e)
{
	ssize_t r;

	if (t->left == 0)
		return 0;
	if (n > t->left)
		n = (size_t)t->left;
	if ((r = read_some(t, buf, n, e)) == 0)
		return damaged(t, "unexpected end", e);
	if (r > 0)
		t->left -= (uint64_t)r;
	return r;
}

/* Skip to the next header. */
static int
skip(struct bk_tar *t, struct bk_err *e)
{
	char scratch[16 * 1024];
	ssize_t n;

	while ((n = bk_tar_data(t, scratch, sizeof(scratch), e)) > 0)
		continue;
	if (n == -1)
		return -1;
	t->left = t->pad;
	t->pad = 0;
	while ((n = bk_tar_data(t, scratch, sizeof(scratch), e)) > 0)
		continue;
	return (int)n;
}

/* Read the data of an extended header. */
static int
read_extra(struct bk_tar *t, struct bk_err *e)
{
	char piece[4096];
	ssize_t n;

	t->extra.len = 0;
	if (t->left > EXTRA_MAX)
		return damaged(t, "an extended header is too long", e);
	while ((n = bk_tar_data(t, piece, sizeof(piece), e)) > 0)
		if (bk_buf_add(&t->extra, piece, (size_t)n, e) == -1)
			return -1;
	return (int)n;
}

/* GNU's long name, NUL-terminated. */
static int
parse_long_name(struct bk_tar *t, struct bk_err *e)
{
	if (read_extra(t, e) == -1)
		return -1;
	if (t->extra.len == 0)
		return damaged(t, "an empty long name", e);
	t->path.len = 0;
	t->have_path = 1;
	return bk_buf_add(&t->path, t->extra.data,
	    strnlen(t->extra.data, t->extra.len), e);
}

/* One pax record, "LENGTH KEY=VALUE\n"; only path and size matter. */
static int
parse_record(struct bk_tar *t, const char *p, size_t n, struct bk_err *e)
{
	const char *value = memchr(p, '=', n);
	size_t len, i;

	if (value == NULL)
		return damaged(t, "a pax record without a value", e);
	value++;
	len = n - (size_t)(value - p);
	if (strncmp(p, "path=", 5) == 0) {
		t->path.len = 0;
		t->have_path = 1;
		return bk_buf_add(&t->path, value, len, e);
	}
	if (strncmp(p, "size=", 5) != 0)
		return 0;
	t->next_size = 0;
	t->have_size = 1;
	for (i = 0; i < len; i++) {
		if (value[i] < '0' || value[i] > '9' ||
		    t->next_size > (UINT64_MAX - 9) / 10)
			return damaged(t, "a malformed pax size", e);
		t->next_size = t->next_size * 10 + (uint64_t)(value[i] - '0');
	}
	return 0;
}

static int
parse_pax(struct bk_tar *t, struct bk_err *e)
{
	char *p, *end, *body;
	unsigned long len;

	if (read_extra(t, e) == -1)
		return -1;
	if (t->extra.len == 0)
		return 0;
	p = t->extra.data;
	end = p + t->extra.len;
	for (; p < end; p += len) {
		len = strtoul(p, &body, 10);
		if (body == p || *body != ' ' || len > (size_t)(end - p) ||
		    len <= (size_t)(body - p) + 1 || p[len - 1] != '\n')
			return damaged(t, "a malformed pax record", e);
		body++;
		if (parse_record(t, body, len - 1 - (size_t)(body - p), e) ==
		    -1)
			return -1;
	}
	return 0;
}

/* Without a long name, the path is prefix/name. */
static int
set_path(struct bk_tar *t, const struct header *h, struct bk_err *e)
{
	if (t->have_path)
		return 0;
	t->path.len = 0;
	if (h->prefix[0] != '\0' && memcmp(h->magic, "ustar", 6) == 0 &&
	    (bk_buf_add(&t->path, h->prefix, strnlen(h->prefix,
	    sizeof(h->prefix)), e) == -1 ||
	    bk_buf_add(&t->path, "/", 1, e) == -1))
		return -1;
	return bk_buf_add(&t->path, h->name, strnlen(h->name, sizeof(h->name)),
	    e);
}

/* After one block of zeros: another must follow, then only zeros. */
static int
read_end(struct bk_tar *t, struct bk_err *e)
{
	char block[16 * 1024];
	ssize_t n, i;

	if (read_block(t, block, e) == -1)
		return -1;
	for (n = BLOCK; n > 0; n = read_some(t, block, sizeof(block), e))
		for (i = 0; i < n; i++)
			if (block[i] != '\0')
				return damaged(t, "data after its end", e);
	return (int)n;
}

/* Parse a header: set the size of its data, the padding and *mtime. */
static int
parse_header(struct bk_tar *t, const struct header *h, uint64_t *mtime,
    struct bk_err *e)
{
	if (!checksum_matches(h))
		return damaged(t, "a header with a wrong checksum", e);
	if (number(h->size, sizeof(h->size), &t->left) == -1 ||
	    number(h->mtime, sizeof(h->mtime), mtime) == -1)
		return damaged(t, "a header with a malformed number", e);
	if (h->type != 'x' && h->type != 'g' && h->type != 'L' && t->have_size)
		t->left = t->next_size;
	if (h->type == '1' || h->type == '2' || h->type == '5')
		t->left = 0;
	t->pad = (BLOCK - (size_t)(t->left % BLOCK)) % BLOCK;
	return 0;
}

static int
is_zero(const char block[BLOCK])
{
	return block[0] == '\0' && memcmp(block, block + 1, BLOCK - 1) == 0;
}

int
bk_tar_next(struct bk_tar *t, struct bk_tar_entry *entry, struct bk_err *e)
{
	char block[BLOCK];
	struct header h;
	uint64_t mtime;

	t->have_path = t->have_size = 0;
	for (;;) {
		if (skip(t, e) == -1 || read_block(t, block, e) == -1)
			return -1;
		if (is_zero(block))
			return read_end(t, e);
		memcpy(&h, block, sizeof(h));
		if (parse_header(t, &h, &mtime, e) == -1)
			return -1;
		if (h.type == 'x' && parse_pax(t, e) == -1)
			return -1;
		if (h.type == 'L' && parse_long_name(t, e) == -1)
			return -1;
		if (h.type != 'x' && h.type != 'g' && h.type != 'L' &&
		    h.type != 'K')
			break;
	}
	if (set_path(t, &h, e) == -1)
		return -1;
	if (h.type == '\0')
		h.type = '0';
	*entry = (struct bk_tar_entry){ .path = t->path.data,
	    .type = h.type, .size = t->left, .mtime = (time_t)mtime };
	return 1;
}
