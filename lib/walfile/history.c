#include "walfile/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/num.h"
#include "walfile/segment.h"

#define BLANK " \t\r"
#define DIGITS "0123456789"
#define HEX "0123456789abcdefABCDEF"

/* "0/3000158" at s, n characters. */
static int
parse_lsn(const char *s, size_t n, uint64_t *lsn)
{
	size_t high = strspn(s, HEX), low;

	if (high == 0 || high > 8 || s[high] != '/')
		return -1;
	low = strspn(s + high + 1, HEX);
	if (low == 0 || low > 8 || high + 1 + low != n)
		return -1;
	*lsn = (uint64_t)strtoul(s, NULL, 16) << 32 |
	    strtoul(s + high + 1, NULL, 16);
	return 0;
}

/* "1<TAB>0/3000158<TAB>comment" */
static int
parse_line(const char *s, struct bk_wal_switch *out)
{
	size_t digits = strspn(s, DIGITS), gap;
	unsigned long long timeline;

	gap = strspn(s + digits, BLANK);
	if (digits == 0 || digits > 10 || gap == 0)
		return -1;
	timeline = strtoull(s, NULL, 10);
	if (timeline == 0 || timeline > UINT32_MAX)
		return -1;
	out->timeline = (uint32_t)timeline;
	s += digits + gap;
	return parse_lsn(s, strcspn(s, BLANK), &out->lsn);
}

static int
add(struct bk_wal_history *h, const struct bk_wal_switch *s, struct bk_err *e)
{
	struct bk_wal_switch *v = bk_grow(h->v, h->n, NULL, sizeof(*v), e);

	if (v == NULL)
		return -1;
	h->v = v;
	h->v[h->n++] = *s;
	return 0;
}

static int
take_line(struct bk_wal_history *h, const char *name, size_t number,
    const char *line, struct bk_err *e)
{
	struct bk_wal_switch s, last = { 0, 0 };

	line += strspn(line, BLANK);
	if (*line == '\0' || *line == '#')
		return 0;
	if (h->n > 0)
		last = h->v[h->n - 1];
	if (parse_line(line, &s) == -1)
		return bk_fail(e, BK_DATA, "%s: line %zu: not a timeline and "
		    "the LSN of its end", name, number);
	if (s.timeline <= last.timeline || s.timeline >= h->timeline ||
	    s.lsn < last.lsn)
		return bk_fail(e, BK_DATA, "%s: line %zu: not older than what "
		    "follows", name, number);
	return add(h, &s, e);
}

int
bk_wal_history_parse(const char *name, const char *text, size_t len,
    struct bk_wal_history *out, struct bk_err *e)
{
	char *copy = strndup(text, len), *line, *next;
	size_t number = 0;
	int rc = 0;

	*out = (struct bk_wal_history){
		.timeline = bk_wal_file_timeline(name) };
	if (copy == NULL)
		return bk_fail_memory(e);
	/* the server ends each line: what does not end was cut */
	if (len == 0 || strlen(copy) != len || len > BK_WAL_HISTORY_MAX ||
	    copy[len - 1] != '\n')
		rc = bk_fail(e, BK_DATA, "%s: not a complete history file",
		    name);
	for (line = copy; rc == 0 && line != NULL; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		rc = take_line(out, name, ++number, line, e);
	}
	if (rc == 0 && out->n == 0)
		rc = bk_fail(e, BK_DATA, "%s: not a history file: names no "
		    "timeline", name);
	free(copy);
	if (rc == -1)
		bk_wal_history_free(out);
	return rc;
}

/* "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)" */
static int
is_backup(const char *name, const char *text, size_t len)
{
	char lsn[BK_LSN_TEXT], file[25], line[100];
	const char *end = memchr(text, '\n', len);
	uint64_t at;
	int n = 0;

	if (end == NULL || text[len - 1] != '\n' ||
	    memchr(text, '\0', len) != NULL ||
	    (size_t)(end - text) >= sizeof(line))
		return 0;
	memcpy(line, text, (size_t)(end - text));
	line[end - text] = '\0';
	return sscanf(line, "START WAL LOCATION: %17[0-9A-F/] (file "
	    "%24[0-9A-F])%n", lsn, file, &n) == 2 && n > 0 && line[n] == '\0' &&
	    bk_lsn_parse(lsn, &at) && strncmp(file, name, 24) == 0;
}

int
bk_wal_text_check(const char *name, const char *text, size_t len,
    struct bk_err *e)
{
	struct bk_wal_history h;

	if (bk_wal_file_kind(name) == BK_WAL_FILE_BACKUP)
		return len > 0 && is_backup(name, text, len) ? 0 : bk_fail(e,
		    BK_DATA, "%s: not a complete .backup file", name);
	if (bk_wal_history_parse(name, text, len, &h, e) == -1)
		return -1;
	bk_wal_history_free(&h);
	return 0;
}

uint32_t
bk_wal_history_owner(const struct bk_wal_history *h, uint64_t lsn)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (lsn < h->v[i].lsn)
			return h->v[i].timeline;
	return h->timeline;
}

int
bk_wal_history_end(const struct bk_wal_history *h, uint32_t timeline,
    uint64_t *end)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		if (h->v[i].timeline != timeline)
			continue;
		*end = h->v[i].lsn;
		return 1;
	}
	return timeline == h->timeline ? 0 : -1;
}

void
bk_wal_history_free(struct bk_wal_history *h)
{
	free(h->v);
	*h = (struct bk_wal_history){0};
}
