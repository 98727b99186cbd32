#include "datadir/backup_manifest.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/hex.h"
#include "json/json_parse.h"

#define LONGEST_LINE (64 * 1024)	/* a path of 4 KiB, escaped, and more */

enum expected {			/* what the next line is */
	VERSION, SYSTEM, FILES, FILE_OBJECT, WAL, WAL_OBJECT, LAST, NOTHING
};

struct bk_backup_manifest {
	const char *name;
	struct bk_manifest_handler handler;
	enum expected expected;
	uint64_t elements;	/* of the list so far */
	int comma;		/* after the last of them */
	uint64_t line_number;
	struct bk_buf line;	/* the beginning of the next line */
	struct bk_buf path;
	struct bk_file_sum own;
	struct bk_manifest_summary summary;
};

struct bk_backup_manifest *
bk_backup_manifest_open(const char *name,
    const struct bk_manifest_handler *handler, struct bk_err *e)
{
	struct bk_backup_manifest *m = calloc(1, sizeof(*m));

	if (m == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	m->name = name;
	m->handler = *handler;
	if (bk_file_sum_start(&m->own, BK_SUM_SHA256, e) == -1) {
		bk_backup_manifest_free(m);
		return NULL;
	}
	return m;
}

void
bk_backup_manifest_free(struct bk_backup_manifest *m)
{
	if (m == NULL)
		return;
	bk_buf_free(&m->line);
	bk_buf_free(&m->path);
	bk_file_sum_free(&m->own);
	free(m);
}

static int
damaged(const struct bk_backup_manifest *m, const char *cause,
    struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: damaged: line %ju: %s", m->name,
	    (uintmax_t)m->line_number, cause);
}

static const char *
string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* The path, or the path that is not UTF-8 and stands there in hex. */
static const char *
parse_path(struct bk_backup_manifest *m, const json_t *o, struct bk_err *e)
{
	const char *path = string(o, "Path"), *hex = string(o, "Encoded-Path");
	uint8_t byte;

	m->path.len = 0;
	if ((path == NULL) == (hex == NULL)) {
		damaged(m, "a file needs one path", e);
		return NULL;
	}
	if (path != NULL && bk_buf_puts(&m->path, path, e) == -1)
		return NULL;
	for (; hex != NULL && *hex != '\0'; hex += 2) {
		if (bk_hex_bytes(hex, 1, &byte) == -1 || byte == '\0') {
			damaged(m, "an encoded path that is not hex", e);
			return NULL;
		}
		if (bk_buf_add(&m->path, &byte, 1, e) == -1)
			return NULL;
	}
	if (m->path.len == 0)
		damaged(m, "an empty path", e);
	return m->path.len == 0 ? NULL : m->path.data;
}

/* A checksum has an algorithm, and the other way round. */
static int
parse_sum(struct bk_backup_manifest *m, const json_t *o,
    struct bk_manifest_file *f, struct bk_err *e)
{
	const char *algorithm = string(o, "Checksum-Algorithm");
	const char *sum = string(o, "Checksum");
	size_t len;

	if (algorithm != NULL && bk_sum_parse(algorithm, &f->algorithm) == -1)
		return bk_fail(e, BK_DATA, "%s: line %ju: unknown checksum "
		    "algorithm '%.20s'", m->name, (uintmax_t)m->line_number,
		    algorithm);
	len = bk_sum_len(f->algorithm);
	if (strlen(sum == NULL ? "" : sum) != 2 * len ||
	    (len > 0 && bk_hex_bytes(sum, len, f->sum) == -1))
		return damaged(m, "a malformed checksum", e);
	return 0;
}

static int
parse_file(struct bk_backup_manifest *m, const json_t *o, struct bk_err *e)
{
	struct bk_manifest_file f = { .path = parse_path(m, o, e) };
	const json_t *size = json_object_get(o, "Size");

	if (f.path == NULL)
		return -1;
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return damaged(m, "a malformed size", e);
	f.size = (uint64_t)json_integer_value(size);
	if (parse_sum(m, o, &f, e) == -1)
		return -1;
	m->summary.files++;
	return m->handler.file(m->handler.ctx, &f, e);
}

static int
parse_lsn(const char *s, uint64_t *lsn)
{
	uint64_t high, low;
	size_t n;

	if (s == NULL || (n = strcspn(s, "/")) == 0 || n > 8 ||
	    s[n] != '/' || bk_hex_number(s, n, &high) == -1)
		return -1;
	s += n + 1;
	n = strlen(s);
	if (n == 0 || n > 8 || bk_hex_number(s, n, &low) == -1)
		return -1;
	*lsn = high << 32 | low;
	return 0;
}

static int
parse_wal(struct bk_backup_manifest *m, const json_t *o, struct bk_err *e)
{
	const json_t *timeline = json_object_get(o, "Timeline");
	struct bk_manifest_wal w = {0};

	if (!json_is_integer(timeline) || json_integer_value(timeline) < 1 ||
	    json_integer_value(timeline) > UINT32_MAX ||
	    parse_lsn(string(o, "Start-LSN"), &w.start) == -1 ||
	    parse_lsn(string(o, "End-LSN"), &w.end) == -1 || w.end < w.start)
		return damaged(m, "a malformed range of WAL", e);
	w.timeline = (uint32_t)json_integer_value(timeline);
	return m->handler.wal == NULL ? 0 :
	    m->handler.wal(m->handler.ctx, &w, e);
}

typedef int parse_fn(struct bk_backup_manifest *m, const json_t *o,
    struct bk_err *e);

