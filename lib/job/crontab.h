#ifndef BK_JOB_CRONTAB_H
#define BK_JOB_CRONTAB_H
/*
 * The lines of crontabs that call bk-run with a JOB@NAME: of a user's
 * (crontab -l), or of /etc/cron.d, where a user stands before the command.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/ready.h"
#include "job/job.h"

#define BK_CRON_TEXT 256	/* bytes of an option's value, with the NUL */

struct bk_cron_line {
	const char *path;	/* of the crontab, borrowed */
	unsigned line;
	char spec[2 * BK_JOB_NAME];	/* JOB@NAME */
	char dir[BK_CRON_TEXT];	/* of -C; "": none */
	char tell[BK_CRON_TEXT];	/* of --tell; "": none */
	char assignments[BK_CRON_TEXT];	/* "A=b C=d", as they are; "": none */
	/* when: a bit for each; days that both rules name are all days */
	uint64_t minutes;
	uint32_t hours, days, months, weekdays;
};

struct bk_crontab {		/* = {0} */
	int no_mailer;		/* cron has no program to send mail with */
	struct bk_cron_line *v;
	size_t n, cap;
	void (*report)(void *arg, enum bk_ready how, const char *text);
	void *arg;
};

/*
 * Take the lines of a crontab's text: of a user's; or, where user is not NULL,
 * of /etc/cron.d, those that this user runs, and the others are only named.
 * Report what cron will make of them otherwise than meant: a bk-run that is not
 * in its PATH, a '%' that is not escaped, a CRON_TZ, no mail and no --tell.
 * 0; -1 with *e set: memory.
 */
int bk_crontab_take(struct bk_crontab *c, const char *path, const char *text,
    const char *user, struct bk_err *e);

/* Report jobs that begin twice in one minute. */
void bk_crontab_clashes(const struct bk_crontab *c);

void bk_crontab_free(struct bk_crontab *c);

#endif
