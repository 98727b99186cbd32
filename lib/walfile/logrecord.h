#ifndef BK_WALFILE_LOGRECORD_H
#define BK_WALFILE_LOGRECORD_H
/*
 * One WAL record, as PostgreSQL writes it from 13 on: a header of 24 bytes,
 *
 *	uint32 length, of the whole record	uint32 transaction
 *	uint64 position of the record before	uint8 info, uint8 manager
 *	uint16 unused				uint32 CRC-32C
 *
 * in the byte order of the server, and a body.  This reads what a recovery
 * target can be: ends of transactions, restore points, checkpoints and the
 * like.  None of them refers to a block, so that their data follows the body's
 * own short headers at once; what else is in a record is for PostgreSQL, and
 * its CRC says whether it is whole.  Input is not trusted.
 */
#include <stddef.h>
#include <stdint.h>

#define BK_LOGRECORD_HEADER 24
#define BK_LOGRECORD_NAME 64	/* a restore point's, with its NUL */

enum bk_logrecord_kind {
	BK_LOGRECORD_OTHER,
	BK_LOGRECORD_COMMIT,	/* also of a prepared transaction */
	BK_LOGRECORD_ABORT,
	BK_LOGRECORD_POINT,	/* restore point */
	BK_LOGRECORD_CHECKPOINT,
	BK_LOGRECORD_RECOVERED,	/* end of recovery, a new timeline's first */
	BK_LOGRECORD_BACKUP,	/* a base backup ended */
	BK_LOGRECORD_SWITCH,	/* the rest of the segment is not used */
	BK_LOGRECORD_PRELUDE,	/* may stand before RECOVERED */
};

struct bk_logrecord {
	enum bk_logrecord_kind kind;
	uint64_t at, end;	/* its first byte; the next record's at the
				 * earliest */
	uint32_t xid;		/* of COMMIT and ABORT: the transaction; 0 if
				 * not known */
	int has_time;
	int64_t time;		/* microseconds since 1970-01-01, UTC */
	uint64_t start;		/* of BACKUP: where the backup began */
	uint32_t timeline;	/* of CHECKPOINT, RECOVERED: this one */
	char name[BK_LOGRECORD_NAME];	/* of POINT */
};

struct bk_logrecord_header {
	uint32_t length, xid, crc;
	uint64_t before;
	uint8_t info, manager;
};

void bk_logrecord_header(const uint8_t p[BK_LOGRECORD_HEADER],
    struct bk_logrecord_header *h);

/* 1 if h can be the header of a record whose predecessor is at before. */
int bk_logrecord_plausible(const struct bk_logrecord_header *h, uint64_t at,
    uint64_t before, int before_known);

/* 1 if the body of a record with this header is worth keeping. */
int bk_logrecord_wanted(const struct bk_logrecord_header *h);

/*
 * Set r's kind and what depends on it by the first n bytes of the body; major
 * is PostgreSQL's.  What is cut off or malformed leaves its member 0.
 */
void bk_logrecord_parse(const struct bk_logrecord_header *h, int major,
    const uint8_t *body, size_t n, struct bk_logrecord *r);

#endif
