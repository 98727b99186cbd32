#ifndef BK_NOTIFY_HISTORY_H
#define BK_NOTIFY_HISTORY_H
/* What earlier runs have sent: the file of --only-change, locked. */
#include "notify/message.h"

struct bk_notify_history;

/*
 * Open the file path (borrowed), made if it is not there, and wait until
 * nobody else has it.  NULL with *e set: BK_FAIL it cannot be read, BK_DATA
 * it is something else.
 */
struct bk_notify_history *bk_notify_history_open(const char *path,
    struct bk_err *e);

/* 1 if m is worse than what was told, or the first that is good after it. */
int bk_notify_history_is_news(const struct bk_notify_history *p,
    const struct bk_notify_message *m);

/* If m is good news, add to its text since when it was bad. */
int bk_notify_history_recall(const struct bk_notify_history *p,
    struct bk_notify_message *m, struct bk_err *e);

/* m was told to all: remember it, on stable storage. */
int bk_notify_history_store(struct bk_notify_history *p,
    const struct bk_notify_message *m, struct bk_err *e);

void bk_notify_history_close(struct bk_notify_history *p); /* NULL is fine */

#endif
