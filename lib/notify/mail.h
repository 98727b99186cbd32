#ifndef BK_NOTIFY_MAIL_H
#define BK_NOTIFY_MAIL_H
/* Messages by mail (RFC 5321, 5322, 2047). */
#include "notify/send.h"

int bk_notify_mail(const char *address, const char *name,
    const struct bk_notify_message *m, const struct bk_notify_options *way,
    struct bk_err *e);

/* BK_USAGE if it is no address that can be put into a mail as it is. */
int bk_notify_mail_check(const char *address, const char *what,
    struct bk_err *e);

/* BK_USAGE if it is not smtp://HOST or smtps://HOST, or holds a login. */
int bk_notify_mail_check_server(const char *url, struct bk_err *e);

#endif
