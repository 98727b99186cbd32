#include "walfile/logrecord.h"

#include <string.h>

#include "base/majors.h"

/* Resource managers; the names are those of PostgreSQL's rmgrlist.h. */
enum { XLOG = 0, XACT = 1, LAST_BUILTIN = 21, FIRST_CUSTOM = 128 };

/* The upper half of info, for XLOG. */
enum { SHUTDOWN = 0x00, ONLINE = 0x10, SWITCH = 0x40, BACKUP_END = 0x50,
	RESTORE_POINT = 0x70, FULL_PAGES = 0x80, END_OF_RECOVERY = 0x90,
	OVERWRITES = 0xd0 };

/* For XACT, where the highest bit says that flags follow the time. */
enum { COMMIT = 0x00, ABORT = 0x20, COMMIT_PREPARED = 0x30,
	ABORT_PREPARED = 0x40, OPERATION = 0x70, HAS_FLAGS = 0x80 };

/* Flags: what stands in a commit's or abort's data, in this order. */
enum { HAS_DATABASE = 1 << 0, HAS_SUBXACTS = 1 << 1, HAS_FILES = 1 << 2,
	HAS_STATS = 1 << 8, HAS_MESSAGES = 1 << 3, HAS_PREPARED = 1 << 4 };

/* Short headers of the body. */
enum { BLOCKS_MAX = 32, TOPLEVEL = 252, ORIGIN = 253, LONG_DATA = 254,
	SHORT_DATA = 255 };

#define CHECKPOINT_TIME 64		/* offset, since PostgreSQL 13 */
#define EPOCH INT64_C(946684800000000)	/* 2000-01-01 */
#define LENGTH_MAX (1u << 30)		/* no record is longer */

struct cursor {
	const uint8_t *p;
	size_t left;
	int cut;		/* something was not there */
};

static const uint8_t *
take(struct cursor *c, uint64_t n)
{
	const uint8_t *p = c->p;

	if (c->cut || n > c->left) {
		c->cut = 1;
		return NULL;
	}
	c->p += n;
	c->left -= n;
	return p;
}

