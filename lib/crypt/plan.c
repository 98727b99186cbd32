#include "crypt/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/io.h"
#include "base/num.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "crypt/suite.h"
#include "listing/record.h"

#define VERSION "bk-plan/v1"
#define SIGNATURE "signature "
#define CLOCK_SLACK 300		/* seconds of clock skew between hosts */

static int
add_digest(struct bk_buf *out, const struct bk_buf *of, struct bk_err *e)
{
	char hex[2 * 32 + 1];
	uint8_t md[32];

	if (EVP_Digest(of->data, of->len, md, NULL, EVP_sha256(), NULL) != 1)
		return bk_suite_fail(e, "SHA-256");
	bk_hex(md, sizeof(md), hex);
	return bk_buf_puts(out, hex, e);
}

/* Append the plan without signatures. */
static int
format_plan(struct bk_buf *b, const struct bk_plan *p, struct bk_err *e)
{
	char made[BK_UTCTIME_TEXT], expires[BK_UTCTIME_TEXT];
	const char *s;
	size_t n;
	int rc;

	bk_utctime_format(p->now, made);
	bk_utctime_format(p->now + BK_PLAN_DAYS * 86400, expires);
	rc = bk_buf_printf(b, e, VERSION "\nmade %s\nexpires %s\nplace %s\n"
	    "policy ", made, expires, p->place);
	for (s = p->policy; rc == 0 && *s != '\0'; s += n)
		if ((n = bk_utf8_hidden(s)) > 0)
			rc = bk_buf_puts(b, "?", e);
		else {
			n = bk_utf8_len(s);
			rc = bk_buf_add(b, s, n, e);
		}
	if (rc == 0)
		rc = bk_buf_printf(b, e, "\nlisting %zu records, sha256 ",
		    p->listed);
	if (rc == 0)
		rc = add_digest(b, p->listing, e);
	if (rc == 0)
		rc = bk_buf_printf(b, e, "\ndelete %zu records\n", p->nexpired);
	if (rc == 0)
		rc = bk_buf_add(b, p->expired->data, p->expired->len, e);
	return rc == 0 ? bk_buf_puts(b, "end\n", e) : -1;
}

/* Append a line with s's signature of the n bytes at body. */
static int
add_signature(struct bk_buf *out, const char *body, size_t n,
    const struct bk_signer *s, struct bk_err *e)
{
	char public[BK_BECH32_TEXT], text[BK_BASE64_LEN(BK_SIGN_LEN) + 1];
	uint8_t signature[BK_SIGN_LEN];

	if (bk_sign(signature, s, body, n, e) == -1)
		return -1;
	bk_verifier_format(public, s->public);
	bk_base64_encode(text, signature, BK_SIGN_LEN);
	return bk_buf_printf(out, e, SIGNATURE "%s %s\n", public, text);
}

/* Write b to fd, sync and close fd. */
static int
write_out(int fd, const struct bk_buf *b, const char *path, struct bk_err *e)
{
	int rc = bk_io_write(fd, b->data, b->len, path, e);

	if (rc == 0 && fsync(fd) == -1)
		rc = bk_fail_errno(e, "%s: fsync", path);
	return bk_io_close(fd, path, e) == -1 ? -1 : rc;
}

/* A parsed plan: the text and the offsets of its parts. */
struct parsed {
	struct bk_buf text;
	const char *path;
	size_t at;		/* of the next line */
	size_t records, records_end, body;
	const char *place;	/* not terminated */
	size_t place_len;
	time_t made, expires;
};

/* The next line, NUL-terminated until restore_newline(); NULL: none. */
static char *
next_line(struct parsed *p)
{
	char *line = p->text.data + p->at, *end;

	if (p->at == p->text.len || (end = strchr(line, '\n')) == NULL)
		return NULL;
	*end = '\0';
	p->at += (size_t)(end - line) + 1;
	return line;
}

static void
restore_newline(struct parsed *p)
{
	p->text.data[p->at - 1] = '\n';
}

static int
damaged(const struct parsed *p, const char *cause, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: not a plan, or damaged: %s",
	    p->path, cause);
}

