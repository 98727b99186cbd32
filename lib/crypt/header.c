#include "crypt/header.h"

#include <openssl/crypto.h>

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

#define COLUMNS 64
#define COLUMN_BYTES 48
#define MAC_CHARS 43		/* 32 bytes */

static int
bad(struct bk_err *e, const char *cause)
{
	return bk_fail(e, BK_DATA, "header: malformed: %s", cause);
}

/* The public key after the label: 1, or 0 if malformed. */
static int
parse_signer(struct bk_header *h, const char *s, size_t n)
{
	char text[BK_BECH32_TEXT];

	if (n < 2 || n > sizeof(text) || s[0] != ' ')
		return 0;
	memcpy(text, s + 1, n - 1);
	text[n - 1] = '\0';
	h->is_signed = 1;
	return bk_verifier_parse(h->signer, text) == 0;
}

/* Parse a version line (without its LF): 1, or 0 if it is none. */
static int
parse_version(struct bk_header *h, const char *line, size_t n)
{
	size_t len = strlen(bk_suite_bk.version);
	ptrdiff_t mark;

	h->suite = &bk_suite_age;
	if (n == strlen(h->suite->version) &&
	    memcmp(line, h->suite->version, n) == 0)
		return 1;
	h->suite = &bk_suite_bk;
	if (n < len + 1 || memcmp(line, h->suite->version, len) != 0 ||
	    line[len] != ' ')
		return 0;
	line += len + 1;
	n -= len + 1;
	if ((mark = bk_seal_read(&h->seal, line, n)) <= 0)
		return 0;
	return (size_t)mark == n ||
	    parse_signer(h, line + mark, n - (size_t)mark);
}

/* Append a line of at most max bytes, including its LF, to *b. */
static int
read_line(struct bk_armor *a, struct bk_buf *b, size_t max, struct bk_err *e)
{
	size_t start = b->len;
	ssize_t n;
	char c = '\0';

	while (c != '\n') {
		if ((n = bk_armor_read(a, &c, 1, e)) == -1)
			return -1;
		if (n == 0)
			return bad(e, "truncated");
		if (b->len - start == max)
			return bad(e, "it is too long");
		if (bk_buf_add(b, &c, 1, e) == -1)
			return -1;
	}
	return 0;
}

int
bk_header_read(struct bk_header *h, struct bk_armor *a, struct bk_err *e)
{
	struct bk_buf b = {0};
	struct bk_err reason = {0};
	size_t line = 0;
	int rc = -1;

	/* a first line that is too long or truncated: not our format */
	if (read_line(a, &b, BK_SEAL_HEAD, &reason) == -1 &&
	    (reason.code != BK_DATA || b.len == 0)) {
		if (e->code == BK_OK)
			*e = reason;
		goto done;
	}
	if (reason.code != BK_OK || !parse_version(h, b.data, b.len - 1)) {
		bk_fail(e, BK_DATA, "header: not bk-crypt or age v1, or "
		    "damaged in its first line");
		goto done;
	}
	do {
		line = b.len;
		if (read_line(a, &b, BK_HEADER_MAX - b.len, e) == -1)
			goto done;
	} while (strncmp(b.data + line, "---", 3) != 0);
	rc = bk_header_parse(h, b.data, b.len, e);
 done:
	bk_buf_free(&b);
	return rc;
}

/* A cursor over the header's text. */
struct scan {
	const char *p, *end;
	uint8_t *body;		/* end of the decoded bytes */
};

/* Advance p past the next line; its length without LF, or -1: none. */
static ssize_t
scan_line(struct scan *s, const char **line)
{
	const char *lf = memchr(s->p, '\n', (size_t)(s->end - s->p));

	if (lf == NULL)
		return -1;
	*line = s->p;
	s->p = lf + 1;
	return lf - *line;
}

/* Split "-> type arg ..." into st->arg, in place. */
static int
parse_args(struct bk_stanza *st, char *line, size_t n, struct bk_err *e)
{
	size_t i, start = 3;

	if (n < 4 || memcmp(line, "-> ", 3) != 0)
		return bad(e, "a stanza does not begin with \"-> \" and a "
		    "type");
	for (i = 3; i <= n; i++) {
		if (i < n && line[i] > ' ' && line[i] < 0x7f)
			continue;
		if (i < n && line[i] != ' ')
			return bad(e, "a control byte in a stanza");
		if (i == start)
			return bad(e, "an empty argument in a stanza");
		line[i] = '\0';
		if (st->nargs < BK_HEADER_ARGS)
			st->arg[st->nargs] = line + start;
		st->nargs++;
		start = i + 1;
	}
	return 0;
}

static int
parse_stanza(struct bk_header *h, struct scan *s, const char *text,
    struct bk_stanza *st, struct bk_err *e)
{
	const char *line;
	ssize_t n = scan_line(s, &line), got;

	if (n == -1)
		return bad(e, "a truncated stanza");
	if (parse_args(st, h->copy + (line - text), (size_t)n, e) == -1)
		return -1;
	st->body = s->body;
	do {
		if ((n = scan_line(s, &line)) == -1)
			return bad(e, "a stanza has no short last line");
		if (n > COLUMNS)
			return bad(e, "a stanza's line is longer than 64 "
			    "characters");
		got = bk_base64_decode(s->body, line, (size_t)n);
		if (got == -1)
			return bad(e, "a stanza's body is not canonical "
			    "base64");
		s->body += got;
		st->body_len += (size_t)got;
	} while (n == COLUMNS);
	return 0;
}

