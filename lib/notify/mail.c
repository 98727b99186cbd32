/* Messages by mail (RFC 5321, 5322, 2047). */
#define _GNU_SOURCE		/* getentropy */
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/secret.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "notify/mail.h"

#define LOGIN_MAX 4096		/* bytes of the login file */
#define ADDRESS_MAX 254
#define WORD_BYTES 45		/* per encoded word of at most 75 characters */

struct mail {
	const char *to;
	char from[ADDRESS_MAX + 2];
	struct bk_buf login;		/* "USER\0PASSWORD" */
	const char *password;		/* in login; NULL: no login */
	struct curl_slist *headers, *rcpt;
	curl_mime *mime;
};

int
bk_notify_mail_check(const char *address, const char *label, struct bk_err *e)
{
	const char *at = strchr(address, '@'), *p;

	for (p = address; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("<>()[],;:\\\"", *p) !=
		    NULL)
			break;
	if (*p != '\0' || p == address || p - address > ADDRESS_MAX ||
	    at == address || (at != NULL && (at[1] == '\0' ||
	    strchr(at + 1, '@') != NULL)))
		return bk_fail(e, BK_USAGE, "%s: '%s' is not an address; "
		    "write it as dba@example.org", label, address);
	return 0;
}

int
bk_notify_mail_check_server(const char *url, struct bk_err *e)
{
	const char *host = strncmp(url, "smtps://", 8) == 0 ? url + 8 :
	    strncmp(url, "smtp://", 7) == 0 ? url + 7 : "";

	if (strchr(host, '@') != NULL)
		return bk_fail(e, BK_USAGE, "--smtp: no login in the URL; use "
		    "--smtp-login FILE");
	if (*host == '\0' || strpbrk(host, "/? \t\n") != NULL)
		return bk_fail(e, BK_USAGE, "--smtp: '%s' is not a mail "
		    "server; write it as smtps://mail.example.org", url);
	return 0;
}

/* Load a file of two lines: user and password. */
static int
load_login(struct mail *mail, const char *file, struct bk_err *e)
{
	struct bk_buf *b = &mail->login;
	char *end;

	if (bk_secret_load(file, LOGIN_MAX, b, e) == -1)
		return -1;
	while (b->len > 0 && strchr("\r\n", b->data[b->len - 1]) != NULL)
		b->data[--b->len] = '\0';
	end = b->len > 0 ? strchr(b->data, '\n') : NULL;
	if (end == NULL || end == b->data || end[1] == '\0' ||
	    strchr(end + 1, '\n') != NULL || strlen(b->data) != b->len)
		return bk_fail(e, BK_DATA, "%s: not a login file: write two "
		    "lines, the user and the password", file);
	mail->password = end + 1;
	if (end[-1] == '\r')
		end[-1] = '\0';
	*end = '\0';
	return 0;
}

static int
set_from(struct mail *mail, const char *sender, const char *host,
    struct bk_err *e)
{
	struct passwd pw, *found = NULL;
	struct bk_err reason = {0};
	struct bk_buf from = {0};
	char buf[4096];
	int rc;

	if (sender == NULL)
		(void)getpwuid_r(geteuid(), &pw, buf, sizeof(buf), &found);
	rc = sender != NULL ? bk_buf_puts(&from, sender, e) :
	    bk_buf_printf(&from, e, "%s@%s", found != NULL ? pw.pw_name :
	    "bk", host);
	if (rc == 0 && bk_notify_mail_check(from.data, "sender", &reason) ==
	    -1)
		rc = bk_fail(e, BK_FAIL, "%s: %s, with --from", mail->to,
		    reason.msg);
	if (rc == 0)
		memcpy(mail->from, from.data, from.len + 1);
	bk_buf_free(&from);
	return rc;
}

static int
add_header(struct mail *mail, const struct bk_buf *line, struct bk_err *e)
{
	struct curl_slist *more = curl_slist_append(mail->headers, line->data);

	if (more == NULL)
		return bk_fail_memory(e);
	mail->headers = more;
	return 0;
}

/* Add the subject: verbatim, or as encoded words (RFC 2047), one per line. */
static int
add_subject(struct mail *mail, const char *s, struct bk_err *e)
{
	char word[BK_BASE64_LEN(WORD_BYTES) + 1];
	struct bk_buf b = {0};
	const char *p, *fold = "";
	size_t n;
	int rc = bk_buf_puts(&b, "Subject: ", e);

	for (p = s; *p >= ' ' && *p <= '~'; p++)
		continue;
	if (rc == 0 && *p == '\0' && p - s < 900 && strstr(s, "=?") == NULL) {
		rc = bk_buf_puts(&b, s, e);
		s = p;
	}
	for (; rc == 0 && *s != '\0'; s += n) {
		for (n = 0; s[n] != '\0' && n + bk_utf8_len(s + n) <=
		    WORD_BYTES; n += bk_utf8_len(s + n))
			continue;
		bk_base64_encode(word, (const uint8_t *)s, n);
		rc = bk_buf_printf(&b, e, "%s=?UTF-8?B?%s%.*s?=", fold, word,
		    (int)((3 - n % 3) % 3), "==");
		fold = "\r\n ";
	}
	if (rc == 0)
		rc = add_header(mail, &b, e);
	bk_buf_free(&b);
	return rc;
}

