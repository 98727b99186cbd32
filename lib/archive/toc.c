/* Reading header and table of contents; see archive.h. */
#include <stdlib.h>
#include <string.h>

#include "archive/archive.h"
#include "base/grow.h"
#include "archive/archive_in.h"
#include "base/majors.h"
#include "stream/heads.h"

/* Bytes: of ten million large objects before pg_dump 17, or two of tables. */
#define TOC_MAX ((size_t)2048 * 1024 * 1024)
#define STRING_MAX (64 * 1024 * 1024)	/* of a string in it: a view */
#define PIECE (64 * 1024)		/* minimum allocation */

/* Strings live as long as their TOC and are freed together. */
struct bk_arena {
	struct bk_arena *next;
	size_t used, cap;
	char data[];
};

/* n bytes, aligned for an int32_t; NULL with *e set. */
static void *
arena_get(struct bk_toc *toc, size_t n, struct bk_err *e)
{
	struct bk_arena *a = toc->arena;
	size_t cap = n > PIECE ? n : PIECE;

	n = (n + 7) & ~(size_t)7;
	if (a == NULL || a->cap - a->used < n) {
		if ((a = malloc(sizeof(*a) + cap + 8)) == NULL) {
			bk_fail_memory(e);
			return NULL;
		}
		*a = (struct bk_arena){ .next = toc->arena, .cap = cap + 8 };
		toc->arena = a;
	}
	a->used += n;
	return a->data + a->used - n;
}

/*
 * Read a string, or skip it if text is NULL.  Memory for it is allocated only
 * once its bytes are in raw.
 */
static int
read_str(struct bk_archive *a, struct bk_toc *toc, const char **text,
    struct bk_err *e)
{
	uint8_t piece[4096];
	int32_t len;
	size_t start, left, n;
	char *s;

	if (text != NULL)
		*text = NULL;
	if (bk_archive_int(a, &len, e) == -1)
		return -1;
	if (len < 0)
		return 0;
	start = toc->raw.len;
	if (len > STRING_MAX || start > TOC_MAX ||
	    (size_t)len > TOC_MAX - start)
		return bk_fail(e, BK_DATA, "%s: damaged archive, or one of an "
		    "unusual database: its table of contents is over %zu MiB, "
		    "or a string in it over %d MiB, at offset %ju; pg_dump 17 "
		    "and later need less of it for large objects", a->name,
		    TOC_MAX >> 20, STRING_MAX >> 20, (uintmax_t)a->offset);
	for (left = (size_t)len; left > 0; left -= n) {
		n = left < sizeof(piece) ? left : sizeof(piece);
		if (bk_archive_bytes(a, piece, n, e) == -1)
			return -1;
	}
	if (text == NULL)
		return 0;
	if (len > 0 && memchr(toc->raw.data + start, '\0', (size_t)len) != NULL)
		return bk_archive_damaged(a, "a NUL within a string", e);
	if ((s = arena_get(toc, (size_t)len + 1, e)) == NULL)
		return -1;
	if (len > 0)
		memcpy(s, toc->raw.data + start, (size_t)len);
	s[len] = '\0';
	*text = s;
	return 0;
}

