#ifndef BK_RESTORE_NOTES_H
#define BK_RESTORE_NOTES_H
/*
 * Notes for people, a line each.  What stands in them is a dump's text, too: a
 * table's name with a newline makes no line of its own.
 */
#include "base/buf.h"

/* Append a line; control characters become blanks.  0, or -1 with *e set. */
int bk_restore_note(struct bk_buf *notes, struct bk_err *e, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

#endif
