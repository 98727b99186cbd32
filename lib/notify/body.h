#ifndef BK_NOTIFY_BODY_H
#define BK_NOTIFY_BODY_H
/* The JSON that a message becomes. */
#include "notify/message.h"

/* The body of a request to Slack: {"text": ...}. */
int bk_notify_json_slack(const struct bk_notify_message *m, struct bk_buf *out,
    struct bk_err *e);

/*
 * The template in the file path, its variables filled in; NULL: an object of
 * all of them.  BK_DATA: it is no JSON, or has a variable that there is not.
 */
int bk_notify_json_webhook(const struct bk_notify_message *m, const char *path,
    struct bk_buf *out, struct bk_err *e);

#endif
