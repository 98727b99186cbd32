#define _GNU_SOURCE		/* memmem */
#include "base/seal.h"

#include <sys/random.h>

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/percent.h"
#include "base/utctime.h"

#define WORD 32			/* characters of a mark before the nonce */
#define HEX "0123456789abcdef"
#define STAMP 16		/* characters of 20261122T131415Z */

/*
 * Each in two halves, so that neither this file nor a program built from it
 * puts a whole word within the first 4 KiB of some archive.
 */
static const char opening[2][17] = { "d7636d9f9e01d874", "3dbd8c4258d5509b" };
static const char closing[2][17] = { "d5a064ce4d5893b6", "1e5f96ecacbe0cfa" };

static char opening_word[WORD + 1], closing_word[WORD + 1];

__attribute__((constructor)) static void
join_halves(void)
{
	(void)snprintf(opening_word, sizeof(opening_word), "%s%s",
	    opening[0], opening[1]);
	(void)snprintf(closing_word, sizeof(closing_word), "%s%s",
	    closing[0], closing[1]);
}

/* bytes random ones as hex digits and a NUL. */
static int
random_hex(char *out, size_t bytes, struct bk_err *e)
{
	uint8_t bits[BK_SEAL_NONCE / 2];

	/* so few bytes come whole, or not at all */
	if (getrandom(bits, bytes, 0) != (ssize_t)bytes)
		return bk_fail_errno(e, "getrandom");
	bk_hex(bits, bytes, out);
	return 0;
}

static int
is_plain(unsigned char c)
{
	return isalnum(c) || c == '.' || c == '_' || c == '-';
}

/* The label's name, encoded; 0 if it is empty or too long. */
static int
encode_name(const char *name, struct bk_buf *out)
{
	struct bk_err ignored = {0};

	return *name != '\0' &&
	    bk_percent_encode(out, name, is_plain, &ignored) == 0 &&
	    out->len < BK_LABEL_NAME;
}

void
bk_label_set(struct bk_label *l, enum bk_label_kind kind, const char *name)
{
	struct bk_buf b = {0};

	l->kind = BK_LABEL_NONE;
	l->name[0] = '\0';
	if (kind != BK_LABEL_NONE && name != NULL && encode_name(name, &b)) {
		l->kind = kind;
		(void)snprintf(l->name, sizeof(l->name), "%s", name);
	}
	bk_buf_free(&b);
}

int
bk_label_run(char run[BK_LABEL_RUN], struct bk_err *e)
{
	return random_hex(run, (BK_LABEL_RUN - 1) / 2, e);
}

int
bk_seal_new(struct bk_seal *s, const struct bk_label *label, struct bk_err *e)
{
	memset(s, 0, sizeof(*s));
	if (label != NULL)
		s->label = *label;
	return random_hex(s->nonce, BK_SEAL_NONCE / 2, e);
}

/* "(db=shop;at=20261122T131415Z;run=0123456789abcdef)" */
static void
format_label(const struct bk_label *l, char out[BK_SEAL_LABEL])
{
	char at[BK_UTCTIME_TEXT] = "";
	struct bk_buf name = {0};
	int named = l->kind != BK_LABEL_NONE && encode_name(l->name, &name);

	if (l->at > 0)
		bk_utctime_compact(l->at, at);
	(void)snprintf(out, BK_SEAL_LABEL, "(%s%s%s%s%s%s%s%s)",
	    !named ? "" : l->kind == BK_LABEL_DB ? "db=" : "cluster=",
	    named ? name.data : "",
	    named && *at != '\0' ? ";" : "", *at != '\0' ? "at=" : "", at,
	    (named || *at != '\0') && *l->run != '\0' ? ";" : "",
	    *l->run != '\0' ? "run=" : "", l->run);
	bk_buf_free(&name);
}

size_t
bk_seal_open(const struct bk_seal *s, char out[BK_SEAL_OPENING])
{
	memcpy(out, opening_word, WORD);
	memcpy(out + WORD, s->nonce, BK_SEAL_NONCE);
	format_label(&s->label, out + BK_SEAL_LEN);
	return strlen(out);
}

void
bk_seal_close(const struct bk_seal *s, unsigned after,
    char out[BK_SEAL_CLOSING + 1])
{
	(void)snprintf(out, BK_SEAL_CLOSING + 1, "%s%s%02x", closing_word,
	    s->nonce, after & 0xff);
}

static int
parse_name(struct bk_label *l, enum bk_label_kind kind, const char *s)
{
	if (strlen(s) >= sizeof(l->name) || *s == '\0')
		return -1;
	(void)snprintf(l->name, sizeof(l->name), "%s", s);
	l->kind = kind;
	return bk_percent_decode(l->name);
}

static int
parse_at(struct bk_label *l, const char *s)
{
	char text[BK_UTCTIME_TEXT], again[BK_UTCTIME_TEXT];

	if (strlen(s) != STAMP)
		return -1;
	(void)snprintf(text, sizeof(text), "%.4s-%.2s-%.5s:%.2s:%.3s", s, s + 4,
	    s + 6, s + 11, s + 13);
	if (bk_utctime_parse(text, strlen(text), &l->at) == -1)
		return -1;
	bk_utctime_compact(l->at, again);
	return strcmp(again, s) == 0 ? 0 : -1;
}