static int
add_headers(struct mail *mail, const struct bk_notify_message *m,
    struct bk_err *e)
{
	char date[64];
	struct tm tm;
	uint64_t random;
	struct bk_buf b = {0};
	const char *const lines[][2] = {
		{ "Date", date }, { "From", mail->from }, { "To", mail->to },
		{ "Auto-Submitted", "auto-generated" },		/* RFC 3834 */
	};
	size_t i;
	int rc = 0;

	if (bk_utctime_civil(&m->now, &tm) == NULL ||
	    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000",
	    &tm) == 0 ||
	    getentropy(&random, sizeof(random)) == -1)
		return bk_fail_errno(e, "time or random bytes");
	for (i = 0; rc == 0 && i < sizeof(lines) / sizeof(lines[0]); i++) {
		b.len = 0;
		rc = bk_buf_printf(&b, e, "%s: %s", lines[i][0], lines[i][1]);
		if (rc == 0)
			rc = add_header(mail, &b, e);
	}
	/* the same for all tries, so that duplicates are recognized */
	b.len = 0;
	if (rc == 0)
		rc = bk_buf_printf(&b, e, "Message-ID: <%jx.%jx.bk@%s>",
		    (uintmax_t)m->now, (uintmax_t)random, m->host);
	if (rc == 0)
		rc = add_header(mail, &b, e);
	bk_buf_free(&b);
	return rc == 0 ? add_subject(mail, m->subject.data, e) : -1;
}

/* Add the text, with lines ended by CRLF. */
static int
add_body(struct mail *mail, CURL *curl, const struct bk_notify_message *m,
    struct bk_err *e)
{
	const struct bk_buf *text = m->text.len > 0 ? &m->text : &m->subject;
	struct bk_buf b = {0};
	curl_mimepart *part;
	const char *p = text->data;
	size_t n;
	int rc = 0;

	for (; rc == 0 && *p != '\0'; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		rc = bk_buf_add(&b, p, n, e);
		if (rc == 0)
			rc = bk_buf_puts(&b, "\r\n", e);
	}
	if (rc == 0 && ((mail->mime = curl_mime_init(curl)) == NULL ||
	    (part = curl_mime_addpart(mail->mime)) == NULL ||
	    curl_mime_type(part, "text/plain; charset=utf-8") != CURLE_OK ||
	    curl_mime_encoder(part, "quoted-printable") != CURLE_OK ||
	    curl_mime_data(part, b.data, b.len) != CURLE_OK))
		rc = bk_fail_memory(e);
	bk_buf_free(&b);
	return rc;
}

/* 1 if the server is on this host. */
static int
is_local(const char *url)
{
	static const char *const hosts[] = { "localhost", "127.0.0.1",
	    "[::1]" };
	const char *host = strstr(url, "://") + 3;
	size_t i, n;

	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		n = strlen(hosts[i]);
		if (strncmp(host, hosts[i], n) == 0 &&
		    (host[n] == '\0' || host[n] == ':'))
			return 1;
	}
	return 0;
}

/* A login requires TLS; without one, mail may be sent in the clear. */
static int
prepare(const struct mail *mail, CURL *c, const struct bk_notify_options *opt,
    struct bk_err *e)
{
	long tls = mail->password != NULL ? CURLUSESSL_ALL :
	    is_local(opt->smtp) ? CURLUSESSL_NONE : CURLUSESSL_TRY;
	CURLcode bad = CURLE_OK;

	bad |= curl_easy_setopt(c, CURLOPT_URL, opt->smtp);
	bad |= curl_easy_setopt(c, CURLOPT_USE_SSL, tls);
	if (mail->password != NULL) {
		bad |= curl_easy_setopt(c, CURLOPT_USERNAME,
		    mail->login.data);
		bad |= curl_easy_setopt(c, CURLOPT_PASSWORD, mail->password);
	}
	bad |= curl_easy_setopt(c, CURLOPT_MAIL_FROM, mail->from);
	bad |= curl_easy_setopt(c, CURLOPT_MAIL_RCPT, mail->rcpt);
	bad |= curl_easy_setopt(c, CURLOPT_HTTPHEADER, mail->headers);
	bad |= curl_easy_setopt(c, CURLOPT_MIMEPOST, mail->mime);
	return bad == CURLE_OK ? 0 : bk_fail_memory(e);
}

int
bk_notify_mail(const char *address, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e)
{
	struct bk_notify_transfer t = { .name = name, .secret = "" };
	struct mail mail = { .to = address };
	int rc = -1;

	t.mail = curl_easy_init();
	mail.rcpt = curl_slist_append(NULL, address);
	if (t.mail == NULL || mail.rcpt == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if ((opt->login != NULL && load_login(&mail, opt->login, e) == -1) ||
	    set_from(&mail, opt->from, m->host, e) == -1 ||
	    add_headers(&mail, m, e) == -1 ||
	    add_body(&mail, t.mail, m, e) == -1 ||
	    prepare(&mail, t.mail, opt, e) == -1)
		goto done;
	if (mail.password != NULL)
		t.secret = mail.password;
	rc = bk_notify_send(&t, opt, e);
 done:
	curl_easy_cleanup(t.mail);
	curl_mime_free(mail.mime);
	curl_slist_free_all(mail.headers);
	curl_slist_free_all(mail.rcpt);
	bk_buf_free(&mail.login);
	return rc;
}