static uint32_t
take32(struct cursor *c)
{
	const uint8_t *p = take(c, 4);
	uint32_t v = 0;

	if (p != NULL)
		memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t
take64(struct cursor *c)
{
	const uint8_t *p = take(c, 8);
	uint64_t v = 0;

	if (p != NULL)
		memcpy(&v, p, sizeof(v));
	return v;
}

/* Skip a count and as many items of size bytes. */
static void
skip_items(struct cursor *c, unsigned size)
{
	(void)take(c, (uint64_t)take32(c) * size);
}

void
bk_logrecord_header(const uint8_t p[BK_LOGRECORD_HEADER],
    struct bk_logrecord_header *h)
{
	struct cursor c = { p, BK_LOGRECORD_HEADER, 0 };

	h->length = take32(&c);
	h->xid = take32(&c);
	h->before = take64(&c);
	h->info = p[16];
	h->manager = p[17];
	(void)take(&c, 4);
	h->crc = take32(&c);
}

int
bk_logrecord_plausible(const struct bk_logrecord_header *h, uint64_t at,
    uint64_t before, int before_known)
{
	if (h->length < BK_LOGRECORD_HEADER || h->length > LENGTH_MAX)
		return 0;
	if (h->manager > LAST_BUILTIN && h->manager < FIRST_CUSTOM)
		return 0;
	return before_known ? h->before == before : h->before < at;
}

int
bk_logrecord_wanted(const struct bk_logrecord_header *h)
{
	return h->manager == XACT || h->manager == XLOG;
}

/* The data after the short headers; empty if the record has blocks. */
static struct cursor
main_data(const uint8_t *body, size_t n)
{
	struct cursor c = { body, n, 0 };
	const uint8_t *id;

	while (c.left > 0 && (id = take(&c, 1)) != NULL && *id > BLOCKS_MAX) {
		switch (*id) {
		case TOPLEVEL: (void)take(&c, 4); break;
		case ORIGIN: (void)take(&c, 2); break;
		case LONG_DATA: (void)take(&c, 4); return c;
		case SHORT_DATA: (void)take(&c, 1); return c;
		default: c.cut = 1;
		}
	}
	c.cut = 1;
	return c;
}

static void
set_time(struct bk_logrecord *r, struct cursor *c)
{
	int64_t t = (int64_t)take64(c);

	r->has_time = !c->cut && t < INT64_MAX - EPOCH;
	r->time = r->has_time ? t + EPOCH : 0;
}

/*
 * The number of a prepared transaction.  Its items of statistics are longer
 * in newer versions.
 */
static uint32_t
prepared_xid(struct cursor *c, int major, int commit, uint32_t flags)
{
	if (flags & HAS_DATABASE)
		(void)take(c, 8);
	if (flags & HAS_SUBXACTS)
		skip_items(c, 4);
	if (flags & HAS_FILES)
		skip_items(c, 12);
	if (flags & HAS_STATS)
		skip_items(c, major >= BK_PG_WIDE_STATS ? 16 : 12);
	if (commit && flags & HAS_MESSAGES)
		skip_items(c, 16);
	return flags & HAS_PREPARED ? take32(c) : 0;
}

static void
parse_xact(const struct bk_logrecord_header *h, int major,
    struct cursor *c, struct bk_logrecord *r)
{
	unsigned operation = h->info & OPERATION;
	int commit = operation == COMMIT || operation == COMMIT_PREPARED;
	uint32_t flags;

	if (!commit && operation != ABORT && operation != ABORT_PREPARED)
		return;
	r->kind = commit ? BK_LOGRECORD_COMMIT : BK_LOGRECORD_ABORT;
	set_time(r, c);
	flags = h->info & HAS_FLAGS ? take32(c) : 0;
	r->xid = operation == COMMIT || operation == ABORT ? h->xid :
	    prepared_xid(c, major, commit, flags);
}

/* Its timeline follows the position of redo, its time comes later. */
static void
parse_checkpoint(struct cursor *c, struct bk_logrecord *r)
{
	int64_t seconds;

	r->kind = BK_LOGRECORD_CHECKPOINT;
	r->start = take64(c);
	r->timeline = take32(c);
	(void)take(c, CHECKPOINT_TIME - 12);
	seconds = (int64_t)take64(c);
	r->has_time = !c->cut && seconds > 0 && seconds < INT64_MAX / 1000000;
	r->time = r->has_time ? seconds * 1000000 : 0;
}

static void
parse_point(struct cursor *c, struct bk_logrecord *r)
{
	const uint8_t *name;

	r->kind = BK_LOGRECORD_POINT;
	set_time(r, c);
	if ((name = take(c, BK_LOGRECORD_NAME)) != NULL)
		memcpy(r->name, name, BK_LOGRECORD_NAME - 1);
}

static void
parse_xlog(unsigned info, struct cursor *c, struct bk_logrecord *r)
{
	switch (info & 0xf0) {
	case SHUTDOWN: case ONLINE:
		parse_checkpoint(c, r);
		break;
	case FULL_PAGES: case OVERWRITES:
		r->kind = BK_LOGRECORD_PRELUDE;
		break;
	case SWITCH:
		r->kind = BK_LOGRECORD_SWITCH;
		break;
	case BACKUP_END:
		r->kind = BK_LOGRECORD_BACKUP;
		r->start = take64(c);
		break;
	case RESTORE_POINT:
		parse_point(c, r);
		break;
	case END_OF_RECOVERY:
		r->kind = BK_LOGRECORD_RECOVERED;
		set_time(r, c);
		r->timeline = take32(c);
		break;
	}
}

void
bk_logrecord_parse(const struct bk_logrecord_header *h, int major,
    const uint8_t *body, size_t n, struct bk_logrecord *r)
{
	struct cursor c = main_data(body, n);

	if (h->manager == XACT)
		parse_xact(h, major, &c, r);
	else if (h->manager == XLOG)
		parse_xlog(h->info, &c, r);
}
