#ifndef BK_NOTIFY_HISTORY_H
#define BK_NOTIFY_HISTORY_H
/* Earlier reports: the file of --only-change, locked while open. */
#include "notify/message.h"

struct bk_notify_history;

/*
 * Open the file path (borrowed), creating it if necessary, and wait for its
 * lock.  NULL with *e set: BK_FAIL it cannot be read, BK_DATA it is not a
 * history file.
 */
struct bk_notify_history *bk_notify_history_open(const char *path,
    struct bk_err *e);

/* 1 if m is worse than the last report, or the recovery from it. */
int bk_notify_history_is_news(const struct bk_notify_history *p,
    const struct bk_notify_message *m);

/* If m is the recovery, add the reported state and its time to the text. */
int bk_notify_history_recall(const struct bk_notify_history *p,
    struct bk_notify_message *m, struct bk_err *e);

/* Store m, which was sent to all targets, durably. */
int bk_notify_history_store(struct bk_notify_history *p,
    const struct bk_notify_message *m, struct bk_err *e);

void bk_notify_history_close(struct bk_notify_history *p); /* NULL is fine */

#endif
