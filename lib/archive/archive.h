#ifndef BK_ARCHIVE_ARCHIVE_H
#define BK_ARCHIVE_ARCHIVE_H
/*
 * PostgreSQL's custom-format archive ("PGDMP"), of the versions that
 * base/majors.h has: header, table of contents (TOC), data blocks.  See
 * bk-formats(5) for the layout.  Input is not trusted: memory grows with the
 * bytes received, never with the value of a length field.
 *
 * To read: bk_archive_open(), bk_archive_toc(), then bk_archive_next() for each
 * block and bk_archive_data() for its data; in a block of large objects,
 * bk_archive_object() before the data of each.
 */
#include <sys/types.h>

#include <stdint.h>

#include "archive/digest.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/source.h"
#include "stream/seal.h"

enum { BK_BLOCK_DATA = 1, BK_BLOCK_BLOBS = 3 };

/* An offset in a TOC entry: a state byte and 8 bytes, little-endian. */
#define BK_OFFSET_LEN 9
enum { BK_OFFSET_UNSET = 1, BK_OFFSET_SET = 2, BK_OFFSET_NODATA = 3 };

struct bk_toc_entry {		/* strings but tag and desc may be NULL */
	int32_t id;
	int has_data;		/* a data block with this id follows */
	uint32_t oid;		/* of the relation, for TABLE DATA */
	int section;		/* 1 none, 2 pre-data, 3 data, 4 post-data */
	const char *tag, *desc, *defn, *drop, *copy, *schema, *owner;
	const char *tablespace, *access_method;
	int32_t relkind;	/* a letter of pg_class; 0: not recorded */
	const int32_t *deps;	/* ids of the entries that it depends on */
	size_t ndeps;
	size_t has_data_at, copy_at, offset_at;	/* offsets in toc.raw */
};

struct bk_toc {
	int minor;		/* of its version, 1.minor */
	int compression;	/* 0: data blocks are not compressed */
	const char *dbname, *server, *dumper;	/* versions, as text */
	struct bk_toc_entry *entry;
	size_t n;
	int32_t max_id;
	struct bk_buf raw;	/* the bytes of header and TOC */
	char digest[BK_DIGEST_TEXT];	/* of raw (bk_toc_digest()) */
	struct bk_arena *arena;	/* owns the strings */
};

struct bk_archive;

/*
 * A reader of the archive in src; name (borrowed) is used in messages.  Does
 * not read yet.  NULL with *e set: memory.
 */
struct bk_archive *bk_archive_open(struct bk_source src, const char *name,
    struct bk_err *e);

/*
 * Read header and TOC into *toc, zeroed by the caller.  0, or -1 with *e set:
 * BK_DATA if src is not an archive, is of another version, damaged or
 * truncated, has a digest of header and TOC that is not theirs, or entries
 * ENCODING, STDSTRINGS, SEARCHPATH that pg_dump does not write.  Call
 * bk_toc_free() in either case.
 *
 * Memory: twice the bytes of the TOC, which are at most 2 GiB, a string of it
 * at most 64 MiB; 150 bytes for each entry.
 */
int bk_archive_toc(struct bk_archive *a, struct bk_toc *toc, struct bk_err *e);
void bk_toc_free(struct bk_toc *toc);

/*
 * The digest of header and TOC: XXH3-128 of raw, in hex, without the offset of
 * each entry, which is written when the dump is done, and without the
 * BK_DIGEST_TEXT - 1 bytes at hole (0: none), where the digest itself stands.
 * raw is toc's, or a copy into which shift bytes were put within its first
 * entry.  0, or -1 with *e set: memory.
 */
int bk_toc_digest(const struct bk_toc *toc, const struct bk_buf *raw,
    size_t shift, size_t hole, char out[BK_DIGEST_TEXT], struct bk_err *e);

/*
 * bk-dump ends the first entry's COPY statement with this and the digest of
 * header and TOC.  Where that stands in the string; NULL: it has none.
 */
#define BK_TOC_DIGEST " toc "
const char *bk_toc_recorded(const struct bk_toc *toc);

/*
 * 1 if the archive says, by this word before BK_TOC_DIGEST, that it
 * is of a part of a database, or if it has tables and no rows.  Other writers
 * than bk-dump say nothing of themselves.
 */
#define BK_TOC_PART " part"
int bk_toc_is_part(const struct bk_toc *toc);

/* The ENCODING entry, and its SET client_encoding statement; NULL: none. */
const struct bk_toc_entry *bk_toc_encoding_entry(const struct bk_toc *toc);
const char *bk_toc_encoding(const struct bk_toc *toc);

/*
 * The seal of an archive that bk-dump made, read where bk-dump puts its opening
 * mark: the ENCODING entry's COPY statement, "-- bk-dump VERSION MARK(LABEL)".
 * Returns the offset of the mark in that string with *s set; -1: none.
 */
ptrdiff_t bk_toc_seal(const struct bk_toc *toc, struct bk_seal *s);

/*
 * Advance to the next data block, skipping the rest of the current one.
 * 1 with *type (BK_BLOCK_*) and *id; 0 at the end; -1 with *e set.
 */
int bk_archive_next(struct bk_archive *a, int *type, int32_t *id,
    struct bk_err *e);

/*
 * Advance to the next object of a BK_BLOCK_BLOBS block.  1 with *oid; 0 at the
 * end of the block; -1 with *e set.
 */
int bk_archive_object(struct bk_archive *a, uint32_t *oid, struct bk_err *e);

/*
 * Read at most n bytes of the data of the block or object, across chunks; may
 * return fewer.  0 at its end, -1 with *e set.
 */
ssize_t bk_archive_data(struct bk_archive *a, void *buf, size_t n,
    struct bk_err *e);

/* Bytes of the archive consumed so far. */
uint64_t bk_archive_offset(const struct bk_archive *a);

void bk_archive_free(struct bk_archive *a);

/*
 * To write: primitives that append to memory.  An int is a sign byte and 4
 * bytes, little-endian; a string is its length as an int and its bytes; NULL
 * is the length -1.
 */
#define BK_INT_LEN 5
void bk_archive_put_int(uint8_t out[BK_INT_LEN], int32_t v);
int bk_archive_add_int(struct bk_buf *b, int32_t v, struct bk_err *e);
int bk_archive_add_str(struct bk_buf *b, const char *s, struct bk_err *e);

/* Append the start of a data block: type and id. */
int bk_archive_add_block(struct bk_buf *b, int type, int32_t id,
    struct bk_err *e);

/* Append n bytes, 1 to INT32_MAX, as one chunk of a block's data. */
int bk_archive_add_chunk(struct bk_buf *b, const void *p, size_t n,
    struct bk_err *e);

#endif
