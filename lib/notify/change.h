#ifndef BK_NOTIFY_CHANGE_H
#define BK_NOTIFY_CHANGE_H
/*
 * What of a message is news: bk-age's has a state for each database, and
 * a reader who knows that shop is CRITICAL must still hear of blog.
 */
#include <stdint.h>

#include "notify/message.h"
#include "notify/state.h"

/*
 * Compare m with what was sent: 1 if it has news, 0 if not, -1 with *e set.
 *
 * News is a subject that is worse than last sent, or OK again, or no longer
 * there (unless the message does not show all), or was sent remind seconds ago
 * and is still not OK (0: that is not news).  Then the lines with news come
 * first in m's text, and since when it was bad at its end; and the state to
 * keep once m was sent is appended to *told.
 */
int bk_notify_news(struct bk_notify_message *m,
    const struct bk_notify_reports *past, uint64_t remind,
    struct bk_notify_reports *told, struct bk_err *e);

#endif
