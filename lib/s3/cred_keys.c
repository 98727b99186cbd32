#include <jansson.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/debug.h"
#include "base/secret.h"
#include "base/utctime.h"
#include "json/json_parse.h"
#include "s3/cred_source.h"

static void
wipe_string(char **s)
{
	if (*s != NULL)
		bk_wipe(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void
bk_cred_keys_free(struct bk_cred_keys *k)
{
	wipe_string(&k->access_key);
	wipe_string(&k->secret_key);
	wipe_string(&k->session_token);
	k->expires = 0;
	k->bearer = 0;
}

void
bk_cred_directory(const char *file, void path(const char *))
{
	char *copy = file != NULL ? strdup(file) : NULL;

	if (copy != NULL)
		path(dirname(copy));
	free(copy);
}

/* Safe in a header: no surrounding blanks, no control bytes. */
static int
is_clean(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return 0;
	return 1;
}

/* Which keys they are: the end of their name, the secret ones not at all. */
static void
show(const char *source, const char *access, const char *token,
    time_t expires)
{
	size_t n = strlen(access);
	char until[BK_UTCTIME_TEXT] = "not told";

	if (expires != 0)
		bk_utctime_format(expires, until);
	bk_debug(BK_DEBUG_S3, "keys from %s: ...%s, %s, expire: %s", source,
	    n > 8 ? access + n - 4 : "", token == NULL ? "permanent" :
	    "of a session", until);
}

int
bk_cred_keys_set(struct bk_cred_keys *k, const char *source,
    const char *access, const char *secret, const char *token, time_t expires,
    struct bk_err *e)
{
	if (token != NULL && *token == '\0')
		token = NULL;
	if (!is_clean(access) || !is_clean(secret) ||
	    (token != NULL && !is_clean(token)))
		return bk_fail(e, BK_FAIL, "%s: whitespace or control bytes in "
		    "a key or token", source);
	bk_cred_keys_free(k);
	k->access_key = strdup(access);
	k->secret_key = strdup(secret);
	if (token != NULL)
		k->session_token = strdup(token);
	k->expires = expires;
	if (k->secret_key != NULL)
		bk_secret_hold(k->secret_key, strlen(secret));
	if (k->session_token != NULL)
		bk_secret_hold(k->session_token, strlen(token));
	show(source, access, token, expires);
	if (k->access_key != NULL && k->secret_key != NULL &&
	    (token == NULL || k->session_token != NULL))
		return 0;
	bk_cred_keys_free(k);
	return bk_fail_memory(e);
}

static char none[1];	/* "", but writable: bk_cred_wipe_json() */

/* A member's string; "" if missing, NULL if not a string. */
static const char *
text_of(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	if (v == NULL || json_is_null(v))
		return none;
	return json_string_value(v);
}

/* The bytes are jansson's own, allocated and about to be freed. */
void
bk_cred_wipe_json(const char *s)
{
	if (s != NULL)
		bk_wipe((void *)(uintptr_t)s, strlen(s));
}

int
bk_cred_keys_json(struct bk_cred_keys *k, const char *source,
    const char *text, const char *token, struct bk_err *e)
{
	json_error_t where;
	json_t *o = bk_json_parse(text, strlen(text), JSON_REJECT_DUPLICATES,
	    &where, e);
	const char *access = text_of(o, "AccessKeyId");
	const char *secret = text_of(o, "SecretAccessKey");
	const char *session = text_of(o, token);
	const char *until = text_of(o, "Expiration");
	time_t expires = 0;
	int rc = -1;

	if (!json_is_object(o))
		bk_fail(e, BK_FAIL, "%s: the answer is not a JSON object",
		    source);
	else if (access == NULL || secret == NULL || session == NULL ||
	    until == NULL || *access == '\0' || *secret == '\0')
		bk_fail(e, BK_FAIL, "%s: the answer has no AccessKeyId and "
		    "SecretAccessKey", source);
	else if (*until != '\0' &&
	    bk_utctime_parse(until, strlen(until), &expires) == -1)
		bk_fail(e, BK_FAIL, "%s: its Expiration '%.40s' is not a time",
		    source, until);
	else
		rc = bk_cred_keys_set(k, source, access, secret, session,
		    expires, e);
	/* jansson frees without wiping */
	bk_cred_wipe_json(secret);
	bk_cred_wipe_json(session);
	json_decref(o);
	return rc;
}

int
bk_cred_is_true(const char *s)
{
	return s != NULL && strcasecmp(s, "true") == 0;
}
