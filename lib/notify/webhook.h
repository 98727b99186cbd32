#ifndef BK_NOTIFY_WEBHOOK_H
#define BK_NOTIFY_WEBHOOK_H
/*
 * Messages by HTTP to a URL that is a secret: file has the URL, and name is
 * what the target is called in messages, which never have the URL in them.
 */
#include "notify/send.h"

int bk_notify_slack(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *way,
    struct bk_err *e);
int bk_notify_webhook(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *way,
    struct bk_err *e);
int bk_notify_ping(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *way,
    struct bk_err *e);

#endif
