#ifndef BK_NOTIFY_SEND_H
#define BK_NOTIFY_SEND_H
/* One transfer by libcurl, tried until it succeeds or must fail. */
#include <curl/curl.h>

#include "notify/message.h"

/* How to send, for all targets. */
struct bk_notify_options {
	unsigned retry_for;	/* seconds for each target, at least 1 */
	const char *ca_bundle;	/* NULL: the system's */
	const char *template;	/* of webhooks; or NULL */
	const char *smtp;	/* URL of the mail server */
	const char *login;	/* file with user and password; or NULL */
	const char *from;	/* NULL: this user at this host */
};

/* One transfer, which is repeated until it succeeds or must fail. */
struct bk_notify_transfer {
	CURL *curl;		/* with its URL and what is sent */
	const char *name;	/* of the target */
	const char *secret;	/* no part of it gets into a message */
	int mail;		/* by SMTP; else HTTP */
	int ping;		/* HTTP, and 200 may be a refusal */
	long status;		/* set: of the last answer; 0 there was none */
};

/* Send t, for way->retry_for at most. */
int bk_notify_send(struct bk_notify_transfer *t,
    const struct bk_notify_options *way, struct bk_err *e);

#endif
