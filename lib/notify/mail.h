#ifndef BK_NOTIFY_MAIL_H
#define BK_NOTIFY_MAIL_H
/* Messages by mail (RFC 5321, 5322, 2047). */
#include "notify/send.h"

/* Send m to address; name is the target's in messages. */
int bk_notify_mail(const char *address, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *opt,
    struct bk_err *e);

/* BK_USAGE if address cannot be used unquoted; label is its name. */
int bk_notify_mail_check(const char *address, const char *label,
    struct bk_err *e);

/* BK_USAGE if url is not smtp://HOST or smtps://HOST, or has a login. */
int bk_notify_mail_check_server(const char *url, struct bk_err *e);

#endif