static int
read_header(struct bk_archive *a, struct bk_toc *toc, struct bk_err *e)
{
	uint8_t h[11];
	int32_t v;
	int i;

	if (bk_archive_bytes(a, h, 5, e) == -1 || memcmp(h,
	    BK_HEAD_ARCHIVE, 5) != 0) {
		if (e->code == BK_FAIL)
			return -1;
		*e = (struct bk_err){0};
		return bk_fail(e, BK_DATA, "%s: not an archive of pg_dump's "
		    "custom format", a->name);
	}
	if (bk_archive_bytes(a, h + 5, 6, e) == -1)
		return -1;
	if (h[5] == 1 && h[6] > BK_PG_ARCHIVE_MAX)
		return bk_fail(e, BK_DATA, "%s: archive version 1.%d, of a "
		    "pg_dump " BK_PG_YOUNGER, a->name, h[6], BK_PG_NEWEST);
	if (h[5] != 1 || h[6] < BK_PG_ARCHIVE_MIN ||
	    h[6] > BK_PG_ARCHIVE_MAX)
		return bk_fail(e, BK_DATA, "%s: archive version %d.%d; this "
		    "program reads 1.%d to 1.%d (pg_dump %d to %d)", a->name,
		    h[5], h[6], BK_PG_ARCHIVE_MIN, BK_PG_ARCHIVE_MAX,
		    bk_majors_by_archive(BK_PG_ARCHIVE_MIN), BK_PG_NEWEST);
	if (h[8] != 4 || h[9] != 8 || h[10] != 1)
		return bk_archive_damaged(a, "an unusual header", e);
	toc->minor = h[6];
	if (toc->minor >= BK_PG_ARCHIVE_METHODS) {
		if (bk_archive_byte(a, &toc->compression, e) == -1)
			return -1;
	} else {
		if (bk_archive_int(a, &v, e) == -1)
			return -1;
		toc->compression = v;
	}
	for (i = 0; i < 7; i++)		/* the time, a struct tm */
		if (bk_archive_int(a, &v, e) == -1)
			return -1;
	if (read_str(a, toc, &toc->dbname, e) == -1 ||
	    read_str(a, toc, &toc->server, e) == -1 ||
	    read_str(a, toc, &toc->dumper, e) == -1)
		return -1;
	return 0;
}

/* "123" as a 32-bit number; 0 if it is not one. */
static uint32_t
to_oid(const char *s)
{
	unsigned long v = s == NULL ? 0 : strtoul(s, NULL, 10);

	return v > UINT32_MAX ? 0 : (uint32_t)v;
}

static int
read_deps(struct bk_archive *a, struct bk_toc *toc, struct bk_toc_entry *te,
    struct bk_err *e)
{
	int32_t *deps = NULL, *more;
	size_t n = 0, cap = 0;
	const char *s;

	for (;;) {
		if (read_str(a, toc, &s, e) == -1)
			return -1;
		if (s == NULL)
			break;
		if (n == cap) {
			cap = cap == 0 ? 4 : cap * 2;
			more = arena_get(toc, cap * sizeof(*deps), e);
			if (more == NULL)
				return -1;
			if (n > 0)
				memcpy(more, deps, n * sizeof(*deps));
			deps = more;
		}
		deps[n++] = (int32_t)to_oid(s);
	}
	te->deps = deps;
	te->ndeps = n;
	return 0;
}

static int
read_entry(struct bk_archive *a, struct bk_toc *toc, struct bk_toc_entry *te,
    struct bk_err *e)
{
	uint8_t offset[BK_OFFSET_LEN];
	const char *oid;
	int32_t v;

	if (bk_archive_int(a, &te->id, e) == -1)
		return -1;
	if (te->id <= 0)
		return bk_archive_damaged(a, "an entry without a number", e);
	te->has_data_at = toc->raw.len;
	if (bk_archive_int(a, &v, e) == -1)
		return -1;
	te->has_data = v != 0;
	if (read_str(a, toc, NULL, e) == -1 ||		/* tableoid */
	    read_str(a, toc, &oid, e) == -1 ||
	    read_str(a, toc, &te->tag, e) == -1 ||
	    read_str(a, toc, &te->desc, e) == -1 ||
	    bk_archive_int(a, &v, e) == -1)
		return -1;
	if (te->tag == NULL || te->desc == NULL)
		return bk_archive_damaged(a, "an entry without a name", e);
	te->oid = to_oid(oid);
	te->section = v;
	if (read_str(a, toc, &te->defn, e) == -1 ||
	    read_str(a, toc, &te->drop, e) == -1)
		return -1;
	te->copy_at = toc->raw.len;
	if (read_str(a, toc, &te->copy, e) == -1 ||
	    read_str(a, toc, &te->schema, e) == -1 ||
	    read_str(a, toc, &te->tablespace, e) == -1 ||
	    read_str(a, toc, &te->access_method, e) == -1)
		return -1;
	if (toc->minor >= BK_PG_ARCHIVE_KINDS &&
	    bk_archive_int(a, &te->relkind, e) == -1)
		return -1;
	if (read_str(a, toc, &te->owner, e) == -1 ||
	    read_str(a, toc, NULL, e) == -1 ||		/* "WITH OIDS" */
	    read_deps(a, toc, te, e) == -1)
		return -1;
	te->offset_at = toc->raw.len;
	return bk_archive_bytes(a, offset, sizeof(offset), e);
}