static int
check_text(const struct parsed *p, struct bk_err *e)
{
	const char *s;

	if (p->text.len == 0 || strlen(p->text.data) != p->text.len)
		return damaged(p, p->text.len == 0 ? "empty" : "a NUL byte", e);
	for (s = p->text.data; *s != '\0'; s += bk_utf8_len(s))
		if (*s != '\t' && *s != '\n' && bk_utf8_hidden(s) > 0)
			return damaged(p, "a control character, which could "
			    "hide what is deleted", e);
	return 0;
}

static int
is_place(const struct parsed *p, const char *place)
{
	return strlen(place) == p->place_len &&
	    strncmp(p->place, place, p->place_len) == 0;
}

/* Names that mean something else in another directory are of no place. */
static int
check_record(const struct parsed *p, const struct bk_record *r,
    struct bk_err *e)
{
	const char *at = r->field[BK_RECORD_AT];
	int files = is_place(p, BK_PLAN_FILES);

	if (files ? *r->name != '/' : strstr(r->name, "://") == NULL)
		return bk_fail(e, BK_DATA, "%s: %s: %s", p->path, r->name,
		    files ? "not a path from the root; list directories by "
		    "their full names" : "not an object, and others are");
	if (files ? at == NULL : is_place(p, at == NULL ? BK_PLAN_DEFAULT : at))
		return 0;
	return bk_fail(e, BK_DATA, "%s: %s: is not at %.*s, as others are; "
	    "make a plan for each place", p->path, r->name,
	    (int)p->place_len, p->place);
}

/* Read a line "key value"; *out is the value, in the text. */
static int
read_field(struct parsed *p, const char *key, char **out, struct bk_err *e)
{
	size_t n = strlen(key);
	char *line = next_line(p);

	if (line == NULL || strncmp(line, key, n) != 0)
		return damaged(p, key, e);
	*out = line + n;
	return 0;
}

static int
read_time(struct parsed *p, const char *key, time_t *t, struct bk_err *e)
{
	char *value;
	int rc;

	if (read_field(p, key, &value, e) == -1)
		return -1;
	rc = bk_utctime_parse(value, strlen(value), t);
	restore_newline(p);
	return rc == 0 ? 0 : damaged(p, key, e);
}

/* "delete N records", N records, "end". */
static int
parse_records(struct parsed *p, struct bk_err *e)
{
	char *value, number[24], *copy;
	struct bk_err reason = {0};
	struct bk_record r;
	uint64_t n, i;
	size_t len;
	int rc = 0;

	if (read_field(p, "delete ", &value, e) == -1)
		return -1;
	len = strcspn(value, " ");
	(void)snprintf(number, sizeof(number), "%.*s", (int)len, value);
	if (len >= sizeof(number) || strcmp(value + len, " records") != 0 ||
	    bk_num_parse(number, 0, BK_PLAN_MAX, "delete", &n, &reason) == -1)
		return damaged(p, "delete", e);
	restore_newline(p);
	p->records = p->at;
	for (i = 0; rc == 0 && i < n; i++) {
		if ((value = next_line(p)) == NULL)
			return damaged(p, "fewer records than it states", e);
		if ((copy = strdup(value)) == NULL)
			return bk_fail_memory(e);
		restore_newline(p);
		if (bk_record_parse(copy, &r, &reason) == -1 || r.bare)
			rc = damaged(p, "a record", e);
		else
			rc = check_record(p, &r, e);
		free(copy);
	}
	p->records_end = p->at;
	if (rc == 0 && ((value = next_line(p)) == NULL ||
	    strcmp(value, "end") != 0))
		return damaged(p, "its end is not where it should be", e);
	if (rc == 0)
		restore_newline(p);
	p->body = p->at;
	return rc;
}

