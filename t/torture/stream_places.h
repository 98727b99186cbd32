#ifndef BK_T_TORTURE_STREAM_PLACES_H
#define BK_T_TORTURE_STREAM_PLACES_H
/*
 * The places of each format where damage is accepted, as bk-reliability(7)
 * lists them: nothing reads them, or the format has no integrity of its own.
 */

static const uint8_t *
find(const uint8_t *p, size_t n, const char *what)
{
	return memmem(p, n, what, strlen(what));
}

/* at is within the opening mark; or in the label behind it. */
static int
in_mark(const uint8_t *p, size_t n, size_t at)
{
	const uint8_t *label = find(p, n < 4096 ? n : 4096, "(");

	return label != NULL && p + at < label && p + at + 64 >= label;
}

static int
in_label(const uint8_t *p, size_t n, size_t at)
{
	const uint8_t *open = find(p, n < 4096 ? n : 4096, "("), *end;

	if (open == NULL || (end = find(open, 600, ")")) == NULL)
		return 0;
	return p + at >= open && p + at <= end;
}

/* What comes out is compared, so elsewhere it can only be coded otherwise. */
static const char *
free_gzip(const uint8_t *p, size_t n, size_t at)
{
	size_t in = at < n - 110 ? at : at - (n - 110);	/* its member */

	if (in >= 3 && in <= 9)
		return "FTEXT, MTIME, XFL, OS";
	if (in < 28 && at == in)
		return "sizes for parallel reading";
	return in_label(p, n, at) ? "label" : "other coding of the content";
}

static const char *
free_zstd(const uint8_t *p, size_t n, size_t at)
{
	if (at == 0)
		return "number of the skippable frame";
	return in_label(p, n, at) ? "label" : "other coding of the content";
}

static const char *
free_envelope(const uint8_t *p, size_t n, size_t at)
{
	return in_label(p, n, at) ? "label" : NULL;
}

static const char *
free_minisign(const uint8_t *p, size_t n, size_t at)
{
	const uint8_t *end = find(p, n, "\n");

	return p + at < end ? "untrusted comment" : NULL;
}

static const char *
open_envelope(const uint8_t *p, size_t n, size_t at)
{
	if (in_label(p, n, at))
		return "label";
	return in_mark(p, n, at) || at >= n - 68 ? NULL : "content";
}

static const char *
cut_short(const uint8_t *p, size_t n, size_t at)
{
	(void)p, (void)n;
	return at < 12 ? "less than a format's first bytes" : NULL;
}

static const char *
cut_tar(const uint8_t *p, size_t n, size_t at)
{
	(void)p, (void)n;
	return at < 262 ? "less than a format's first bytes" : NULL;
}

/* Nobody reads padding, nor a name's bytes behind its NUL. */
static const char *
free_tar(const uint8_t *p, size_t n, size_t at)
{
	(void)n;
	if (at % 512 >= 148 && at % 512 < 156)
		return "blanks around a header's checksum";
	if (at >= 512 && p[at] == 0)
		return "padding of a file";
	return in_mark(p, n, at) ? "opening mark" : NULL;
}

static const char *
open_tar(const uint8_t *p, size_t n, size_t at)
{
	const uint8_t *sum = find(p, n, "\"Manifest-Checksum\"");

	if (in_label(p, n, at))
		return "label";
	if (at >= 512 && at < 1024)
		return "opening mark: then it has none";
	if (p + at > sum && p + at < sum + 100)
		return "case of the manifest's own checksum";
	return NULL;
}

static const char *
free_segment(const uint8_t *p, size_t n, size_t at)
{
	return in_label(p, n, at) ? "label" : NULL;
}

/* Bytes of WAL from *pos on, pages' headers left out; 1: at is one of them. */
static int
wal_bytes(size_t *pos, size_t len, size_t at)
{
	int hit = 0;

	for (; len > 0; len--, *pos += 1) {
		if (*pos % 8192 == 0)
			*pos += 24;
		hit |= *pos == at;
	}
	return hit;
}

/* The CRCs of records cover records: not what is between and behind them. */
static const char *
open_segment(const uint8_t *p, size_t n, size_t at)
{
	size_t head = (size_t)(find(p, 4096, ")") + 1 - p), pos = 40;
	uint32_t len;

	if (at < head || at >= n - 68 || at - head < pos)
		return NULL;
	memcpy(&len, p + head + 16, 4);	/* of a record begun before */
	while (!wal_bytes(&pos, len, at - head)) {
		if (pos > at - head)
			return "padding between records";
		pos = (pos + 7) / 8 * 8;
		if (pos % 8192 == 0)
			pos += 24;
		if (head + pos + 4 > n - 68)
			return NULL;
		memcpy(&len, p + head + pos, 4);
		if (len == 0)
			return "unused end of the segment";
	}
	return NULL;
}

static const char *
open_listing(const uint8_t *p, size_t n, size_t at)
{
	(void)p, (void)n, (void)at;
	return "time, size or name";
}

static const char *
cut_line(const uint8_t *p, size_t n, size_t at)
{
	(void)n;
	return at > 0 && (p[at] == '\n' || p[at - 1] == '\n') ?
	    "end of a line" : NULL;
}

static const char *
free_receipt(const uint8_t *p, size_t n, size_t at)
{
	(void)p, (void)n, (void)at;
	return "members that no tool reads";
}

static const char *
open_receipt(const uint8_t *p, size_t n, size_t at)
{
	(void)p, (void)n, (void)at;
	return "members that tools read";
}

static const char *
cut_newline(const uint8_t *p, size_t n, size_t at)
{
	return at == n - 1 && p[at] == '\n' ? "last newline" : NULL;
}

/* A line that begins with '#'. */
static const char *
free_comment(const uint8_t *p, size_t n, size_t at)
{
	size_t line = at;

	(void)n;
	while (line > 0 && p[line - 1] != '\n')
		line--;
	return p[line] == '#' ? "comments" : NULL;
}

#endif
