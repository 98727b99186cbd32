#ifndef BK_NOTIFY_BODY_H
#define BK_NOTIFY_BODY_H
/* Messages as JSON; 0, or -1 with *e set. */
#include "notify/message.h"

/* Append the body of a request to Slack: {"text": ...}. */
int bk_notify_json_slack(const struct bk_notify_message *m, struct bk_buf *out,
    struct bk_err *e);

/*
 * Append the template in the file path with its variables expanded; path NULL:
 * an object of all variables.  BK_DATA: it is not JSON, or has an unknown
 * variable.
 */
int bk_notify_json_webhook(const struct bk_notify_message *m, const char *path,
    struct bk_buf *out, struct bk_err *e);

#endif
