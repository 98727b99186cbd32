#define _GNU_SOURCE		/* getentropy, memmem */
#include "stream/seal.h"

#include <ctype.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/percent.h"
#include "base/utctime.h"

#define WORD 32			/* characters of a mark, before what varies */
#define CLOSE (WORD + BK_SEAL_NONCE)	/* of a closing one */
#define HEX "0123456789abcdef"
#define STAMP 16		/* characters of 20261122T131415Z */
#define NAME_CODE (BK_LABEL_NAME - 1)	/* of an encoded name, at most */
#define HOST_CODE 96			/* of an encoded host */

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

	if (getentropy(bits, bytes) == -1)
		return bk_fail_errno(e, "getentropy");
	bk_hex(bits, bytes, out);
	return 0;
}

static void
sum_of(const char nonce[BK_SEAL_NONCE], char out[BK_SEAL_SUM + 1])
{
	(void)SHA256Data((const uint8_t *)nonce, BK_SEAL_NONCE, out);
}

static int
is_plain(unsigned char c)
{
	return isalnum(c) || c == '.' || c == '_' || c == '-';
}

/* A name, encoded into at most max characters; 0 if it is empty or longer. */
static int
encode(const char *name, size_t max, char out[BK_LABEL_NAME])
{
	return *name != '\0' &&
	    bk_percent_fit(out, max + 1, name, is_plain) == 0;
}

void
bk_label_set(struct bk_label *l, enum bk_label_kind kind, const char *name)
{
	char code[BK_LABEL_NAME];

	l->kind = BK_LABEL_NONE;
	l->name[0] = '\0';
	if (kind != BK_LABEL_NONE && name != NULL &&
	    encode(name, NAME_CODE, code)) {
		l->kind = kind;
		(void)snprintf(l->name, sizeof(l->name), "%s", name);
	}
}

void
bk_label_host(struct bk_label *l, const char *host)
{
	char code[BK_LABEL_NAME];

	l->host[0] = '\0';
	if (strlen(host) < sizeof(l->host) && encode(host, HOST_CODE, code))
		(void)snprintf(l->host, sizeof(l->host), "%s", host);
}

int
bk_label_wal(struct bk_label *l, const char *name)
{
	if (bk_wal_file_kind(name) == BK_WAL_FILE_OTHER)
		return -1;
	memcpy(l->wal, name, strlen(name) + 1);
	return 0;
}

int
bk_label_is_wal(const struct bk_label *l)
{
	return *l->wal != '\0' && *l->sum != '\0';
}

int
bk_label_is_partial(const char *name)
{
	return bk_wal_file_kind(name) == BK_WAL_FILE_PARTIAL;
}

enum bk_label_held
bk_label_held(const struct bk_label *stored, const struct bk_label *now)
{
	if (!bk_label_is_wal(stored) || strcmp(stored->wal, now->wal) != 0)
		return BK_HELD_OTHER;
	if (strcmp(stored->sum, now->sum) == 0)
		return BK_HELD_SAME;
	return bk_label_is_partial(now->wal) && stored->kind == now->kind &&
	    strcmp(stored->name, now->name) == 0 &&
	    strcmp(stored->sum, now->prior) == 0 ? BK_HELD_EARLIER :
	    BK_HELD_OTHER;
}

void
bk_label_note(struct bk_label *held, const struct bk_label *stored,
    const struct bk_label *now)
{
	if (held == NULL || !bk_label_is_partial(now->wal))
		return;
	*held = (struct bk_label){0};
	if (bk_label_is_wal(stored) && strcmp(stored->wal, now->wal) == 0 &&
	    stored->kind == now->kind && strcmp(stored->name, now->name) == 0)
		*held = *stored;
	memcpy(held->wal, now->wal, sizeof(held->wal));
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
	if (random_hex(s->nonce, BK_SEAL_NONCE / 2, e) == -1)
		return -1;
	sum_of(s->nonce, s->sum);
	return 0;
}

/* Append a field to the label, unless its value is "". */
static void
put(char out[BK_SEAL_LABEL], const char *key, const char *value)
{
	size_t n = strlen(out);

	if (*value != '\0')
		(void)snprintf(out + n, BK_SEAL_LABEL - n, "%s%s%s",
		    n > 1 ? ";" : "", key, value);
}

