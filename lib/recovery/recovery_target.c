#include "recovery/recovery_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/num.h"
#include "base/utctime.h"

static int
parse_time(const char *s, struct bk_recovery_target *t, struct bk_err *e)
{
	struct bk_moment m;

	t->kind = BK_TARGET_TIME;
	if (bk_moment_parse(s, "time", localtime_r, 0, &m, e) == -1)
		return -1;
	t->time = (int64_t)m.t * 1000000 + m.micros;
	return 0;
}

/* Without "time:" it could be a restore point's name that begins so. */
static int
guess_time(const char *s, struct bk_recovery_target *t, struct bk_err *e)
{
	struct bk_err why = {0};

	if (parse_time(s, t, &why) == 0)
		return 0;
	return bk_fail(e, why.code, "%s; a restore point of this name is "
	    "name:%s", why.msg, s);
}

static int
parse_lsn(const char *s, struct bk_recovery_target *t, struct bk_err *e)
{
	t->kind = BK_TARGET_LSN;
	if (!bk_lsn_parse(s, &t->lsn) || t->lsn == 0)
		return bk_fail(e, BK_USAGE, "'%s': not a position in the WAL "
		    "such as 16/B374D848", s);
	return 0;
}

/* PostgreSQL looks at the lower 32 bits of what pg_current_xact_id() says. */
static int
parse_xid(const char *s, struct bk_recovery_target *t, struct bk_err *e)
{
	uint64_t v;

	t->kind = BK_TARGET_XID;
	if (bk_num_parse(s, 1, UINT64_MAX, "xid", &v, e) == -1)
		return -1;
	t->xid = (uint32_t)v;
	if (t->xid < 3)		/* the first three are nobody's */
		return bk_fail(e, BK_USAGE, "xid:%s: reserved; transaction IDs "
		    "start at 3", s);
	return 0;
}

static int
parse_name(const char *s, struct bk_recovery_target *t, struct bk_err *e)
{
	t->kind = BK_TARGET_NAME;
	if (*s == '\0')
		return bk_fail(e, BK_USAGE, "name: a restore point's name is "
		    "missing");
	if (strlen(s) > BK_TARGET_NAME_MAX)
		return bk_fail(e, BK_USAGE, "'%s': longer than a restore "
		    "point's name can be, %d bytes", s, BK_TARGET_NAME_MAX);
	(void)snprintf(t->name, sizeof(t->name), "%s", s);
	return 0;
}

/* What somebody could mean otherwise than as a restore point's name. */
static int
refuse_ambiguous(const char *s, struct bk_err *e)
{
	static const char *const words[] = { "latest", "immediate", "now",
	    "today", "yesterday", "tomorrow", "end" };
	size_t i;

	if (s[strspn(s, "0123456789")] == '\0')
		return bk_fail(e, BK_USAGE, "'%s' is ambiguous; write xid:%s "
		    "(transaction) or name:%s (restore point)", s, s, s);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return bk_fail(e, BK_USAGE, "'%s': a moment or a "
			    "restore point; write latest, a time such as "
			    "'2026-11-21 14:30Z', or name:%s", s, s);
	if (*s >= '0' && *s <= '9' && strchr(s, ':') != NULL)
		return bk_fail(e, BK_USAGE, "'%s': not a time, which has a "
		    "date and a zone ('2026-11-21 14:30Z'); a restore point "
		    "is name:%s", s, s);
	return 0;
}

int
bk_recovery_target_parse(const char *s, struct bk_recovery_target *t,
    struct bk_err *e)
{
	static const struct {
		const char *prefix;
		int (*parse)(const char *, struct bk_recovery_target *,
		    struct bk_err *);
	} kinds[] = { { "time:", parse_time }, { "lsn:", parse_lsn },
	    { "xid:", parse_xid }, { "name:", parse_name } };
	uint64_t lsn;
	size_t i;

	*t = (struct bk_recovery_target){ .kind = BK_TARGET_LATEST };
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(s, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].parse(s + strlen(kinds[i].prefix), t,
			    e);
	if (strcmp(s, "latest") == 0)
		return 0;
	if (strcmp(s, "immediate") == 0) {
		t->kind = BK_TARGET_IMMEDIATE;
		return 0;
	}
	if (strspn(s, "0123456789") == 4 && s[4] == '-')
		return guess_time(s, t, e);
	if (bk_lsn_parse(s, &lsn))
		return parse_lsn(s, t, e);
	return refuse_ambiguous(s, e) == -1 ? -1 : parse_name(s, t, e);
}

void
bk_recovery_target_time(int64_t at, char out[BK_TARGET_TIME_TEXT])
{
	int64_t micros = at < 0 ? 0 : at % 1000000;
	char utc[BK_UTCTIME_TEXT] = "", fraction[16] = "";

	bk_utctime_format((time_t)(at < 0 ? 0 : at / 1000000), utc);
	if (micros > 0)
		(void)snprintf(fraction, sizeof(fraction), ".%06d",
		    (int)micros);
	(void)snprintf(out, BK_TARGET_TIME_TEXT, "%.10s %.8s%s+00", utc,
	    utc + strlen("2026-11-21T"), fraction);
}

int
bk_recovery_target_describe(const struct bk_recovery_target *t,
    struct bk_buf *out, struct bk_err *e)
{
	char text[BK_TARGET_TIME_TEXT];

	switch (t->kind) {
	case BK_TARGET_IMMEDIATE:
		return bk_buf_puts(out, "the end of the base backup", e);
	case BK_TARGET_TIME:
		bk_recovery_target_time(t->time, text);
		return bk_buf_puts(out, text, e);
	case BK_TARGET_LSN:
		bk_lsn_format(t->lsn, text);
		return bk_buf_puts(out, text, e);
	case BK_TARGET_NAME:
		return bk_buf_printf(out, e, "restore point \"%s\"", t->name);
	case BK_TARGET_XID:
		return bk_buf_printf(out, e, "transaction %" PRIu32, t->xid);
	case BK_TARGET_LATEST:
		break;
	}
	return bk_buf_puts(out, "the end of the WAL", e);
}
