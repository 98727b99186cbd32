#include "recovery/recover.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

/*
 * Append name = 'value' as postgresql.conf has it: quotes doubled, and a
 * backslash before what a line cannot hold.
 */
static int
add_setting(struct bk_buf *out, const char *name, const char *value,
    struct bk_err *e)
{
	const unsigned char *p = (const unsigned char *)value;
	char c[8];

	if (bk_buf_printf(out, e, "%s = '", name) == -1)
		return -1;
	for (; *p != '\0'; p++) {
		if (*p == '\'' || *p == '\\')
			(void)snprintf(c, sizeof(c), "%c%c", *p, *p);
		else if (*p < 0x20 || *p == 0x7f)
			(void)snprintf(c, sizeof(c), "\\%03o", *p);
		else
			(void)snprintf(c, sizeof(c), "%c", *p);
		if (bk_buf_puts(out, c, e) == -1)
			return -1;
	}
	return bk_buf_puts(out, "'\n", e);
}

/*
 * Append a word for the shell that restore_command is run by, which sees it
 * after the server has replaced %f and %p, and %% by %.
 */
static int
add_word(struct bk_buf *out, const char *word, struct bk_err *e)
{
	char c[2] = "";

	if (bk_buf_puts(out, "'", e) == -1)
		return -1;
	for (; *word != '\0'; word++) {
		c[0] = *word;
		if (bk_buf_puts(out, *word == '\'' ? "'\\''" : *word == '%' ?
		    "%%" : c, e) == -1)
			return -1;
	}
	return bk_buf_puts(out, "'", e);
}

/* Without an archive nothing is ever there. */
static int
add_restore_command(const struct bk_recover_settings *s, struct bk_buf *out,
    struct bk_err *e)
{
	struct bk_buf cmd = {0};
	int rc = 0;

	if (s->walget == NULL)
		return add_setting(out, "restore_command", "false", e);
	if (add_word(&cmd, s->walget, e) == -1 ||
	    bk_buf_printf(&cmd, e, " -j %u --spool ", s->jobs) == -1 ||
	    add_word(&cmd, s->spool, e) == -1 ||
	    bk_buf_puts(&cmd, " %f %p -- ", e) == -1 ||
	    add_word(&cmd, s->command, e) == -1 ||
	    add_setting(out, "restore_command", cmd.data, e) == -1)
		rc = -1;
	cmd.len = 0;
	if (rc == 0 && s->own_spool)
		rc = bk_buf_puts(&cmd, "rm -rf ", e) == -1 ||
		    add_word(&cmd, s->spool, e) == -1 ? -1 : 0;
	if (rc == 0)
		rc = add_setting(out, "recovery_end_command",
		    s->own_spool ? cmd.data : "", e);
	bk_buf_free(&cmd);
	return rc;
}

static int
add_lsn(struct bk_buf *out, uint64_t lsn, int inclusive, struct bk_err *e)
{
	char text[BK_LSN_TEXT];

	bk_lsn_format(lsn, text);
	return add_setting(out, "recovery_target_lsn", text, e) == -1 ? -1 :
	    add_setting(out, "recovery_target_inclusive",
	    inclusive ? "on" : "off", e);
}

static int
add_target(const struct bk_recover_settings *s, struct bk_buf *out,
    struct bk_err *e)
{
	const struct bk_recovery_target *t = s->target;
	char text[BK_TARGET_TIME_TEXT];

	if (s->proof->stop != BK_STOP_AS_ASKED)
		return add_lsn(out, s->proof->lsn,
		    s->proof->stop == BK_STOP_AFTER, e);
	switch (t->kind) {
	case BK_TARGET_LSN:
		return add_lsn(out, t->lsn, 0, e);
	case BK_TARGET_NAME:
		return add_setting(out, "recovery_target_name", t->name, e);
	case BK_TARGET_TIME:
		bk_recovery_target_time(t->time, text);
		if (add_setting(out, "recovery_target_time", text, e) == -1)
			return -1;
		break;
	case BK_TARGET_XID:
		(void)snprintf(text, sizeof(text), "%" PRIu32, t->xid);
		if (add_setting(out, "recovery_target_xid", text, e) == -1)
			return -1;
		break;
	case BK_TARGET_IMMEDIATE:	/* the proof names a record */
	case BK_TARGET_LATEST:
		return 0;
	}
	return add_setting(out, "recovery_target_inclusive", "on", e);
}

/* The caller's own, in front of ours, which win. */
static int
add_given(const struct bk_recover_settings *s, struct bk_buf *out,
    struct bk_err *e)
{
	char name[64];
	size_t i;

	for (i = 0; i < s->nset; i++) {
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)strcspn(s->set[i], "="), s->set[i]);
		if (add_setting(out, name, strchr(s->set[i], '=') + 1, e) ==
		    -1)
			return -1;
	}
	return 0;
}

int
bk_recover_settings(const struct bk_recover_settings *s, struct bk_buf *out,
    struct bk_err *e)
{
	/*
	 * What the cluster was told before.  In front of our own target: the
	 * server objects to a second one even if it is unset after it.
	 */
	static const char *const unset[] = { "recovery_target",
	    "recovery_target_name", "recovery_target_time",
	    "recovery_target_xid", "recovery_target_lsn",
	    "archive_cleanup_command", "recovery_min_apply_delay" };
	char timeline[16];
	size_t i;

	if (bk_buf_puts(out, "\n# by bk-pitr\n", e) == -1 ||
	    add_given(s, out, e) == -1)
		return -1;
	for (i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
		if (add_setting(out, unset[i], i ==
		    sizeof(unset) / sizeof(unset[0]) - 1 ? "0" : "", e) == -1)
			return -1;
	(void)snprintf(timeline, sizeof(timeline), "%" PRIu32,
	    s->proof->timeline);
	if (add_setting(out, "recovery_target_timeline", timeline, e) == -1 ||
	    add_target(s, out, e) == -1 ||
	    add_setting(out, "recovery_target_action", s->pause ? "pause" :
	    "promote", e) == -1 ||
	    add_restore_command(s, out, e) == -1)
		return -1;
	return s->archive ? 0 : add_setting(out, "archive_mode", "off", e);
}