static int
parse_mac(struct bk_header *h, const char *line, size_t n, struct bk_err *e)
{
	uint8_t mac[33];

	if (n != 4 + MAC_CHARS || memcmp(line, "--- ", 4) != 0 ||
	    bk_base64_decode(mac, line + 4, MAC_CHARS) != 32)
		return bad(e, "the MAC line is not \"--- \" and 43 characters");
	memcpy(h->mac, mac, 32);
	return 0;
}

/*
 * A scrypt stanza must be the only one: otherwise the holder of another
 * recipient's key could pass off a file as made with the passphrase.
 */
static int
check_stanzas(const struct bk_header *h, struct bk_err *e)
{
	size_t i;

	if (h->nstanzas == 0)
		return bad(e, "it has no stanza");
	for (i = 0; i < h->nstanzas; i++)
		if (strcmp(h->stanza[i].arg[0], "scrypt") == 0 &&
		    h->nstanzas != 1)
			return bad(e, "a scrypt stanza is not the only one");
	return 0;
}

/* Allocate as many stanzas as there are lines that begin with "-". */
static int
allocate(struct bk_header *h, const char *text, size_t n, struct bk_err *e)
{
	size_t i, count = 0;

	for (i = 0; i + 2 < n; i++)
		count += text[i] == '\n' && text[i + 1] == '-';
	h->stanza = calloc(count + 1, sizeof(*h->stanza));
	/* the decoded bodies, shorter than the text, follow its copy */
	if (h->stanza == NULL || (h->copy = calloc(2, n + 2)) == NULL ||
	    bk_buf_reserve(&h->text, n, e) == -1)
		return bk_fail_memory(e);
	memcpy(h->copy, text, n);
	return 0;
}

int
bk_header_parse(struct bk_header *h, const char *text, size_t n,
    struct bk_err *e)
{
	struct scan s = { .p = text, .end = text + n };
	const char *line;
	ssize_t len = scan_line(&s, &line);

	if (len == -1 || !parse_version(h, line, (size_t)len))
		return bad(e, "the version line");
	if (allocate(h, text, n, e) == -1)
		return -1;
	s.body = (uint8_t *)h->copy + n + 1;
	while (s.end - s.p < 3 || memcmp(s.p, "---", 3) != 0)
		if (parse_stanza(h, &s, text, &h->stanza[h->nstanzas++],
		    e) == -1)
			return -1;
	h->mac_covers = (size_t)(s.p - text) + 3;
	if (bk_buf_add(&h->text, text, n, e) == -1)
		return -1;
	if ((len = scan_line(&s, &line)) == -1 || s.p != s.end)
		return bad(e, "the MAC line does not end it");
	if (parse_mac(h, line, (size_t)len, e) == -1)
		return -1;
	return check_stanzas(h, e);
}

int
bk_header_verify(const struct bk_header *h, const uint8_t *file_key,
    struct bk_err *e)
{
	uint8_t mac[32];

	if (bk_suite_mac(h->suite, mac, file_key, h->text.data,
	    h->mac_covers, e) == -1)
		return -1;
	return CRYPTO_memcmp(mac, h->mac, sizeof(mac)) == 0;
}

void
bk_header_free(struct bk_header *h)
{
	bk_buf_free(&h->text);
	free(h->stanza);
	free(h->copy);
	*h = (struct bk_header){0};
}

int
bk_header_begin(struct bk_buf *b, const struct bk_suite *s,
    const struct bk_seal *seal, const struct bk_signer *signer,
    struct bk_err *e)
{
	char mark[BK_SEAL_OPENING], public[BK_BECH32_TEXT] = "";

	if (!s->marks)
		return bk_buf_printf(b, e, "%s\n", s->version);
	(void)bk_seal_open(seal, mark);
	if (signer != NULL)
		bk_verifier_format(public, signer->public);
	return bk_buf_printf(b, e, "%s %s%s%s\n", s->version, mark,
	    *public != '\0' ? " " : "", public);
}

int
bk_header_stanza(struct bk_buf *b, const char *args, const uint8_t *body,
    size_t n, struct bk_err *e)
{
	char line[COLUMNS + 1];
	size_t take;

	if (bk_buf_printf(b, e, "-> %s\n", args) == -1)
		return -1;
	do { /* a full line is followed by another, possibly empty */
		take = n < COLUMN_BYTES ? n : COLUMN_BYTES;
		bk_base64_encode(line, body, take);
		if (bk_buf_printf(b, e, "%s\n", line) == -1)
			return -1;
		body += take;
		n -= take;
	} while (take == COLUMN_BYTES);
	return 0;
}

int
bk_header_end(struct bk_buf *b, const struct bk_suite *s,
    const uint8_t *file_key, struct bk_err *e)
{
	uint8_t mac[32];
	char text[MAC_CHARS + 1];

	if (bk_buf_puts(b, "---", e) == -1 ||
	    bk_suite_mac(s, mac, file_key, b->data, b->len, e) == -1)
		return -1;
	bk_base64_encode(text, mac, sizeof(mac));
	return bk_buf_printf(b, e, " %s\n", text);
}