static int
read_entries(struct bk_archive *a, struct bk_toc *toc, struct bk_err *e)
{
	struct bk_toc_entry *more;
	int32_t count;

	if (bk_archive_int(a, &count, e) == -1)
		return -1;
	if (count < 0)
		return bk_archive_damaged(a, "a negative number of entries", e);
	while (toc->n < (size_t)count) {
		more = bk_grow(toc->entry, toc->n, NULL, sizeof(*more), e);
		if (more == NULL)
			return -1;
		toc->entry = more;
		toc->entry[toc->n] = (struct bk_toc_entry){0};
		if (read_entry(a, toc, &toc->entry[toc->n], e) == -1)
			return -1;
		if (toc->entry[toc->n].id > toc->max_id)
			toc->max_id = toc->entry[toc->n].id;
		toc->n++;
	}
	return 0;
}

/* Add raw from *at up to next, and pass over n bytes. */
static void
digest_piece(struct bk_digest_state *s, const struct bk_buf *raw, size_t *at,
    size_t next, size_t n)
{
	bk_digest_update(s, raw->data + *at, next - *at);
	*at = next + n;
}

int
bk_toc_digest(const struct bk_toc *toc, const struct bk_buf *raw,
    size_t shift, size_t hole, char out[BK_DIGEST_TEXT], struct bk_err *e)
{
	struct bk_digest_state *s = bk_digest_new();
	struct bk_digest d = {0};
	size_t i, at = 0;

	if (s == NULL)
		return bk_fail_memory(e);
	bk_digest_begin(s);
	if (hole > 0)
		digest_piece(s, raw, &at, hole, BK_DIGEST_TEXT - 1);
	for (i = 0; i < toc->n; i++)
		digest_piece(s, raw, &at, toc->entry[i].offset_at + shift,
		    BK_OFFSET_LEN);
	digest_piece(s, raw, &at, raw->len, 0);
	bk_digest_end(s, &d);
	bk_digest_free(s);
	bk_digest_format(&d, out);
	return 0;
}

const char *
bk_toc_recorded(const struct bk_toc *toc)
{
	const size_t key = strlen(BK_TOC_DIGEST), len = BK_DIGEST_TEXT - 1;
	const char *s = toc->n == 0 ? NULL : toc->entry[0].copy;
	struct bk_digest ignored;
	size_t n = s == NULL ? 0 : strlen(s);

	if (n < key + len || bk_digest_parse(s + n - len, &ignored) == -1 ||
	    memcmp(s + n - len - key, BK_TOC_DIGEST, key) != 0)
		return NULL;
	return s + n - len;
}

int
bk_toc_is_part(const struct bk_toc *toc)
{
	static const char said[] = BK_TOC_PART BK_TOC_DIGEST;
	const char *digest = bk_toc_recorded(toc);
	const size_t n = strlen(said);
	int tables = 0, rows = 0;
	size_t i;

	if (digest != NULL && (size_t)(digest - toc->entry[0].copy) >= n &&
	    memcmp(digest - n, said, n) == 0)
		return 1;
	for (i = 0; i < toc->n; i++) {
		const char *desc = toc->entry[i].desc;

		tables |= desc != NULL && strcmp(desc, "TABLE") == 0;
		rows |= desc != NULL && strcmp(desc, "TABLE DATA") == 0;
	}
	return tables && !rows;
}

