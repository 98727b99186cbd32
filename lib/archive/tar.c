#include "archive/tar.h"

#include <stdlib.h>
#include <string.h>

#include "archive/tar_in.h"
#include "base/num.h"
#include "stream/heads.h"

#define BLOCK BK_TAR_BLOCK
#define EXTRA_MAX (1024 * 1024)	/* bytes of a pax header or long name */

struct bk_tar {
	struct bk_source src;
	const char *name;
	uint64_t offset;	/* consumed */
	uint64_t left;		/* of the entry's data */
	size_t pad;		/* after the data */
	struct bk_buf path, link;	/* of the entry */
	struct bk_buf extra;	/* its pax records or long name */
	/* from extra, for the next header */
	int have_path, have_link, have_size;
	uint64_t next_size;
	int marked;		/* there is an opening mark: */
	struct bk_seal seal;
	uint64_t ends_at;	/* by the closing mark; 0: there is none yet */
	struct bk_tar_trailer trailer;
	struct bk_buf badpages;
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

unsigned
bk_tar_sum(const struct bk_tar_header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	size_t i, at = offsetof(struct bk_tar_header, sum);
	unsigned sum = 0;

	for (i = 0; i < sizeof(*h); i++)
		sum += i >= at && i < at + sizeof(h->sum) ? ' ' : p[i];
	return sum;
}

static int
checksum_matches(const struct bk_tar_header *h)
{
	uint64_t stored;

	return number(h->sum, sizeof(h->sum), &stored) == 0 &&
	    stored == bk_tar_sum(h);
}

int
bk_tar_recognise(const void *head, size_t n)
{
	struct bk_tar_header h;

	if (n < BLOCK)
		return 0;
	memcpy(&h, head, sizeof(h));
	return memcmp(h.magic, BK_HEAD_TAR, 5) == 0 && checksum_matches(&h);
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
	bk_buf_free(&t->link);
	bk_buf_free(&t->extra);
	bk_buf_free(&t->badpages);
	free(t);
}

const struct bk_seal *
bk_tar_seal(const struct bk_tar *t)
{
	return t->marked ? &t->seal : NULL;
}

const struct bk_tar_trailer *
bk_tar_trailer(const struct bk_tar *t)
{
	return &t->trailer;
}

static int
damaged(const struct bk_tar *t, const char *cause, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: damaged: tar: %s, at offset %ju",
	    t->name, cause, (uintmax_t)t->offset);
}