static int
check_times(const struct parsed *p, time_t now, struct bk_err *e)
{
	char when[BK_UTCTIME_TEXT];

	if (p->made > now + CLOCK_SLACK)
		return bk_fail(e, BK_DATA, "%s: dated in the future, or this "
		    "host's clock is slow", p->path);
	bk_utctime_format(p->expires, when);
	if (p->expires < now)
		return bk_fail(e, BK_DATA, "%s: expired on %s; make a new one",
		    p->path, when);
	if (p->expires > p->made + BK_PLAN_DAYS * 86400)
		return bk_fail(e, BK_DATA, "%s: its end, %s, is more than %d "
		    "days after it was made; make a new one", p->path, when,
		    BK_PLAN_DAYS);
	return 0;
}

static int
read_place(struct parsed *p, struct bk_err *e)
{
	char *value;

	if (read_field(p, "place ", &value, e) == -1)
		return -1;
	p->place = value;
	p->place_len = strlen(value);
	restore_newline(p);
	return p->place_len > 0 ? 0 : damaged(p, "place", e);
}

/* Parse p->text up to the signatures. */
static int
parse(struct parsed *p, struct bk_err *e)
{
	char *line;

	if (check_text(p, e) == -1)
		return -1;
	if ((line = next_line(p)) == NULL || strcmp(line, VERSION) != 0)
		return damaged(p, "not " VERSION, e);
	restore_newline(p);
	if (read_time(p, "made ", &p->made, e) == -1 ||
	    read_time(p, "expires ", &p->expires, e) == -1 ||
	    read_place(p, e) == -1 || read_field(p, "policy ", &line, e) == -1)
		return -1;
	restore_newline(p);
	if (read_field(p, "listing ", &line, e) == -1)
		return -1;
	restore_newline(p);
	return parse_records(p, e);
}

int
bk_plan_store(const char *path, const struct bk_plan *p,
    const struct bk_signer *s, struct bk_err *e)
{
	struct bk_buf body = {0}, line = {0};
	struct parsed again = { .path = path };
	int fd, rc = -1;

	/* what could not be approved is not written in the first place */
	if (format_plan(&body, p, e) == -1 ||
	    bk_buf_add(&again.text, body.data, body.len, e) == -1 ||
	    parse(&again, e) == -1 ||
	    add_signature(&line, body.data, body.len, s, e) == -1 ||
	    bk_buf_add(&body, line.data, line.len, e) == -1)
		goto done;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd == -1 && errno == EEXIST)
		bk_fail(e, BK_FAIL, "%s: already exists; a plan is never "
		    "overwritten", path);
	else if (fd == -1)
		bk_fail_errno(e, "%s", path);
	else if ((rc = write_out(fd, &body, path, e)) == -1)
		(void)unlink(path);
 done:
	bk_buf_free(&again.text);
	bk_buf_free(&body);
	bk_buf_free(&line);
	return rc;
}

/* Load the plan path and check its format and age, but no signatures. */
static int
load(struct parsed *p, const char *path, time_t now, struct bk_err *e)
{
	*p = (struct parsed){ .path = path };
	return bk_io_slurp(path, BK_PLAN_MAX, &p->text, e) == -1 ||
	    parse(p, e) == -1 || check_times(p, now, e) == -1 ? -1 : 0;
}

/*
 * The next signature's public key, and whether it is valid.  1; 0 at the end;
 * -1 with *e set.
 */
static int
next_signature(struct parsed *p, uint8_t public[BK_SIGN_KEY], int *good,
    struct bk_err *e)
{
	uint8_t signature[BK_SIGN_LEN + 2];
	char *key, *text;
	int bad;

	if (p->at == p->text.len)
		return 0;
	if (read_field(p, SIGNATURE, &key, e) == -1)
		return -1;
	if ((text = strchr(key, ' ')) == NULL)
		return damaged(p, "a signature", e);
	*text++ = '\0';
	bad = bk_verifier_parse(public, key) == -1 ||
	    strlen(text) != BK_BASE64_LEN(BK_SIGN_LEN) ||
	    bk_base64_decode(signature, text, strlen(text)) != BK_SIGN_LEN;
	text[-1] = ' ';
	restore_newline(p);
	if (bad)
		return damaged(p, "a signature", e);
	*good = bk_sign_check(signature, public, p->text.data, p->body, e);
	return *good == -1 ? -1 : 1;
}

