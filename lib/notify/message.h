#ifndef BK_NOTIFY_MESSAGE_H
#define BK_NOTIFY_MESSAGE_H
/*
 * What bk-notify sends.  Functions of this room that take an e return 0, or -1
 * with *e set, unless noted.
 */
#include "base/buf.h"
#include "base/utctime.h"
#include "policy/freshness.h"

#define BK_NOTIFY_TEXT_MAX (1 << 20)	/* bytes of input kept */
#define BK_NOTIFY_JSON_MAX (16 << 20)	/* bytes of what bk-age --json prints */

/* Text is UTF-8 without control characters other than '\n' and '\t'. */
struct bk_notify_message {
	struct bk_buf text;	/* without a final newline; may be empty */
	struct bk_buf subject;	/* one line */
	struct bk_buf job;	/* what it is about, if that is one job; "" */
	const char *title;	/* --subject; NULL: made from host and text */
	int known;		/* state is set */
	int start;		/* start of a job, for pings: has no state */
	enum bk_state state;
	struct bk_subjects subjects; /* of bk-age, each with a state; state is
				 * the worst.  None: text has one for all */
	struct bk_fresh fresh;	/* of these */
	char host[256];
	time_t now;
	char utc[BK_UTCTIME_TEXT];
};

/*
 * Fill m from standard input; the caller has set host, now, title, and state
 * if known.  JSON of bk-age becomes the lines that it prints for people, and,
 * if state was not known, subjects.  Empty input is UNKNOWN, so there is always
 * a text, or a title and a state.
 */
int bk_notify_message_read(struct bk_notify_message *m, struct bk_err *e);

/* The same from the last run in the audit log path. */
int bk_notify_message_audit(struct bk_notify_message *m, const char *path,
    struct bk_err *e);

/* Complete m, whose text is set: subject, time. */
int bk_notify_message_finish(struct bk_notify_message *m, struct bk_err *e);

/* Make m report the reason for a missing message: UNKNOWN if not known. */
int bk_notify_message_failed(struct bk_notify_message *m,
    const struct bk_err *reason, struct bk_err *e);

/* Make the text of m those lines: of all subjects, in the order of *s. */
int bk_notify_message_lines(struct bk_notify_message *m,
    const struct bk_subjects *s, struct bk_err *e);

void bk_notify_message_free(struct bk_notify_message *m);

/*
 * Append n arbitrary bytes, which a NUL follows, to *out, converted to text as
 * above.
 */
int bk_notify_message_clean(struct bk_buf *out, const char *s, size_t n,
    struct bk_err *e);

/* 1 if the n characters at s name a state (policy/freshness.h), else 0. */
int bk_notify_state_parse(const char *s, size_t n, enum bk_state *state);

#endif