/* It ended before its end: unfinished, if it has marks to say so. */
static int
cut(const struct bk_tar *t, struct bk_err *e)
{
	if (!t->marked)
		return damaged(t, "unexpected end", e);
	return bk_fail(e, BK_DATA, "%s: unfinished: no closing mark; see the "
	    "messages of the command before it", t->name);
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
			return cut(t, e);
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
		return cut(t, e);
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

/* GNU's long name or link, NUL-terminated. */
static int
parse_long_name(struct bk_tar *t, struct bk_buf *name, int *have,
    struct bk_err *e)
{
	if (read_extra(t, e) == -1)
		return -1;
	if (t->extra.len == 0)
		return damaged(t, "an empty long name", e);
	name->len = 0;
	*have = 1;
	return bk_buf_add(name, t->extra.data,
	    strnlen(t->extra.data, t->extra.len), e);
}

static int
parse_name(struct bk_tar *t, const char *value, size_t n, struct bk_buf *name,
    int *have, struct bk_err *e)
{
	if (memchr(value, '\0', n) != NULL)
		return damaged(t, "a name that holds a NUL", e);
	name->len = 0;
	*have = 1;
	return bk_buf_add(name, value, n, e);
}

static int
parse_size(struct bk_tar *t, const char *value, size_t n, struct bk_err *e)
{
	size_t i;

	t->next_size = 0;
	t->have_size = 1;
	for (i = 0; i < n; i++) {
		if (value[i] < '0' || value[i] > '9' ||
		    t->next_size > (UINT64_MAX - 9) / 10)
			return damaged(t, "a malformed pax size", e);
		t->next_size = t->next_size * 10 + (uint64_t)(value[i] - '0');
	}
	return 0;
}

/*
 * A comment of a later header: the closing mark, if it says that the stream
 * ends after the rest bytes left of the header, an entry and two blocks of
 * zeros; or part of the trailer.
 */
static int
parse_comment(struct bk_tar *t, const char *value, size_t n, size_t rest,
    struct bk_err *e)
{
	char lsn[BK_LSN_TEXT];
	size_t key = strlen(BK_TAR_END), after = rest + t->pad + 3 * BLOCK;

	if (after < BK_SEAL_TAIL && bk_seal_closes(&t->seal, value, n,
	    (unsigned)after)) {
		t->ends_at = t->offset + t->pad + 3 * BLOCK;
		return 0;
	}
	if (n > key && n - key < sizeof(lsn) &&
	    memcmp(value, BK_TAR_END, key) == 0) {
		memcpy(lsn, value + key, n - key);
		lsn[n - key] = '\0';
		(void)bk_lsn_parse(lsn, &t->trailer.end);
	}
	key = strlen(BK_TAR_BADPAGES);
	if (n <= key || memcmp(value, BK_TAR_BADPAGES, key) != 0)
		return 0;
	t->badpages.len = 0;
	if (bk_buf_add(&t->badpages, value + key, n - key, e) == -1)
		return -1;
	t->trailer.badpages = t->badpages.data;
	return 0;
}

/* One pax record, KEY=VALUE, with rest bytes after the value. */
static int
parse_record(struct bk_tar *t, const char *p, size_t n, size_t rest,
    struct bk_err *e)
{
	const char *value = memchr(p, '=', n);

	if (value == NULL)
		return damaged(t, "a pax record without a value", e);
	value++;
	n -= (size_t)(value - p);
	if (strncmp(p, "path=", 5) == 0)
		return parse_name(t, value, n, &t->path, &t->have_path, e);
	if (strncmp(p, "linkpath=", 9) == 0)
		return parse_name(t, value, n, &t->link, &t->have_link, e);
	if (strncmp(p, "size=", 5) == 0)
		return parse_size(t, value, n, e);
	return t->marked && strncmp(p, BK_HEAD_TAR_MARK,
	    strlen(BK_HEAD_TAR_MARK)) == 0 ?
	    parse_comment(t, value, n, rest, e) : 0;
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
	t->trailer = (struct bk_tar_trailer){0};
	p = t->extra.data;
	end = p + t->extra.len;
	for (; p < end; p += len) {
		len = strtoul(p, &body, 10);
		if (body == p || *body != ' ' || len > (size_t)(end - p) ||
		    len <= (size_t)(body - p) + 1 || p[len - 1] != '\n')
			return damaged(t, "a malformed pax record", e);
		body++;
		if (parse_record(t, body, len - 1 - (size_t)(body - p),
		    (size_t)(end - (p + len - 1)), e) == -1)
			return -1;
	}
	return 0;
}

/*
 * A global header; the one that a stream begins with, whose block this is, may
 * hold its opening mark.
 */
static int
parse_global(struct bk_tar *t, const char block[BLOCK], struct bk_err *e)
{
	struct bk_buf head = {0};
	int first = t->offset == BLOCK, rc = -1;
	ptrdiff_t len;

	if (read_extra(t, e) == -1)
		return -1;
	if (!first)
		return 0;
	if (bk_buf_add(&head, block, BLOCK, e) == 0 &&
	    bk_buf_add(&head, t->extra.data, t->extra.len, e) == 0) {
		t->marked = bk_heads_mark(&t->seal, head.data, head.len,
		    &len) > 0;
		rc = !t->marked || len > 0 ? 0 :
		    damaged(t, "the label after its opening mark", e);
	}
	bk_buf_free(&head);
	return rc;
}

/* Without a long name, the path is prefix/name. */
static int
set_names(struct bk_tar *t, const struct bk_tar_header *h, struct bk_err *e)
{
	if (!t->have_path) {
		t->path.len = 0;
		if (h->prefix[0] != '\0' &&
		    memcmp(h->magic, BK_HEAD_TAR, 6) == 0 &&
		    (bk_buf_add(&t->path, h->prefix, strnlen(h->prefix,
		    sizeof(h->prefix)), e) == -1 ||
		    bk_buf_add(&t->path, "/", 1, e) == -1))
			return -1;
		if (bk_buf_add(&t->path, h->name, strnlen(h->name,
		    sizeof(h->name)), e) == -1)
			return -1;
	}
	if (t->have_link)
		return 0;
	t->link.len = 0;
	return bk_buf_add(&t->link, h->link, strnlen(h->link,
	    sizeof(h->link)), e);
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
	if (n == -1 || !t->marked)
		return (int)n;
	if (t->ends_at == 0)
		return cut(t, e);
	return t->offset == t->ends_at ? 0 :
	    damaged(t, "it does not end where its closing mark says", e);
}

/* An extended header, for the entry after it. */
static int
parse_extra(struct bk_tar *t, const char block[BLOCK], char type,
    struct bk_err *e)
{
	switch (type) {
	case 'g':
		return parse_global(t, block, e);
	case 'x':
		return parse_pax(t, e);
	case 'L':
		return parse_long_name(t, &t->path, &t->have_path, e);
	default:
		return parse_long_name(t, &t->link, &t->have_link, e);
	}
}

static int
is_extra(char type)
{
	return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

/* Parse a header: set the size of its data, the padding, *mode and *mtime. */
static int
parse_header(struct bk_tar *t, const struct bk_tar_header *h, uint64_t *mode,
    uint64_t *mtime, struct bk_err *e)
{
	if (!checksum_matches(h))
		return damaged(t, "a header with a wrong checksum", e);
	if (number(h->size, sizeof(h->size), &t->left) == -1 ||
	    number(h->mode, sizeof(h->mode), mode) == -1 ||
	    number(h->mtime, sizeof(h->mtime), mtime) == -1)
		return damaged(t, "a header with a malformed number", e);
	if (!is_extra(h->type) && t->have_size)
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
	struct bk_tar_header h;
	uint64_t mode, mtime;

	t->have_path = t->have_link = t->have_size = 0;
	for (;;) {
		if (skip(t, e) == -1 || read_block(t, block, e) == -1)
			return -1;
		if (is_zero(block))
			return read_end(t, e);
		memcpy(&h, block, sizeof(h));
		if (parse_header(t, &h, &mode, &mtime, e) == -1)
			return -1;
		if (!is_extra(h.type))
			break;
		if (parse_extra(t, block, h.type, e) == -1)
			return -1;
	}
	if (set_names(t, &h, e) == -1)
		return -1;
	if (h.type == '\0')
		h.type = '0';
	*entry = (struct bk_tar_entry){ .path = t->path.data,
	    .link = t->link.data, .type = h.type, .size = t->left,
	    .mode = (unsigned)(mode & 07777), .mtime = (time_t)mtime };
	return 1;
}
