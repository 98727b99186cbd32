#ifndef BK_RESTORE_MARKS_H
#define BK_RESTORE_MARKS_H
/* What a comment on a database begins with: what it is to us. */

#define BK_MARK_ASIDE "set aside by bk-restore at "	/* UTC, its OID */
#define BK_MARK_UNFINISHED "bk-restore: unfinished"

#endif
