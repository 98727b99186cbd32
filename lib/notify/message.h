#ifndef BK_NOTIFY_MESSAGE_H
#define BK_NOTIFY_MESSAGE_H
/*
 * What bk-notify sends.  All functions of this room that return int return 0,
 * or -1 with *e set.
 */
#include "base/buf.h"
#include "base/utctime.h"
#include "policy/freshness.h"

#define BK_NOTIFY_KEEP (1 << 20) /* bytes of a message; the rest is left out */

/* What is told.  Text is UTF-8 without control characters but '\n' and '\t'. */
struct bk_notify_message {
	struct bk_buf text;	/* without a newline at its end; "" is none */
	struct bk_buf subject;	/* one line */
	const char *titled;	/* --subject, or NULL: made of host and text */
	int known;		/* state is */
	int start;		/* of a job: for pings, there is no state */
	enum bk_state state;
	char host[256];
	time_t now;
	char utc[BK_UTCTIME_TEXT];
};

/*
 * Fill m from standard input; m->host, now and titled are there, and state
 * where it is known.  A command that wrote nothing is UNKNOWN; so there is
 * always a text, or a subject and a state that were given.
 */
int bk_notify_message_read(struct bk_notify_message *m, struct bk_err *e);

/* The same from the last run in the audit log path. */
int bk_notify_message_audit(struct bk_notify_message *m, const char *path,
    struct bk_err *e);

/* What every way of getting a text ends with: a subject, the time. */
int bk_notify_message_finish(struct bk_notify_message *m, struct bk_err *e);

/* Tell why there is no message: UNKNOWN, unless the state is known. */
int bk_notify_message_failed(struct bk_notify_message *m,
    const struct bk_err *why, struct bk_err *e);

/* Add n bytes of anything to *out as text is, above. */
int bk_notify_message_clean(struct bk_buf *out, const char *s, size_t n,
    struct bk_err *e);

/* 1 if the n characters at s name a state (policy/freshness.h), else 0. */
int bk_notify_state_parse(const char *s, size_t n, enum bk_state *state);

#endif
