#ifndef BK_WALFILE_WAL_NAME_H
#define BK_WALFILE_WAL_NAME_H
/*
 * The names of WAL files:
 *
 *	000000010000000A000000FF			a segment
 *	000000010000000A000000FF.partial		the beginning of one
 *	000000010000000A000000FF.partial.1A2B3C4D	ours: what another
 *					.partial of that name does not hold
 *	000000010000000A000000FF.00000028.backup	a base backup's start
 *	00000002.history				a timeline's history
 *
 * The first eight digits are the timeline.  The next sixteen are the position:
 * which 4 GiB of WAL, and which segment within these, whose number depends on
 * the size of segments.  All digits are upper case.
 *
 * A reader of a name chooses one of three rules:
 *
 *	exactly		the name alone, as the server gives and asks for it,
 *			and as our archives and spools have it:
 *			bk_wal_file_kind()
 *	with suffixes	the last part of a path in an archive of any
 *			tool, where ".gz" or ".bk" may follow:
 *			bk_wal_file_suffixed(), bk_wal_segment_parse()
 *	as a word	24 digits somewhere in a base backup's name:
 *			bk_wal_name_word(), bk_wal_name_find()
 */
#include <stddef.h>
#include <stdint.h>

#define BK_WAL_NAME 42		/* room for any of these names and a NUL */
#define BK_WAL_DIGITS 24	/* characters of a segment's */
#define BK_WAL_PARTIAL ".partial"

/* Bytes of a segment: a power of 2 from MIN to MAX. */
#define BK_WAL_SEGMENT_MIN ((uint64_t)1 << 20)
#define BK_WAL_SEGMENT_MAX ((uint64_t)1 << 30)
int bk_wal_segment_is_size(uint64_t bytes);

enum bk_wal_file {		/* in the order of the names above */
	BK_WAL_FILE_OTHER,	/* none of them */
	BK_WAL_FILE_SEGMENT,
	BK_WAL_FILE_PARTIAL,
	BK_WAL_FILE_SECOND,
	BK_WAL_FILE_BACKUP,
	BK_WAL_FILE_HISTORY,
};

/* What name (without a directory, exactly) is the name of. */
enum bk_wal_file bk_wal_file_kind(const char *name);

/*
 * What the last part of path is the name of, with suffixes: the 24 digits of a
 * segment, or ".backup", are followed by the end, or by a '.' and anything;
 * ".partial", the eight digits of a second one, and ".history" by anything.
 * *position is that of the 24 digits, 0 without them.
 */
enum bk_wal_file bk_wal_file_suffixed(const char *path, uint64_t *position);

/* 1 if it is a segment, or the beginning of one. */
int bk_wal_file_is_segment(enum bk_wal_file kind);

/* The first eight digits of such a name: its timeline. */
uint32_t bk_wal_file_timeline(const char *name);

/* What follows the last '/' of path, or path. */
const char *bk_wal_name_base(const char *path);

/*
 * The length of the archive's directory in path, with its last '/': without
 * subdirectories of 8 or 16 digits, in which some tools store.  0: none.
 */
size_t bk_wal_name_archive(const char *path);

/* 1 if 24 digits, a whole word of text, begin at s, which points into text. */
int bk_wal_name_word(const char *text, const char *s);

/*
 * Set *position from the first such word of path's last part: 1, or 0 if there
 * is none.
 */
int bk_wal_name_find(const char *path, uint64_t *position);

struct bk_wal_segment {
	uint32_t timeline;
	uint64_t number;	/* from 0, across all WAL */
	int partial;
};

/*
 * Parse the last part of path, with suffixes: 1; 0 if it is not a segment, or
 * the beginning of one; -1 if its number does not fit segments of segment
 * bytes.
 */
int bk_wal_segment_parse(const char *path, uint64_t segment,
    struct bk_wal_segment *s);

/* The segment's name, without suffixes. */
void bk_wal_segment_format(const struct bk_wal_segment *s, uint64_t segment,
    char out[BK_WAL_NAME]);

/*
 * The address at which the segment name begins if segments are of segment
 * bytes: 1, or 0 if there is no such segment.
 */
int bk_wal_segment_address(const char *name, uint64_t segment,
    uint64_t *address);

/* The segment on the timeline in which address is. */
void bk_wal_segment_name(uint32_t timeline, uint64_t address, uint64_t segment,
    char out[BK_WAL_NAME]);

/* The name of the .partial of a segment, by the first 24 digits of its name. */
void bk_wal_partial_name(const char *segment, char out[BK_WAL_NAME]);

/*
 * The second name of a .partial, by the .partial's and by its digest, at least
 * eight hex digits.
 */
void bk_wal_second_name(const char *partial, const char *digest,
    char out[BK_WAL_NAME]);

void bk_wal_history_name(uint32_t timeline, char out[BK_WAL_NAME]);

#endif