static void
put_encoded(char out[BK_SEAL_LABEL], const char *key, const char *value,
    size_t max)
{
	char code[BK_LABEL_NAME];

	if (encode(value, max, code))
		put(out, key, code);
}

static void
put_lsn(char out[BK_SEAL_LABEL], const char *key, uint64_t lsn)
{
	char text[BK_LSN_TEXT] = "";

	if (lsn > 0)
		bk_lsn_format(lsn, text);
	put(out, key, text);
}

/* "(db=shop;at=20261122T131415Z;run=0123456789abcdef)" */
static void
format_label(const struct bk_label *l, char out[BK_SEAL_LABEL])
{
	char at[BK_UTCTIME_TEXT] = "", tli[BK_NUM_TEXT] = "";

	(void)snprintf(out, BK_SEAL_LABEL, "(");
	if (l->kind != BK_LABEL_NONE)
		put_encoded(out, l->kind == BK_LABEL_DB ? "db=" : "cluster=",
		    l->name, NAME_CODE);
	put_encoded(out, "host=", l->host, HOST_CODE);
	if (l->at > 0)
		bk_utctime_compact(l->at, at);
	put(out, "at=", at);
	if (l->timeline > 0)
		(void)snprintf(tli, sizeof(tli), "%" PRIu32, l->timeline);
	put(out, "tli=", tli);
	put_lsn(out, "start=", l->start);
	put_lsn(out, "parent=", l->parent);
	put(out, "wal=", l->wal);
	put_lsn(out, "end=", l->end);
	put(out, "sum=", l->sum);
	put(out, "prior=", l->prior);
	put(out, "run=", l->run);
	/* the longest fields of all kinds leave room for this */
	memcpy(out + strlen(out), ")", 2);
}

size_t
bk_seal_open(const struct bk_seal *s, char out[BK_SEAL_OPENING])
{
	memcpy(out, opening_word, WORD);
	memcpy(out + WORD, s->sum, BK_SEAL_SUM);
	format_label(&s->label, out + BK_SEAL_MARK);
	return strlen(out);
}

void
bk_seal_close(const struct bk_seal *s, unsigned after,
    char out[BK_SEAL_CLOSING + 1])
{
	(void)snprintf(out, BK_SEAL_CLOSING + 1, "%s%s%04x", closing_word,
	    s->nonce, after & 0xffff);
}

/* Decode a name of at most max encoded characters into out; -1: it is none. */
static int
parse_name(char *out, size_t size, size_t max, const char *s)
{
	char text[BK_LABEL_NAME];

	if (strlen(s) > max || *s == '\0')
		return -1;
	memcpy(text, s, strlen(s) + 1);
	if (bk_percent_decode(text) == -1 || strlen(text) >= size)
		return -1;
	memcpy(out, text, strlen(text) + 1);
	return 0;
}

static int
parse_db(struct bk_label *l, const char *s)
{
	l->kind = BK_LABEL_DB;
	return parse_name(l->name, sizeof(l->name), NAME_CODE, s);
}

static int
parse_cluster(struct bk_label *l, const char *s)
{
	l->kind = BK_LABEL_CLUSTER;
	return parse_name(l->name, sizeof(l->name), NAME_CODE, s);
}