/* A line of a list: an object and the comma before the next, or its end. */
static int
in_list(struct bk_backup_manifest *m, const char *s, size_t n,
    parse_fn *parse, struct bk_err *e)
{
	int rc, end = strcmp(s, "],") == 0;
	json_t *o;

	if (m->elements > 0 && m->comma == end)
		return damaged(m, "a comma too many or too few", e);
	if (end) {
		m->expected++;
		return 0;
	}
	m->elements++;
	if ((m->comma = n > 0 && s[n - 1] == ','))
		n--;
	o = bk_json_parse(s, n, JSON_REJECT_DUPLICATES, NULL, e);
	rc = json_is_object(o) ? parse(m, o, e) :
	    damaged(m, "not a JSON object", e);
	json_decref(o);
	return rc;
}

static int
list_begins(struct bk_backup_manifest *m, const char *s, const char *words,
    struct bk_err *e)
{
	if (strcmp(s, words) != 0)
		return damaged(m, "not as PostgreSQL writes it", e);
	m->elements = 0;
	m->comma = 0;
	m->expected++;
	return 0;
}

static int
parse_version(struct bk_backup_manifest *m, const char *s, struct bk_err *e)
{
	static const char key[] =
	    "{ \"PostgreSQL-Backup-Manifest-Version\": ";

	if (strncmp(s, key, strlen(key)) != 0)
		return bk_fail(e, BK_DATA, "%s: not a backup_manifest",
		    m->name);
	s += strlen(key);
	if (strcmp(s, "1,") != 0 && strcmp(s, "2,") != 0)
		return bk_fail(e, BK_DATA, "%s: a backup_manifest of version "
		    "%.10s 1 and 2 are known; a newer bk is needed", m->name,
		    s);
	m->summary.version = *s - '0';
	m->expected = m->summary.version == 1 ? FILES : SYSTEM;
	return 0;
}

/* Digits, not jansson, whose integers have 63 bits: this has 64. */
static int
parse_system(struct bk_backup_manifest *m, const char *s, struct bk_err *e)
{
	static const char key[] = "\"System-Identifier\": ";
	size_t n;

	if (strncmp(s, key, strlen(key)) != 0)
		return damaged(m, "no System-Identifier", e);
	s += strlen(key);
	n = strspn(s, "0123456789");
	if (n == 0 || n >= sizeof(m->summary.sysid) ||
	    (n > 1 && *s == '0') || strcmp(s + n, ",") != 0)
		return damaged(m, "a malformed System-Identifier", e);
	memcpy(m->summary.sysid, s, n);
	m->expected = FILES;
	return 0;
}

/* "Manifest-Checksum": "HEX"}, the SHA-256 of all lines before. */
static int
parse_last(struct bk_backup_manifest *m, const char *s, size_t n,
    struct bk_err *e)
{
	static const char key[] = "\"Manifest-Checksum\": \"";
	uint8_t want[32], got[BK_SUM_MAX];

	if (n != strlen(key) + 2 * sizeof(want) + 2 ||
	    strncmp(s, key, strlen(key)) != 0 ||
	    bk_hex_bytes(s + strlen(key), sizeof(want), want) == -1 ||
	    strcmp(s + n - 2, "\"}") != 0)
		return damaged(m, "a malformed Manifest-Checksum", e);
	if (bk_file_sum_final(&m->own, got, e) == -1)
		return -1;
	bk_hex(got, sizeof(want), m->summary.checksum);
	if (memcmp(got, want, sizeof(want)) != 0)
		return bk_fail(e, BK_DATA, "%s: damaged: its own checksum is "
		    "%s, not %.64s", m->name, m->summary.checksum,
		    s + strlen(key));
	m->expected = NOTHING;
	return 0;
}

/* One line, without its newline. */
static int
parse_line(struct bk_backup_manifest *m, const char *s, size_t n,
    struct bk_err *e)
{
	m->line_number++;
	if (strlen(s) != n)
		return damaged(m, "a NUL", e);
	if (m->expected < LAST &&
	    (bk_file_sum_update(&m->own, s, n, e) == -1 ||
	    bk_file_sum_update(&m->own, "\n", 1, e) == -1))
		return -1;
	switch (m->expected) {
	case VERSION:
		return parse_version(m, s, e);
	case SYSTEM:
		return parse_system(m, s, e);
	case FILES:
		return list_begins(m, s, "\"Files\": [", e);
	case FILE_OBJECT:
		return in_list(m, s, n, parse_file, e);
	case WAL:
		return list_begins(m, s, "\"WAL-Ranges\": [", e);
	case WAL_OBJECT:
		return in_list(m, s, n, parse_wal, e);
	case LAST:
		return parse_last(m, s, n, e);
	case NOTHING:
		break;
	}
	return damaged(m, "data after its end", e);
}

int
bk_backup_manifest_feed(struct bk_backup_manifest *m, const void *data,
    size_t n, struct bk_err *e)
{
	const char *p = data, *newline;
	size_t len;

	for (; n > 0; p += len, n -= len) {
		newline = memchr(p, '\n', n);
		len = newline == NULL ? n : (size_t)(newline - p);
		if (len > LONGEST_LINE - m->line.len)
			return damaged(m, "a line of more than 64 KiB", e);
		if (bk_buf_add(&m->line, p, len, e) == -1)
			return -1;
		if (newline == NULL)
			continue;
		len++;
		if (parse_line(m, m->line.data, m->line.len, e) == -1)
			return -1;
		m->line.len = 0;
	}
	return 0;
}

int
bk_backup_manifest_end(struct bk_backup_manifest *m,
    struct bk_manifest_summary *summary, struct bk_err *e)
{
	if (m->expected != NOTHING || m->line.len > 0)
		return bk_fail(e, BK_DATA, "%s: damaged: %s", m->name,
		    m->expected == NOTHING ? "data after its end" :
		    "it ends early");
	*summary = m->summary;
	return 0;
}
