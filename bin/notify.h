#ifndef BK_BIN_NOTIFY_H
#define BK_BIN_NOTIFY_H
/*
 * The parts of bk-notify: what is told, whether it is news, and the ways to
 * tell it.  All functions that return int return 0, or -1 with *e set.
 */
#include <curl/curl.h>

#include "../lib/policy/freshness.h"
#include "buf.h"
#include "err.h"
#include "when.h"

#define NOTIFY_KEEP (1 << 20)	/* bytes of a message; the rest is left out */

/* What is told.  Text is UTF-8 without control characters but '\n' and '\t'. */
struct notify_message {
	struct bk_buf text;	/* without a newline at its end; "" is none */
	struct bk_buf subject;	/* one line */
	const char *titled;	/* --subject, or NULL: made of host and text */
	int known;		/* state is */
	int start;		/* of a job: for pings, there is no state */
	enum bk_state state;
	char host[256];
	time_t now;
	char utc[BK_WHEN_TEXT];
};

/*
 * Fill m from standard input; m->host, now and titled are there, and state
 * where it is known.  A command that wrote nothing is UNKNOWN; so there is
 * always a text, or a subject and a state that were given.
 */
int notify_text_read(struct notify_message *m, struct bk_err *e);

/* The same from the last run in the audit log path. */
int notify_text_audit(struct notify_message *m, const char *path,
    struct bk_err *e);

/* What every way of getting a text ends with: a subject, the time. */
int notify_text_finish(struct notify_message *m, struct bk_err *e);

/* Tell why there is no message: UNKNOWN, unless the state is known. */
int notify_text_failed(struct notify_message *m, const struct bk_err *why,
    struct bk_err *e);

/* Add n bytes of anything to *out as text is, above. */
int notify_text_clean(struct bk_buf *out, const char *s, size_t n,
    struct bk_err *e);

/* The most bytes of text, n or a few less, that end between characters. */
size_t notify_text_cut(const char *text, size_t n);

/* 1 if the n characters at s are a state's name (freshness.h), else 0. */
int notify_state_parse(const char *s, size_t n, enum bk_state *state);

/* What has been told by earlier runs: the file of --only-change, locked. */
struct notify_past;

/*
 * Open the file path (borrowed), made if it is not there, and wait until
 * nobody else has it.  NULL with *e set: BK_FAIL it cannot be read, BK_DATA
 * it is something else.
 */
struct notify_past *notify_past_open(const char *path, struct bk_err *e);

/* 1 if m is worse than what was told, or the first that is good after it. */
int notify_past_is_news(const struct notify_past *p,
    const struct notify_message *m);

/* If m is good news, add to its text since when it was bad. */
int notify_past_recall(const struct notify_past *p, struct notify_message *m,
    struct bk_err *e);

/* m was told to all: remember it, on stable storage. */
int notify_past_store(struct notify_past *p, const struct notify_message *m,
    struct bk_err *e);

/* Remove what a store in progress has made.  Async-signal-safe. */
void notify_past_cleanup(void);

void notify_past_close(struct notify_past *p);		/* NULL is fine */

/* The body of a request to Slack: {"text": ...}. */
int notify_json_slack(const struct notify_message *m, struct bk_buf *out,
    struct bk_err *e);

/*
 * The template in the file path, its variables filled in; NULL: an object of
 * all of them.  BK_DATA: it is no JSON, or has a variable that there is not.
 */
int notify_json_webhook(const struct notify_message *m, const char *path,
    struct bk_buf *out, struct bk_err *e);

/* How to send, for all targets. */
struct notify_way {
	unsigned retry_for;	/* seconds for each target, at least 1 */
	const char *ca_bundle;	/* NULL: the system's */
	const char *template;	/* of webhooks; or NULL */
	const char *smtp;	/* URL of the mail server */
	const char *login;	/* file with user and password; or NULL */
	const char *from;	/* NULL: this user at this host */
};

/*
 * Tell m to one target.  file has the URL, and name is what the target is
 * called in messages, which never have the URL in them.
 */
int notify_slack(const char *file, const char *name,
    const struct notify_message *m, const struct notify_way *way,
    struct bk_err *e);
int notify_webhook(const char *file, const char *name,
    const struct notify_message *m, const struct notify_way *way,
    struct bk_err *e);
int notify_ping(const char *file, const char *name,
    const struct notify_message *m, const struct notify_way *way,
    struct bk_err *e);
int notify_mail(const char *address, const char *name,
    const struct notify_message *m, const struct notify_way *way,
    struct bk_err *e);

/* BK_USAGE if it is no address that can be put into a mail as it is. */
int notify_mail_check(const char *address, const char *what,
    struct bk_err *e);

/* BK_USAGE if it is not smtp://HOST or smtps://HOST, or holds a login. */
int notify_mail_check_server(const char *url, struct bk_err *e);

/* One transfer, which is repeated until it succeeds or must fail. */
struct notify_transfer {
	CURL *curl;		/* with its URL and what is sent */
	const char *name;	/* of the target */
	const char *secret;	/* no part of it gets into a message */
	int mail;		/* by SMTP; else HTTP */
	int ping;		/* HTTP, and 200 may be a refusal */
	long status;		/* set: of the last answer; 0 there was none */
};

/* Send t, for way->retry_for at most. */
int notify_send(struct notify_transfer *t, const struct notify_way *way,
    struct bk_err *e);

#endif
