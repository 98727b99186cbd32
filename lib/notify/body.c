/* JSON bodies for webhooks. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/io.h"
#include "base/utf8.h"
#include "json/json_parse.h"
#include "notify/body.h"

#define TEMPLATE_MAX (256 * 1024)
#define SLACK_MAX 40000		/* characters; Slack truncates longer text */

/* A variable's value; NULL: no such variable. */
static const char *
value_of(const struct bk_notify_message *m, const char *name, size_t n)
{
	const struct { const char *name, *value; } vars[] = {
		{ "message", m->text.len > 0 ? m->text.data : "" },
		{ "subject", m->subject.data },
		{ "status", m->known ? bk_state_name(m->state) : "" },
		{ "host", m->host },
		{ "utc", m->utc },
	};
	size_t i;

	for (i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		if (strlen(vars[i].name) == n &&
		    memcmp(vars[i].name, name, n) == 0)
			return vars[i].value;
	return NULL;
}

/* Append s with its variables expanded; other braces are text. */
static int
expand(const struct bk_notify_message *m, const char *s, struct bk_buf *out,
    struct bk_err *e)
{
	const char *value;
	size_t n;
	int rc = 0;

	while (rc == 0 && *s != '\0') {
		n = *s == '{' ? strspn(s + 1, "abcdefghijklmnopqrstuvwxyz_") :
		    0;
		if (n == 0 || s[n + 1] != '}') {
			rc = bk_buf_add(out, s++, 1, e);
			continue;
		}
		if ((value = value_of(m, s + 1, n)) == NULL)
			return bk_fail(e, BK_DATA, "'%.*s' is not a variable; "
			    "use {message} {subject} {status} {host} "
			    "{utc}", n > 32 ? 34 : (int)n + 2, s);
		rc = bk_buf_puts(out, value, e);
		s += n + 2;
	}
	return rc;
}

static int
expand_string(const struct bk_notify_message *m, json_t *string,
    struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = expand(m, json_string_value(string), &b, e);

	if (rc == 0 && json_string_setn(string, b.len > 0 ? b.data : "",
	    b.len) == -1)
		rc = bk_fail_memory(e);
	bk_buf_free(&b);
	return rc;
}

/* Expand all string values in v; jansson limits the depth. */
static int
expand_all(const struct bk_notify_message *m, json_t *v, struct bk_err *e)
{
	const char *key;
	json_t *child;
	size_t i;

	if (json_is_string(v))
		return expand_string(m, v, e);
	json_array_foreach(v, i, child)
		if (expand_all(m, child, e) == -1)
			return -1;
	json_object_foreach(v, key, child)
		if (expand_all(m, child, e) == -1)
			return -1;
	return 0;
}

static int
add_json(const json_t *v, struct bk_buf *out, struct bk_err *e)
{
	char *text = v != NULL ? json_dumps(v, JSON_COMPACT) : NULL;
	int rc;

	if (text == NULL)
		return bk_fail_memory(e);
	rc = bk_buf_puts(out, text, e);
	bk_wipe(text, strlen(text));	/* a template may hold a key */
	free(text);
	return rc;
}

/* Omits jansson's message, which may quote a secret key. */
static json_t *
load_template(const char *path, struct bk_err *e)
{
	struct bk_buf text = {0};
	json_error_t json_err;
	json_t *v = NULL;

	if (bk_io_slurp(path, TEMPLATE_MAX, &text, e) == 0) {
		v = bk_json_parse(text.len > 0 ? text.data : "", text.len,
		    JSON_REJECT_DUPLICATES, &json_err, e);
		if (v == NULL)
			(void)bk_fail(e, BK_DATA, "%s: line %d, column %d: not "
			    "JSON", path, json_err.line, json_err.column);
	}
	bk_buf_free(&text);
	return v;
}

int
bk_notify_json_webhook(const struct bk_notify_message *m, const char *path,
    struct bk_buf *out, struct bk_err *e)
{
	struct bk_err reason = {0};
	json_t *v;
	int rc = -1;

	if (path == NULL)
		v = json_pack("{ssssssssss}", "subject", "{subject}",
		    "message", "{message}", "status", "{status}",
		    "host", "{host}", "utc", "{utc}");
	else if ((v = load_template(path, e)) == NULL)
		return -1;
	if (v != NULL && expand_all(m, v, &reason) == -1)
		(void)bk_fail(e, reason.code, "%s%s%s", path != NULL ? path :
		    "", path != NULL ? ": " : "", reason.msg);
	else
		rc = add_json(v, out, e);
	json_decref(v);
	return rc;
}

/* Append s escaped for Slack, at most *room characters. */
static int
add_slack(struct bk_buf *out, const char *s, size_t *room, struct bk_err *e)
{
	size_t n, cost;
	int rc = 0;

	for (; rc == 0 && *s != '\0'; s += n, *room -= cost) {
		n = bk_utf8_len(s);
		cost = *s == '&' ? 5 : *s == '<' || *s == '>' ? 4 : 1;
		if (cost > *room)
			return bk_buf_puts(out, "...", e);
		rc = *s == '&' ? bk_buf_puts(out, "&amp;", e) :
		    *s == '<' ? bk_buf_puts(out, "&lt;", e) :
		    *s == '>' ? bk_buf_puts(out, "&gt;", e) :
		    bk_buf_add(out, s, n, e);
	}
	return rc;
}

int
bk_notify_json_slack(const struct bk_notify_message *m, struct bk_buf *out,
    struct bk_err *e)
{
	struct bk_buf text = {0};
	size_t room = SLACK_MAX - strlen("...");
	json_t *v = NULL;
	int rc = -1;

	if (add_slack(&text, m->title != NULL ? m->subject.data : m->host,
	    &room, e) == 0 && (m->text.len == 0 ||
	    (add_slack(&text, m->title != NULL ? "\n" : ": ", &room, e) ==
	    0 && add_slack(&text, m->text.data, &room, e) == 0))) {
		v = json_pack("{ss}", "text", text.data);
		rc = add_json(v, out, e);
	}
	json_decref(v);
	bk_buf_free(&text);
	return rc;
}
