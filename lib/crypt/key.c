#include "crypt/key.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/secret.h"
#include "base/utctime.h"
#include "crypt/lines.h"
#include "crypt/suite.h"
#include "stream/heads.h"

#define SECRET_PREFIX "AGE-SECRET-KEY-"

#define SHOWN_MAX 72		/* characters of a malformed key in messages */

static int
starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Grow an array by one element; it may hold secrets, so no realloc(). */
static int
grow(void **array, size_t n, size_t size, struct bk_err *e)
{
	void *p = calloc(n + 1, size);

	if (p == NULL)
		return bk_fail_memory(e);
	bk_secret_hold(p, (n + 1) * size);
	if (n > 0)
		memcpy(p, *array, n * size);
	bk_wipe(*array, n * size);
	free(*array);
	*array = p;
	return 0;
}

int
bk_recipients_add(struct bk_recipients *r, const char *text, struct bk_err *e)
{
	uint8_t data[BK_BECH32_DATA];
	void *array = r->key;

	if (starts(text, SECRET_PREFIX))
		return bk_fail(e, BK_USAGE, "a recipient is a secret key; give "
		    "its public key, which bk-keygen -y prints");
	/* with the second 1: an X25519 key, too, may begin with age1tag */
	if (starts(text, "age1pq1") || starts(text, "age1tag1") ||
	    starts(text, "age1tagpq1"))
		return bk_fail(e, BK_USAGE, "recipient %.16s...: unsupported "
		    "type; use an X25519 key (bk-keygen)",
		    text);
	if (bk_bech32_decode(data, "age", text) != BK_KEY_LEN)
		return bk_fail(e, BK_USAGE, "recipient %.*s: malformed or "
		    "mistyped; an age1... public key has 62 characters",
		    SHOWN_MAX, text);
	if (grow(&array, r->n, sizeof(*r->key), e) == -1)
		return -1;
	r->key = array;
	memcpy(r->key[r->n++], data, BK_KEY_LEN);
	return 0;
}

void
bk_recipients_free(struct bk_recipients *r)
{
	free(r->key);
	*r = (struct bk_recipients){0};
}

static int
add_recipient(void *ctx, const char *line, struct bk_err *e)
{
	return bk_recipients_add(ctx, line, e);
}

int
bk_recipients_load(struct bk_recipients *r, const char *path,
    struct bk_err *e)
{
	struct bk_buf b = {0};
	size_t before = r->n;
	int rc = -1;

	if (bk_io_slurp(path, BK_KEY_FILE_MAX, &b, e) == 0 &&
	    bk_lines_each(&b, path, BK_USAGE, add_recipient, r, e) == 0)
		rc = r->n > before ? 0 : bk_fail(e, BK_USAGE,
		    "%s: contains no recipient", path);
	bk_buf_free(&b);
	return rc;
}

int
bk_recipients_parse(struct bk_recipients *r, const char *list,
    struct bk_err *e)
{
	static const char separators[] = " \t\r\n,";
	char *copy = strdup(list), *word = copy, *end;
	int rc = 0, more = 1;

	if (copy == NULL)
		return bk_fail_memory(e);
	while (rc == 0 && more) {
		word += strspn(word, separators);
		if (*word == '\0')
			break;
		end = word + strcspn(word, separators);
		more = *end != '\0';
		*end = '\0';
		rc = starts(word, "age1") ? bk_recipients_add(r, word, e)
		    : bk_recipients_load(r, word, e);
		word = end + 1;
	}
	free(copy);
	return rc;
}

static int
add_identity(void *ctx, const char *line, struct bk_err *e)
{
	struct bk_identities *ids = ctx;
	uint8_t data[BK_BECH32_DATA];
	void *array = ids->id;
	int rc = -1;

	if (starts(line, SECRET_PREFIX "PQ-1") ||
	    starts(line, "AGE-PLUGIN-")) {
		ids->others++;
		return 0;
	}
	/* the line is a secret or close to one: keep it out of messages */
	if (bk_bech32_decode(data, SECRET_PREFIX, line) != BK_KEY_LEN) {
		bk_fail(e, BK_DATA, "not an AGE-SECRET-KEY-1..., or damaged");
		goto done;
	}
	if (grow(&array, ids->n, sizeof(*ids->id), e) == -1)
		goto done;
	ids->id = array;
	memcpy(ids->id[ids->n].secret, data, BK_KEY_LEN);
	if ((rc = bk_identity_complete(&ids->id[ids->n], e)) == 0)
		ids->n++;
 done:
	bk_wipe(data, sizeof(data));
	return rc;
}

int
bk_identities_parse(struct bk_identities *ids, struct bk_buf *b,
    const char *name, struct bk_err *e)
{
	size_t before = ids->n + ids->others;

	if (b->len > 0 && (starts(b->data, BK_HEAD_CRYPT) ||
	    starts(b->data, BK_HEAD_AGE) || starts(b->data, BK_HEAD_ARMOR)))
		return bk_fail(e, BK_DATA, "%s: the key file is encrypted; "
		    "decrypt it into a file of mode 0600 first", name);
	if (bk_lines_each(b, name, BK_DATA, add_identity, ids, e) == -1)
		return -1;
	return ids->n + ids->others > before ? 0
	    : bk_fail(e, BK_DATA, "%s: contains no secret key "
	    "(AGE-SECRET-KEY-1...)", name);
}

int
bk_identities_load(struct bk_identities *ids, const char *path,
    struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_secret_load(path, BK_KEY_FILE_MAX, &b, e) == 0)
		rc = bk_identities_parse(ids, &b, path, e);
	bk_buf_free(&b);
	return rc;
}

void
bk_identities_free(struct bk_identities *ids)
{
	bk_wipe(ids->id, ids->n * sizeof(*ids->id));
	free(ids->id);
	*ids = (struct bk_identities){0};
}

int
bk_identity_complete(struct bk_identity *id, struct bk_err *e)
{
	return bk_x25519_public(id->public, id->secret, e);
}

int
bk_identity_make(struct bk_identity *id, struct bk_err *e)
{
	if (bk_suite_random(id->secret, BK_KEY_LEN, e) == -1)
		return -1;
	return bk_identity_complete(id, e);
}

void
bk_recipient_format(char out[BK_BECH32_TEXT],
    const uint8_t public[BK_KEY_LEN])
{
	bk_bech32_encode(out, "age", public, BK_KEY_LEN);
}

int
bk_identity_format(struct bk_buf *b, const struct bk_identity *id, time_t now,
    struct bk_err *e)
{
	char when[BK_UTCTIME_TEXT], public[BK_BECH32_TEXT];
	char secret[BK_BECH32_TEXT];
	int rc;

	bk_utctime_format(now, when);
	bk_recipient_format(public, id->public);
	bk_bech32_encode(secret, SECRET_PREFIX, id->secret, BK_KEY_LEN);
	rc = bk_buf_printf(b, e, "# created: %s\n# public key: %s\n%s\n",
	    when, public, secret);
	bk_wipe(secret, sizeof(secret));
	return rc;
}
