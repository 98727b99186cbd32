#include "walfile/wal_name.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"

#define BACKUP ".backup"
#define HISTORY ".history"
#define SHORT 8			/* digits of a timeline and of what follows */
#define XLOG_ID_BYTES ((uint64_t)1 << 32) /* the last 8 digits wrap here */

int
bk_wal_segment_is_size(uint64_t bytes)
{
	return bytes >= BK_WAL_SEGMENT_MIN && bytes <= BK_WAL_SEGMENT_MAX &&
	    (bytes & (bytes - 1)) == 0;
}

/* The number of digits at s. */
static size_t
digits(const char *s)
{
	return strspn(s, "0123456789ABCDEF");
}

/* What follows prefix in s; NULL: it does not begin so. */
static const char *
after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

static int
ends_word(char c)
{
	return c == '\0' || c == '.';
}

/* What follows the digits of a segment; *rest is what follows the name. */
static enum bk_wal_file
kind_by_suffix(const char *s, const char **rest)
{
	const char *p;

	*rest = s;
	if (!ends_word(*s))
		return BK_WAL_FILE_OTHER;
	if ((p = after(s, BK_WAL_PARTIAL)) != NULL) {
		*rest = p;
		if (*p != '.' || digits(p + 1) != SHORT)
			return BK_WAL_FILE_PARTIAL;
		*rest = p + 1 + SHORT;
		return BK_WAL_FILE_SECOND;
	}
	if (*s == '.' && digits(s + 1) == SHORT &&
	    (p = after(s + 1 + SHORT, BACKUP)) != NULL && ends_word(*p)) {
		*rest = p;
		return BK_WAL_FILE_BACKUP;
	}
	return BK_WAL_FILE_SEGMENT;
}

/* What s begins with the name of; *rest is what follows that. */
static enum bk_wal_file
kind_of(const char *s, const char **rest)
{
	switch (digits(s)) {
	case BK_WAL_DIGITS:
		return kind_by_suffix(s + BK_WAL_DIGITS, rest);
	case SHORT:
		*rest = after(s + SHORT, HISTORY);
		return *rest == NULL ? BK_WAL_FILE_OTHER : BK_WAL_FILE_HISTORY;
	default:
		return BK_WAL_FILE_OTHER;
	}
}

enum bk_wal_file
bk_wal_file_kind(const char *name)
{
	const char *rest;
	enum bk_wal_file kind = kind_of(name, &rest);

	return kind == BK_WAL_FILE_OTHER || *rest != '\0' ? BK_WAL_FILE_OTHER :
	    kind;
}

enum bk_wal_file
bk_wal_file_suffixed(const char *path, uint64_t *position)
{
	const char *base = bk_wal_name_base(path), *rest;
	enum bk_wal_file kind = kind_of(base, &rest);

	*position = 0;
	if (kind != BK_WAL_FILE_OTHER && kind != BK_WAL_FILE_HISTORY)
		(void)bk_hex_number(base + 8, 16, position);
	return kind;
}

int
bk_wal_file_is_segment(enum bk_wal_file kind)
{
	return kind == BK_WAL_FILE_SEGMENT || kind == BK_WAL_FILE_PARTIAL ||
	    kind == BK_WAL_FILE_SECOND;
}

uint32_t
bk_wal_file_timeline(const char *name)
{
	uint64_t timeline = 0;

	(void)bk_hex_number(name, 8, &timeline);
	return (uint32_t)timeline;
}

const char *
bk_wal_name_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

size_t
bk_wal_name_archive(const char *path)
{
	size_t len = (size_t)(bk_wal_name_base(path) - path), dir, n;

	while (len > 0) {
		for (dir = len - 1; dir > 0 && path[dir - 1] != '/'; dir--)
			continue;
		n = len - 1 - dir;
		if ((n != 8 && n != 16) || digits(path + dir) != n)
			break;
		len = dir;
	}
	return len;
}

static int
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

int
bk_wal_name_word(const char *text, const char *s)
{
	return (s == text || !is_word(s[-1])) && digits(s) == BK_WAL_DIGITS &&
	    !is_word(s[BK_WAL_DIGITS]);
}

int
bk_wal_name_find(const char *path, uint64_t *position)
{
	const char *base = bk_wal_name_base(path), *s;

	for (s = base; *s != '\0'; s++)
		if (bk_wal_name_word(base, s))
			return bk_hex_number(s + 8, 16, position) == 0;
	return 0;
}

int
bk_wal_segment_parse(const char *path, uint64_t segment,
    struct bk_wal_segment *s)
{
	uint64_t each = XLOG_ID_BYTES / segment, position;
	enum bk_wal_file kind = bk_wal_file_suffixed(path, &position);

	if (!bk_wal_file_is_segment(kind))
		return 0;
	if ((position & UINT32_MAX) >= each)
		return -1;
	s->timeline = bk_wal_file_timeline(bk_wal_name_base(path));
	s->number = (position >> 32) * each + (position & UINT32_MAX);
	s->partial = kind != BK_WAL_FILE_SEGMENT;
	return 1;
}

void
bk_wal_segment_format(const struct bk_wal_segment *s, uint64_t segment,
    char out[BK_WAL_NAME])
{
	uint64_t each = XLOG_ID_BYTES / segment;

	(void)snprintf(out, BK_WAL_NAME, "%08" PRIX32 "%08" PRIX32 "%08" PRIX32,
	    s->timeline, (uint32_t)(s->number / each),
	    (uint32_t)(s->number % each));
}

int
bk_wal_segment_address(const char *name, uint64_t segment, uint64_t *address)
{
	struct bk_wal_segment s;

	if (bk_wal_segment_parse(name, segment, &s) != 1 ||
	    s.number > UINT64_MAX / segment)
		return 0;
	*address = s.number * segment;
	return 1;
}

void
bk_wal_segment_name(uint32_t timeline, uint64_t address, uint64_t segment,
    char out[BK_WAL_NAME])
{
	const struct bk_wal_segment s = { timeline, address / segment, 0 };

	bk_wal_segment_format(&s, segment, out);
}

void
bk_wal_partial_name(const char *segment, char out[BK_WAL_NAME])
{
	(void)snprintf(out, BK_WAL_NAME, "%.24s" BK_WAL_PARTIAL, segment);
}

void
bk_wal_second_name(const char *partial, const char *digest,
    char out[BK_WAL_NAME])
{
	size_t n = BK_WAL_DIGITS + strlen(BK_WAL_PARTIAL) + 1;

	(void)snprintf(out, BK_WAL_NAME, "%.24s" BK_WAL_PARTIAL ".%.8s",
	    partial, digest);
	for (; out[n] != '\0'; n++)
		out[n] = (char)toupper((unsigned char)out[n]);
}

void
bk_wal_history_name(uint32_t timeline, char out[BK_WAL_NAME])
{
	(void)snprintf(out, BK_WAL_NAME, "%08" PRIX32 HISTORY, timeline);
}
