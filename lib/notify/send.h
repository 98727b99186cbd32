#ifndef BK_NOTIFY_SEND_H
#define BK_NOTIFY_SEND_H
/* Transfers by HTTP or SMTP, retried until they succeed or must fail. */
#include <curl/curl.h>

#include "http/fetch.h"
#include "notify/message.h"

/* Options for all targets. */
struct bk_notify_options {
	unsigned retry_for;	/* seconds per target, at least 1 */
	const char *ca_bundle;	/* NULL: the system's */
	const char *template;	/* file for webhooks, or NULL */
	const char *smtp;	/* URL of the mail server */
	const char *login;	/* file with user and password, or NULL */
	const char *from;	/* NULL: this user at this host */
};

struct bk_notify_transfer {
	const struct bk_http_ask *ask;	/* by HTTP: method, URL, data; or */
	CURL *mail;		/* by SMTP: with URL and data set */
	const char *name;	/* of the target */
	const char *secret;	/* redacted in messages */
	int ping;		/* by HTTP, and 200 may be a refusal */
	long status;		/* output: of the last answer; 0: none */
};

/* Send t, retrying for at most opt->retry_for. */
int bk_notify_send(struct bk_notify_transfer *t,
    const struct bk_notify_options *opt, struct bk_err *e);

#endif