static int
changed(const struct parsed *p, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: a signature does not match this plan; "
	    "was the plan changed?", p->path);
}

/* 1 if s has signed, 0 if not; -1: somebody signed something else. */
static int
has_signed(struct parsed *p, const struct bk_signer *s, struct bk_err *e)
{
	uint8_t public[BK_SIGN_KEY];
	int good, rc, found = 0;

	while ((rc = next_signature(p, public, &good, e)) == 1) {
		if (!good)
			return changed(p, e);
		found |= memcmp(public, s->public, BK_SIGN_KEY) == 0;
	}
	return rc == -1 ? -1 : found;
}

int
bk_plan_approve(const char *path, const struct bk_signer *s, time_t now,
    bk_plan_show *show, struct bk_err *e)
{
	struct bk_buf line = {0};
	struct parsed p;
	int fd, rc = load(&p, path, now, e);

	if (rc == 0)
		rc = has_signed(&p, s, e);
	if (rc != -1 && show(p.text.data, p.body, e) == -1)
		rc = -1;
	if (rc == 0)
		rc = add_signature(&line, p.text.data, p.body, s, e);
	if (rc == 0 && line.len > 0) {
		/* in one write, so that two can approve at the same time */
		fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
		rc = fd == -1 ? bk_fail_errno(e, "%s", path)
		    : write_out(fd, &line, path, e);
	}
	bk_buf_free(&line);
	bk_buf_free(&p.text);
	return rc == -1 ? -1 : 0;
}

/* The index of public among the approvers; v->n: none. */
static size_t
approver(const struct bk_verifiers *v, const uint8_t public[BK_SIGN_KEY])
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (memcmp(v->key[i], public, BK_SIGN_KEY) == 0)
			break;
	return i;
}

/* Check that at least need different approvers have signed. */
static int
check_approval(struct parsed *p, const struct bk_verifiers *v, size_t need,
    struct bk_err *e)
{
	uint8_t public[BK_SIGN_KEY], *counted = calloc(v->n, 1);
	size_t count = 0, i;
	int good, rc;

	if (counted == NULL)
		return bk_fail_memory(e);
	while ((rc = next_signature(p, public, &good, e)) == 1) {
		if ((i = approver(v, public)) == v->n)
			continue;	/* not an approver's: ignored */
		if (!good) {
			rc = changed(p, e);
			break;
		}
		count += !counted[i];
		counted[i] = 1;
	}
	free(counted);
	if (rc == 0 && count < need)
		rc = bk_fail(e, BK_DATA, "%s: %zu of %zu required approvals; "
		    "see bk-keygen --approve", p->path, count, need);
	return rc;
}

/* The records as a stream. */
static FILE *
open_records(const struct parsed *p, struct bk_err *e)
{
	size_t n = p->records_end - p->records;
	FILE *f = n == 0 ? fopen("/dev/null", "re") : fmemopen(NULL, n + 1,
	    "w+");

	if (f != NULL && (n == 0 || (fwrite(p->text.data + p->records, 1, n,
	    f) == n && fseek(f, 0, SEEK_SET) == 0)))
		return f;
	(void)bk_fail_errno(e, "%s", p->path);
	if (f != NULL)
		fclose(f);
	return NULL;
}

FILE *
bk_plan_open(const struct bk_approved_plan *c, time_t now,
    time_t *made, struct bk_err *e)
{
	struct bk_verifiers v = {0};
	struct parsed p = {0};
	FILE *f = NULL;

	if (bk_verifiers_load(&v, c->approvers, e) == -1)
		goto done;
	if (c->need == 0 || c->need > v.n) {
		bk_fail(e, BK_DATA, "%s: %zu public keys, but %zu approvals "
		    "are needed", c->approvers, v.n, c->need);
		goto done;
	}
	if (load(&p, c->plan, now, e) == 0 &&
	    check_approval(&p, &v, c->need, e) == 0)
		f = open_records(&p, e);
	*made = p.made;
 done:
	bk_buf_free(&p.text);
	free(v.key);
	return f;
}
