#ifndef BK_NOTIFY_STATE_H
#define BK_NOTIFY_STATE_H
/*
 * What was told: the file of --only-change, locked while open.  It has a report
 * for each subject, such as a database, that was last told to be anything but
 * OK.
 */
#include <stddef.h>
#include <time.h>

#include "base/err.h"
#include "policy/freshness.h"

struct bk_notify_report {
	char *subject;		/* "": the whole message */
	enum bk_state state;	/* the worst that was told since the last OK */
	time_t since;		/* when it was first told */
	time_t told;		/* when it was last told */
};

struct bk_notify_reports {	/* start with = {0} */
	struct bk_notify_report *v;
	size_t n;
};

struct bk_notify_told;

/*
 * Open the file path (borrowed), creating it if necessary, wait for its lock,
 * and append what it has to *past.  NULL with *e set: BK_FAIL it cannot be
 * read, BK_DATA it is not a history file.
 */
struct bk_notify_told *bk_notify_told_open(const char *path,
    struct bk_notify_reports *past, struct bk_err *e);

/* Replace the file's contents, durably; 0, or -1 with *e set. */
int bk_notify_told_store(struct bk_notify_told *p,
    const struct bk_notify_reports *told, struct bk_err *e);

void bk_notify_told_close(struct bk_notify_told *p); /* NULL is fine */

/* Append a report, copying the n bytes of subject; NULL with *e set: memory. */
struct bk_notify_report *bk_notify_reports_add(struct bk_notify_reports *r,
    const char *subject, size_t n, struct bk_err *e);

/* The report on the n bytes of subject, or NULL. */
struct bk_notify_report *bk_notify_reports_find(
    const struct bk_notify_reports *r, const char *subject, size_t n);

void bk_notify_reports_free(struct bk_notify_reports *r);

#endif