/* Is the TOC the one that was written? */
static int
check_digest(struct bk_archive *a, struct bk_toc *toc, struct bk_err *e)
{
	const char *recorded = bk_toc_recorded(toc);
	size_t hole = recorded == NULL ? 0 : toc->entry[0].copy_at +
	    BK_INT_LEN + (size_t)(recorded - toc->entry[0].copy);

	if (bk_toc_digest(toc, &toc->raw, 0, hole, toc->digest, e) == -1)
		return -1;
	if (recorded == NULL || strcmp(recorded, toc->digest) == 0)
		return 0;
	return bk_fail(e, BK_DATA, "%s: damaged: the definitions (header and "
	    "table of contents) are not those that were dumped: digest %s, "
	    "recorded %s", a->name, toc->digest, recorded);
}

/* Exactly head, a name without quotes, and tail? */
static int
is_set(const char *s, const char *head, const char *tail)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t n;

	if (strncmp(s, head, strlen(head)) != 0)
		return 0;
	s += strlen(head);
	n = strspn(s, plain);
	return n > 0 && strcmp(s + n, tail) == 0;
}

/* Entries that set up a session do that, in pg_dump's words, and no more. */
static int
check_settings(struct bk_archive *a, const struct bk_toc *toc,
    struct bk_err *e)
{
	static const struct { const char *desc, *head, *tail; } known[] = {
		{ "ENCODING", "SET client_encoding = '", "';\n" },
		{ "STDSTRINGS", "SET standard_conforming_strings = '", "';\n" },
	};
	static const char path[] =
	    "SELECT pg_catalog.set_config('search_path', '', false);\n";
	const struct bk_toc_entry *te;
	size_t i, j;
	int good = 1;

	for (i = 0; good && i < toc->n; i++) {
		te = &toc->entry[i];
		for (j = 0; j < 2; j++)
			if (strcmp(te->desc, known[j].desc) == 0)
				good = te->defn != NULL && is_set(te->defn,
				    known[j].head, known[j].tail);
		if (strcmp(te->desc, "SEARCHPATH") == 0)
			good = te->defn != NULL &&
			    strcmp(te->defn, path) == 0;
		if (!good)
			return bk_fail(e, BK_DATA, "%s: its %s entry is not "
			    "what pg_dump writes; nothing of it is run",
			    a->name, te->desc);
	}
	return 0;
}

int
bk_archive_toc(struct bk_archive *a, struct bk_toc *toc, struct bk_err *e)
{
	uint64_t at;
	int rc;

	a->keep = &toc->raw;
	rc = read_header(a, toc, e);
	at = a->offset;
	if (rc == 0)
		rc = read_entries(a, toc, e);
	a->toc_len = a->offset - at;
	a->keep = NULL;
	return rc == -1 || check_digest(a, toc, e) == -1 ? -1 :
	    check_settings(a, toc, e);
}

void
bk_toc_free(struct bk_toc *toc)
{
	struct bk_arena *a, *next;

	for (a = toc->arena; a != NULL; a = next) {
		next = a->next;
		free(a);
	}
	free(toc->entry);
	bk_buf_free(&toc->raw);
	*toc = (struct bk_toc){0};
}

const struct bk_toc_entry *
bk_toc_encoding_entry(const struct bk_toc *toc)
{
	size_t i;

	for (i = 0; i < toc->n; i++)
		if (toc->entry[i].desc != NULL && toc->entry[i].defn != NULL &&
		    strcmp(toc->entry[i].desc, "ENCODING") == 0)
			return &toc->entry[i];
	return NULL;
}

ptrdiff_t
bk_toc_seal(const struct bk_toc *toc, struct bk_seal *s)
{
	static const char head[] = BK_HEAD_ARCHIVE_AUTHOR;
	const struct bk_toc_entry *te = bk_toc_encoding_entry(toc);
	const char *p;

	if (te == NULL || te->copy == NULL ||
	    strncmp(te->copy, head, strlen(head)) != 0 ||
	    (p = strchr(te->copy + strlen(head), ' ')) == NULL)
		return -1;
	p++;
	return bk_seal_read(s, p, strlen(p)) > 0 ? p - te->copy : -1;
}

const char *
bk_toc_encoding(const struct bk_toc *toc)
{
	const struct bk_toc_entry *te = bk_toc_encoding_entry(toc);

	return te == NULL ? NULL : te->defn;
}
