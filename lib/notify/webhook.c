/* what is told by HTTP, to an address that is a secret */
#include <string.h>

#include "base/secret.h"
#include "base/utf8.h"
#include "notify/body.h"
#include "notify/webhook.h"

#define URL_FILE_MAX 4096
#define PING_MAX 100000		/* bytes of a text that healthchecks.io keeps */
#define SHORT 1500		/* bytes of a text that everybody takes */

/* The URL in file, to be wiped. */
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

/* Add word to the path of url. */
static int
add_path(CURLU *u, const char *word, struct bk_err *e)
{
	struct bk_buf path = {0};
	char *old = NULL;
	int rc = -1;

	if (curl_url_get(u, CURLUPART_PATH, &old, 0) != CURLUE_OK)
		return bk_fail_memory(e);
	rc = bk_buf_printf(&path, e, "%s%s%s", old, old[strlen(old) - 1] ==
	    '/' ? "" : "/", word);
	if (rc == 0 && curl_url_set(u, CURLUPART_PATH, path.data, 0) !=
	    CURLUE_OK)
		rc = bk_fail_memory(e);
	bk_wipe(old, strlen(old));
	curl_free(old);
	bk_buf_free(&path);
	return rc;
}

/* Send body, of the MIME type, to the URL in file: GET if there is none. */
static int
request(struct bk_notify_transfer *t, const char *file, const char *word,
    const struct bk_buf *body, const char *type,
    const struct bk_notify_options *way, struct bk_err *e)
{
	struct curl_slist *headers = curl_slist_append(NULL, type);
	CURLU *u = curl_url();
	struct bk_buf url = {0};
	CURLcode bad = CURLE_OK;
	int rc = -1;

	t->curl = curl_easy_init();
	if (headers == NULL || u == NULL || t->curl == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if (load_url(file, &url, e) == -1)
		goto done;
	t->secret = url.data;
	if (curl_url_set(u, CURLUPART_URL, url.data, 0) != CURLUE_OK) {
		bk_fail(e, BK_DATA, "%s: not a URL", file);
		goto done;
	}
	if (word != NULL && add_path(u, word, e) == -1)
		goto done;
	bad |= curl_easy_setopt(t->curl, CURLOPT_CURLU, u);
	if (body->len > 0) {
		bad |= curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
		bad |= curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)body->len);
		bad |= curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS,
		    body->data);
	}
	rc = bad == CURLE_OK ? bk_notify_send(t, way, e) : bk_fail_memory(e);
 done:
	curl_easy_cleanup(t->curl);
	curl_url_cleanup(u);
	curl_slist_free_all(headers);
	bk_buf_free(&url);
	return rc;
}

/* Tell m as the JSON that it makes for a receiver of that kind. */
static int
post(struct bk_notify_transfer *t, int slack, const char *file,
    const struct bk_notify_message *m, const struct bk_notify_options *way,
    struct bk_err *e)
{
	struct bk_buf body = {0};
	int rc = slack ? bk_notify_json_slack(m, &body, e) :
	    bk_notify_json_webhook(m, way->template, &body, e);

	if (rc == 0)
		rc = request(t, file, NULL, &body, "Content-Type: "
		    "application/json", way, e);
	bk_buf_free(&body);
	return rc;
}

/*
 * The same.  Some take much less than Slack does (Discord 2000 characters,
 * ntfy 4 KiB, Teams 28 KB) and refuse the rest: better told in part.
 */
static int
post_what_is_taken(int slack, const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *way,
    struct bk_err *e)
{
	struct bk_notify_transfer t = { .name = name };
	struct bk_notify_message less = *m;
	struct bk_err ignored = {0};
	int rc = post(&t, slack, file, m, way, e);

	if (rc == 0 || m->text.len <= SHORT ||
	    (t.status != 400 && t.status != 413))
		return rc;
	less.text = (struct bk_buf){0};
	if (bk_buf_add(&less.text, m->text.data,
		bk_utf8_cut(m->text.data, SHORT), &ignored) == 0 &&
	    bk_buf_puts(&less.text, "...", &ignored) == 0 &&
	    post(&t, slack, file, &less, way, &ignored) == 0) {
		*e = (struct bk_err){0};
		rc = 0;
	}
	bk_buf_free(&less.text);
	return rc;
}

int
bk_notify_slack(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *way,
    struct bk_err *e)
{
	return post_what_is_taken(1, file, name, m, way, e);
}

int
bk_notify_webhook(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *way,
    struct bk_err *e)
{
	return post_what_is_taken(0, file, name, m, way, e);
}

int
bk_notify_ping(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *way,
    struct bk_err *e)
{
	struct bk_notify_transfer t = { .name = name, .ping = 1 };
	const char *word = m->start ? "start" : m->state == BK_STATE_OK ?
	    NULL : "fail";
	struct bk_buf body = m->text;	/* borrowed */

	if (body.len > PING_MAX)
		body.len = bk_utf8_cut(body.data, PING_MAX);
	return request(&t, file, word, &body, "Content-Type: text/plain; "
	    "charset=utf-8", way, e);
}
