#ifndef BK_NOTIFY_WEBHOOK_H
#define BK_NOTIFY_WEBHOOK_H
/*
 * Messages by HTTP to the secret URL in file.  name is the target's in
 * messages, which never contain the URL.
 */
#include "notify/send.h"

int bk_notify_slack(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e);
int bk_notify_webhook(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e);
int bk_notify_ping(const char *file, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e);

#endif
