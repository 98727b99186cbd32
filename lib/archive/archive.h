#ifndef BK_ARCHIVE_ARCHIVE_H
#define BK_ARCHIVE_ARCHIVE_H
/*
 * PostgreSQL's custom-format archive ("PGDMP"), versions 1.14 to 1.16, which
 * pg_dump 12 to 18 write: a header, the table of contents (TOC), data blocks.
 * man/bk-formats.5 has every byte.  Nothing that is read is believed: memory
 * grows with what has arrived, never with what a length field promises.
 *
 * Reading: bk_archive_open(), bk_archive_toc(), then for each
 * bk_archive_next() the data, by bk_archive_data(); of large objects, one by
 * one, bk_archive_object() first.
 */
#include <sys/types.h>

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Where the bytes come from, like read(2): at most n, 0 at the end, -1 with
 * *e set.
 */
struct bk_source {
	ssize_t (*read)(void *ctx, void *buf, size_t n, struct bk_err *e);
	void *ctx;
};

enum { BK_BLOCK_DATA = 1, BK_BLOCK_BLOBS = 3 };

/* An offset in a TOC entry: a state byte and 8 bytes, least first. */
#define BK_OFFSET_LEN 9
enum { BK_OFFSET_UNSET = 1, BK_OFFSET_SET = 2, BK_OFFSET_NODATA = 3 };

struct bk_toc_entry {		/* strings may be NULL, as in the archive */
	int32_t id;
	int has_data;		/* a data block with this id follows */
	uint32_t oid;		/* of the relation, if it is a TABLE DATA */
	int section;		/* 1 none, 2 pre-data, 3 data, 4 post-data */
	const char *tag, *desc, *defn, *copy, *schema, *owner;
	const int32_t *deps;	/* ids of the entries that it depends on */
	size_t ndeps;
	size_t has_data_at, copy_at, offset_at;	/* its fields in raw */
};

struct bk_toc {
	int minor;		/* 14, 15 or 16 */
	int compression;	/* 0: none; else data blocks are compressed */
	const char *dbname, *server, *dumper;	/* versions, as text */
	struct bk_toc_entry *entry;
	size_t n;
	int32_t max_id;
	struct bk_buf raw;	/* header and TOC, byte by byte */
	struct bk_arena *arena;	/* holds the strings */
};

struct bk_archive;

/*
 * Read an archive from src; name (borrowed) is used in messages.  Nothing is
 * read yet.  NULL with *e set: memory.
 */
struct bk_archive *bk_archive_open(struct bk_source src, const char *name,
    struct bk_err *e);

/*
 * Read header and TOC into *toc (zeroed before).  -1 with *e set: BK_DATA for
 * what is no archive, one of another version, damaged or cut short.
 * bk_toc_free() in any case.
 */
int bk_archive_toc(struct bk_archive *a, struct bk_toc *toc, struct bk_err *e);
void bk_toc_free(struct bk_toc *toc);

/* Its ENCODING entry, and that entry's SET client_encoding; NULL: none. */
const struct bk_toc_entry *bk_toc_encoding_entry(const struct bk_toc *toc);
const char *bk_toc_encoding(const struct bk_toc *toc);

/*
 * Go to the next data block; what is left of the last one is skipped.
 * 1 with *type (BK_BLOCK_*) and *id; 0 at the end; -1 with *e set.
 */
int bk_archive_next(struct bk_archive *a, int *type, int32_t *id,
    struct bk_err *e);

/* Go to a BK_BLOCK_BLOBS block's next object; 0 at the end of the block. */
int bk_archive_object(struct bk_archive *a, uint32_t *oid, struct bk_err *e);

/*
 * Read at most n bytes of the block's (the object's) data, fewer where that
 * is handy; chunks do not show.  0 at its end, -1 with *e set.
 */
ssize_t bk_archive_data(struct bk_archive *a, void *buf, size_t n,
    struct bk_err *e);

/* Bytes of the archive consumed so far. */
uint64_t bk_archive_offset(const struct bk_archive *a);

void bk_archive_free(struct bk_archive *a);

/*
 * Writing: the primitives, into memory.  An int is a sign byte and 4 bytes,
 * least first; a string an int length and its bytes, NULL the length -1.
 */
#define BK_INT_LEN 5
void bk_archive_put_int(uint8_t out[BK_INT_LEN], int32_t v);
int bk_archive_add_int(struct bk_buf *b, int32_t v, struct bk_err *e);
int bk_archive_add_str(struct bk_buf *b, const char *s, struct bk_err *e);

/* Append a data block's beginning: its type and id. */
int bk_archive_add_block(struct bk_buf *b, int type, int32_t id,
    struct bk_err *e);

/* Append n > 0 bytes as one chunk of a block's data. */
int bk_archive_add_chunk(struct bk_buf *b, const void *p, size_t n,
    struct bk_err *e);

#endif