static int
parse_run(struct bk_label *l, const char *s)
{
	if (strlen(s) != BK_LABEL_RUN - 1 || strspn(s, HEX) != strlen(s))
		return -1;
	memcpy(l->run, s, BK_LABEL_RUN);
	return 0;
}

/* The fields between the parentheses, in their order; modifies s. */
static int
parse_fields(struct bk_label *l, char *s)
{
	char *save = NULL, *f = strtok_r(s, ";", &save);

	if (f != NULL && strncmp(f, "db=", 3) == 0) {
		if (parse_name(l, BK_LABEL_DB, f + 3) == -1)
			return -1;
		f = strtok_r(NULL, ";", &save);
	} else if (f != NULL && strncmp(f, "cluster=", 8) == 0) {
		if (parse_name(l, BK_LABEL_CLUSTER, f + 8) == -1)
			return -1;
		f = strtok_r(NULL, ";", &save);
	}
	if (f != NULL && strncmp(f, "at=", 3) == 0) {
		if (parse_at(l, f + 3) == -1)
			return -1;
		f = strtok_r(NULL, ";", &save);
	}
	if (f != NULL && strncmp(f, "run=", 4) == 0) {
		if (parse_run(l, f + 4) == -1)
			return -1;
		f = strtok_r(NULL, ";", &save);
	}
	return f == NULL ? 0 : -1;
}

/* The label at s, which has n bytes: its length, or -1. */
static ptrdiff_t
parse_label(struct bk_label *l, const char *s, size_t n)
{
	char text[BK_SEAL_LABEL], again[BK_SEAL_LABEL];
	const char *end;
	size_t len;

	if (n >= BK_SEAL_LABEL)
		n = BK_SEAL_LABEL - 1;
	if (n == 0 || *s != '(' || (end = memchr(s, ')', n)) == NULL)
		return -1;
	len = (size_t)(end - s) + 1;
	memcpy(text, s + 1, len - 2);
	text[len - 2] = '\0';
	if (strlen(text) != len - 2 || parse_fields(l, text) == -1)
		return -1;
	/* exactly as it is written: one label has one form */
	format_label(l, again);
	return strlen(again) == len && memcmp(again, s, len) == 0 ?
	    (ptrdiff_t)len : -1;
}

static int
is_hex(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] == '\0' || strchr(HEX, s[i]) == NULL)
			return 0;
	return 1;
}

ptrdiff_t
bk_seal_read(struct bk_seal *s, const void *p, size_t n)
{
	const char *c = p;
	ptrdiff_t len;

	memset(s, 0, sizeof(*s));
	if (n < WORD || memcmp(c, opening_word, WORD) != 0 ||
	    !is_hex(c + WORD, n < BK_SEAL_LEN ? n - WORD : BK_SEAL_NONCE))
		return 0;
	if (n < BK_SEAL_LEN)
		return -1;
	memcpy(s->nonce, c + WORD, BK_SEAL_NONCE);
	len = parse_label(&s->label, c + BK_SEAL_LEN, n - BK_SEAL_LEN);
	if (len == -1)
		memset(&s->label, 0, sizeof(s->label));
	return len == -1 ? -1 : BK_SEAL_LEN + len;
}

ptrdiff_t
bk_seal_find(struct bk_seal *s, const void *head, size_t n, ptrdiff_t *len)
{
	const char *h = head, *p = h;

	if (n > BK_SEAL_HEAD)
		n = BK_SEAL_HEAD;
	while ((p = memmem(p, n - (size_t)(p - h), opening_word, WORD)) !=
	    NULL) {
		*len = bk_seal_read(s, p, n - (size_t)(p - h));
		if (*len != 0)
			return p - h;
		p++;
	}
	memset(s, 0, sizeof(*s));
	*len = 0;
	return -1;
}

int
bk_seal_closes(const struct bk_seal *s, const void *p, size_t n,
    unsigned after)
{
	char want[BK_SEAL_CLOSING + 1];

	bk_seal_close(s, after, want);
	return n == BK_SEAL_CLOSING && *s->nonce != '\0' &&
	    memcmp(p, want, n) == 0;
}

int
bk_seal_ends(const struct bk_seal *s, const void *tail, size_t n)
{
	char mark[BK_SEAL_CLOSING + 1];
	size_t skip = n > BK_SEAL_TAIL ? n - BK_SEAL_TAIL : 0;
	const char *end = (const char *)tail + n, *p;

	bk_seal_close(s, 0, mark);
	p = memmem((const char *)tail + skip, n - skip, mark, BK_SEAL_LEN);
	if (p == NULL || end - p < BK_SEAL_CLOSING)
		return 0;
	return bk_seal_closes(s, p, BK_SEAL_CLOSING,
	    (unsigned)(end - p) - BK_SEAL_CLOSING);
}

ptrdiff_t
bk_seal_find_closing(const void *tail, size_t n)
{
	const char *t = tail, *p = t + (n > BK_SEAL_TAIL ? n - BK_SEAL_TAIL :
	    0);

	while ((p = memmem(p, n - (size_t)(p - t), closing_word, WORD)) !=
	    NULL) {
		if (n - (size_t)(p - t) >= BK_SEAL_LEN &&
		    is_hex(p + WORD, BK_SEAL_NONCE))
			return p - t;
		p++;
	}
	return -1;
}