static int
parse_host(struct bk_label *l, const char *s)
{
	return parse_name(l->host, sizeof(l->host), HOST_CODE, s);
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
parse_tli(struct bk_label *l, const char *s)
{
	struct bk_err ignored = {0};
	uint64_t tli;

	if (bk_num_parse(s, 1, UINT32_MAX, "", &tli, &ignored) == -1)
		return -1;
	l->timeline = (uint32_t)tli;
	return 0;
}

static int
parse_start(struct bk_label *l, const char *s)
{
	return bk_lsn_parse(s, &l->start) ? 0 : -1;
}

static int
parse_parent(struct bk_label *l, const char *s)
{
	return bk_lsn_parse(s, &l->parent) ? 0 : -1;
}

static int
parse_wal(struct bk_label *l, const char *s)
{
	return bk_label_wal(l, s);
}

static int
parse_end(struct bk_label *l, const char *s)
{
	return bk_lsn_parse(s, &l->end) ? 0 : -1;
}

/* size - 1 hex digits in lower case. */
static int
parse_hex(char *out, size_t size, const char *s)
{
	if (strlen(s) != size - 1 || strspn(s, HEX) != size - 1)
		return -1;
	memcpy(out, s, size);
	return 0;
}

static int
parse_sum(struct bk_label *l, const char *s)
{
	return parse_hex(l->sum, sizeof(l->sum), s);
}

static int
parse_prior(struct bk_label *l, const char *s)
{
	return parse_hex(l->prior, sizeof(l->prior), s);
}

static int
parse_run(struct bk_label *l, const char *s)
{
	return parse_hex(l->run, sizeof(l->run), s);
}

static const struct {
	const char *key;
	int (*parse)(struct bk_label *l, const char *value);
} fields[] = {
	{ "db=", parse_db }, { "cluster=", parse_cluster },
	{ "host=", parse_host }, { "at=", parse_at }, { "tli=", parse_tli },
	{ "start=", parse_start }, { "parent=", parse_parent },
	{ "wal=", parse_wal }, { "end=", parse_end }, { "sum=", parse_sum },
	{ "prior=", parse_prior }, { "run=", parse_run },
};

/*
 * The fields between the parentheses; modifies s.  Order and repetitions are
 * not looked at: the caller compares with the one form of a label.
 */
static int
parse_fields(struct bk_label *l, char *s)
{
	size_t n = sizeof(fields) / sizeof(fields[0]), i, len;
	char *save = NULL, *f;

	for (f = strtok_r(s, ";", &save); f != NULL;
	    f = strtok_r(NULL, ";", &save)) {
		for (i = 0; i < n; i++) {
			len = strlen(fields[i].key);
			if (strncmp(f, fields[i].key, len) == 0)
				break;
		}
		if (i == n || fields[i].parse(l, f + len) == -1)
			return -1;
	}
	return 0;
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
	    !is_hex(c + WORD, n < BK_SEAL_MARK ? n - WORD : BK_SEAL_SUM))
		return 0;
	if (n < BK_SEAL_MARK)
		return -1;
	memcpy(s->sum, c + WORD, BK_SEAL_SUM);
	len = parse_label(&s->label, c + BK_SEAL_MARK, n - BK_SEAL_MARK);
	if (len == -1)
		memset(&s->label, 0, sizeof(s->label));
	return len == -1 ? -1 : BK_SEAL_MARK + len;
}

int
bk_seal_begins(const void *p, size_t n)
{
	return n == 0 || (n < WORD && memcmp(p, opening_word, n) == 0);
}

int
bk_seal_closes(const struct bk_seal *s, const void *p, size_t n,
    unsigned after)
{
	char digits[5], sum[BK_SEAL_SUM + 1];
	const char *c = p;

	(void)snprintf(digits, sizeof(digits), "%04x", after & 0xffff);
	if (n != BK_SEAL_CLOSING || memcmp(c, closing_word, WORD) != 0 ||
	    memcmp(c + CLOSE, digits, 4) != 0)
		return 0;
	sum_of(c + WORD, sum);
	return strcmp(sum, s->sum) == 0;
}

/* The next closing mark in the n bytes at p, of any stream, or NULL. */
static const char *
next_closing(const char *p, size_t n)
{
	const char *end = p + n;

	for (; (p = memmem(p, (size_t)(end - p), closing_word, WORD)) != NULL;
	    p++)
		if (end - p >= CLOSE && is_hex(p + WORD, BK_SEAL_NONCE))
			return p;
	return NULL;
}

/* The first of the last BK_SEAL_TAIL of the n bytes at tail. */
static const char *
tail_of(const void *tail, size_t n)
{
	return (const char *)tail + (n > BK_SEAL_TAIL ? n - BK_SEAL_TAIL : 0);
}

int
bk_seal_ends(const struct bk_seal *s, const void *tail, size_t n)
{
	const char *end = (const char *)tail + n, *p = tail_of(tail, n);

	for (; (p = next_closing(p, (size_t)(end - p))) != NULL; p++)
		if (end - p >= BK_SEAL_CLOSING && bk_seal_closes(s, p,
		    BK_SEAL_CLOSING, (unsigned)(end - p) - BK_SEAL_CLOSING))
			return 1;
	return 0;
}

ptrdiff_t
bk_seal_find_closing(const void *tail, size_t n)
{
	const char *t = tail, *p = tail_of(tail, n);

	p = next_closing(p, n - (size_t)(p - t));
	return p == NULL ? -1 : p - t;
}
