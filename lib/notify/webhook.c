/* Messages by HTTP, to a secret URL. */
#include <string.h>

#include "base/secret.h"
#include "base/utf8.h"
#include "notify/body.h"
#include "notify/webhook.h"

#define URL_FILE_MAX 4096
#define PING_MAX 100000		/* bytes of text that healthchecks.io keeps */
#define SHORT_MAX 1500		/* bytes of text that all receivers accept */

/* Load the URL in file; the caller wipes it. */
static int
load_url(const char *file, struct bk_buf *url, struct bk_err *e)
{
	size_t scheme;

	if (bk_secret_load(file, URL_FILE_MAX, url, e) == -1)
		return -1;
	while (url->len > 0 && strchr(" \t\r\n", url->data[url->len - 1]) !=
	    NULL)
		url->data[--url->len] = '\0';
	scheme = url->len == 0 ? 0 : strncmp(url->data, "https://", 8) == 0 ?
	    8 : strncmp(url->data, "http://", 7) == 0 ? 7 : 0;
	if (scheme == 0 || url->len == scheme || strlen(url->data) !=
	    url->len || strpbrk(url->data, " \t\r\n") != NULL)
		return bk_fail(e, BK_DATA, "%s: not a URL; it is one line, as "
		    "https://HOST/PATH", file);
	return 0;
}

/* Append suffix to the path of u. */
static int
add_path(CURLU *u, const char *suffix, struct bk_err *e)
{
	struct bk_buf path = {0};
	char *old = NULL;
	int rc;

	if (curl_url_get(u, CURLUPART_PATH, &old, 0) != CURLUE_OK)
		return bk_fail_memory(e);
	rc = bk_buf_printf(&path, e, "%s%s%s", old, old[strlen(old) - 1] ==
	    '/' ? "" : "/", suffix);
	if (rc == 0 && curl_url_set(u, CURLUPART_PATH, path.data, 0) !=
	    CURLUE_OK)
		rc = bk_fail_memory(e);
	bk_wipe(old, strlen(old));
	curl_free(old);
	bk_buf_free(&path);
	return rc;
}

/* Set *out to text, the URL in file, with suffix (or NULL). */
static int
to_url(const char *file, const char *text, const char *suffix,
    struct bk_buf *out, struct bk_err *e)
{
	CURLU *u = curl_url();
	char *all = NULL;
	CURLUcode read = u == NULL ? CURLUE_OUT_OF_MEMORY :
	    curl_url_set(u, CURLUPART_URL, text, 0);
	int rc = -1;

	if (read == CURLUE_OUT_OF_MEMORY)
		bk_fail_memory(e);
	else if (read != CURLUE_OK)
		bk_fail(e, BK_DATA, "%s: not a URL", file);
	else if (suffix == NULL || add_path(u, suffix, e) == 0) {
		if (curl_url_get(u, CURLUPART_URL, &all, 0) != CURLUE_OK)
			bk_fail_memory(e);
		else
			rc = bk_buf_puts(out, all, e);
	}
	if (all != NULL)
		bk_wipe(all, strlen(all));
	curl_free(all);
	curl_url_cleanup(u);
	return rc;
}

/*
 * Send body, whose header type is its Content-Type, to the URL in file with
 * suffix (or NULL): POST, or GET if body is empty.
 */
static int
request(struct bk_notify_transfer *t, const char *file, const char *suffix,
    const struct bk_buf *body, const char *type,
    const struct bk_notify_options *opt, struct bk_err *e)
{
	struct bk_http_ask ask = { .method = "GET" };
	struct bk_buf url = {0}, sent = {0};
	int rc = -1;

	if (body->len > 0) {
		ask.method = "POST";
		ask.headers[0] = type;
		ask.body = body->data;
		ask.body_len = body->len;
	}
	if (load_url(file, &url, e) == 0 &&
	    to_url(file, url.data, suffix, &sent, e) == 0) {
		t->secret = url.data;
		ask.url = sent.data;
		t->ask = &ask;
		rc = bk_notify_send(t, opt, e);
	}
	bk_buf_free(&url);
	bk_buf_free(&sent);
	return rc;
}

/* Send m as JSON, for Slack or another webhook. */
static int
post(struct bk_notify_transfer *t, int slack, const char *file,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e)
{
	struct bk_buf body = {0};
	int rc = slack ? bk_notify_json_slack(m, &body, e) :
	    bk_notify_json_webhook(m, opt->template, &body, e);

	if (rc == 0)
		rc = request(t, file, NULL, &body, "Content-Type: "
		    "application/json", opt, e);
	bk_buf_free(&body);
	return rc;
}

/*
 * The same; if refused, send a shortened message.  Some receivers have lower
 * limits than Slack: Discord 2000 characters, ntfy 4 KiB, Teams 28 KB.
 */
static int
post_or_shorten(int slack, const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e)
{
	struct bk_notify_transfer t = { .name = name };
	struct bk_notify_message shortened = *m;
	struct bk_err ignored = {0};
	int rc = post(&t, slack, file, m, opt, e);

	if (rc == 0 || m->text.len <= SHORT_MAX ||
	    (t.status != 400 && t.status != 413))
		return rc;
	shortened.text = (struct bk_buf){0};
	if (bk_buf_add(&shortened.text, m->text.data, bk_utf8_cut(
	    m->text.data, SHORT_MAX), &ignored) == 0 &&
	    bk_buf_puts(&shortened.text, "...", &ignored) == 0 &&
	    post(&t, slack, file, &shortened, opt, &ignored) == 0) {
		*e = (struct bk_err){0};
		rc = 0;
	}
	bk_buf_free(&shortened.text);
	return rc;
}

int
bk_notify_slack(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e)
{
	return post_or_shorten(1, file, name, m, opt, e);
}

int
bk_notify_webhook(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e)
{
	return post_or_shorten(0, file, name, m, opt, e);
}

int
bk_notify_ping(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e)
{
	struct bk_notify_transfer t = { .name = name, .ping = 1 };
	const char *suffix = m->start ? "start" : m->state == BK_STATE_OK ?
	    NULL : "fail";
	struct bk_buf body = m->text;	/* borrowed */

	if (body.len > PING_MAX)
		body.len = bk_utf8_cut(body.data, PING_MAX);
	return request(&t, file, suffix, &body, "Content-Type: text/plain; "
	    "charset=utf-8", opt, e);
}
