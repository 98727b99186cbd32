#include "archive/manifest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utctime.h"
#include "base/utf8.h"
#include "base/version.h"
#include "json/json_write.h"

/* Maximum bytes of a string's JSON text, including its quotes. */
#define NAME_MAX_JSON 760	/* 63 bytes, in any encoding, escaped */
#define DATABASE_MAX_JSON 400
#define VERSION_MAX_JSON 100
#define OPTIONS_MAX_JSON 320
#define SHORT_MAX_JSON 64
#define TIMEZONE_MAX_JSON 258		/* 255 bytes, PostgreSQL's limit */
#define SETTING_MAX_JSON 50
#define SWITCH_MAX_JSON 8		/* "on" or "off" */

/* Append s as JSON, truncated between characters to at most max bytes. */
static int
add_truncated(struct bk_buf *b, const char *s, size_t max, struct bk_err *e)
{
	size_t start = b->len, n = strlen(s);
	char *copy;
	int rc;

	if ((copy = malloc(n + 1)) == NULL)
		return bk_fail_memory(e);
	memcpy(copy, s, n + 1);
	while ((rc = bk_json_string(b, copy, e)) == 0 && b->len - start > max) {
		/* a byte is escaped to six at most */
		size_t over = (b->len - start - max + 5) / 6;

		n -= over < n ? over : n;
		n = bk_utf8_cut(copy, n);
		copy[n] = '\0';
		b->len = start;
	}
	free(copy);
	return rc;
}

/* ,"key":"value"; nothing if value is NULL. */
static int
add_field(struct bk_buf *b, const char *key, const char *value, size_t max,
    struct bk_err *e)
{
	if (value == NULL)
		return 0;
	if (bk_json_key(b, key, e) == -1)
		return -1;
	return add_truncated(b, value, max, e);
}

int
bk_manifest_proof_record(struct bk_buf *b, const struct bk_toc_entry *te,
    const struct bk_content *c, struct bk_err *e)
{
	int blobs = strcmp(te->desc, "BLOBS") == 0;
	char digest[BK_DIGEST_TEXT];

	if (bk_buf_printf(b, e, "{\"bk\":\"%s\",\"id\":%" PRId32,
	    blobs ? "blobs" : "table", te->id) == -1)
		return -1;
	if (!blobs && (
	    add_field(b, "schema", te->schema, NAME_MAX_JSON, e) == -1 ||
	    add_field(b, "table", te->tag, NAME_MAX_JSON, e) == -1))
		return -1;
	bk_digest_format(&c->digest, digest);
	if (bk_json_number(b, blobs ? "objects" : "rows", c->rows, e) == -1 ||
	    bk_json_number(b, "bytes", c->bytes, e) == -1 ||
	    bk_json_member(b, "digest", digest, e) == -1)
		return -1;
	return bk_buf_puts(b, "}", e);
}

int
bk_manifest_globals(struct bk_buf *b, const void *sql, size_t n,
    struct bk_err *e)
{
	char digest[BK_DIGEST_TEXT];

	bk_manifest_digest(sql, n, digest);
	return bk_buf_printf(b, e, "{\"bk\":\"globals\",\"bytes\":%zu,"
	    "\"digest\":\"%s\"}\n", n, digest);
}

/* ,"options":[...]; null if that is too long. */
static int
add_options(struct bk_buf *b, char *const *options, struct bk_err *e)
{
	size_t start, i;

	if (bk_json_key(b, "options", e) == -1)
		return -1;
	start = b->len;
	for (i = 0; options != NULL && options[i] != NULL; i++)
		if (bk_buf_puts(b, i == 0 ? "[" : ",", e) == -1 ||
		    bk_json_string(b, options[i], e) == -1)
			return -1;
	if (bk_buf_puts(b, i == 0 ? "[]" : "]", e) == -1)
		return -1;
	if (b->len - start <= OPTIONS_MAX_JSON)
		return 0;
	b->len = start;
	return bk_buf_puts(b, "null", e);
}

/* A value that is cut short would be another setting. */
static int
add_setting(struct bk_buf *b, const char *key, const char *value, size_t max,
    struct bk_err *e)
{
	size_t start;

	if (bk_json_key(b, key, e) == -1)
		return -1;
	start = b->len;
	if (bk_json_string(b, value, e) == -1)
		return -1;
	return b->len - start <= max ? 0 : bk_fail(e, BK_FAIL, "the database's "
	    "setting %s: too long for the manifest, over %zu bytes; set it to "
	    "a shorter value, for bk-dump alone by PGOPTIONS", key, max);
}

/* ,"settings":{...}: to be set before a restored database is compared. */
static int
add_settings(struct bk_buf *b, const struct bk_manifest *m, struct bk_err *e)
{
	if (m->timezone == NULL)
		return 0;
	if (bk_json_key(b, "settings", e) == -1 ||
	    bk_buf_puts(b, "{", e) == -1 ||
	    add_setting(b, "timezone", m->timezone, TIMEZONE_MAX_JSON,
	    e) == -1 ||
	    add_setting(b, "bytea_output", m->bytea_output, SETTING_MAX_JSON,
	    e) == -1 ||
	    add_setting(b, "lc_monetary", m->lc_monetary, SETTING_MAX_JSON,
	    e) == -1 ||
	    add_setting(b, "quote_all_identifiers", m->quote_all_identifiers,
	    SWITCH_MAX_JSON, e) == -1)
		return -1;
	return bk_buf_puts(b, "}", e);
}

int
bk_manifest_format(struct bk_buf *b, const struct bk_manifest *m,
    struct bk_err *e)
{
	char started[BK_UTCTIME_TEXT], ended[BK_UTCTIME_TEXT],
	    digest[BK_DIGEST_TEXT];

	bk_utctime_format(m->started, started);
	bk_utctime_format(m->ended, ended);
	bk_digest_format(&m->records, digest);
	if (bk_buf_puts(b, "{\"bk\":\"manifest\",\"version\":1", e) == -1 ||
	    add_field(b, "database", m->database, DATABASE_MAX_JSON, e) == -1 ||
	    add_field(b, "system_identifier", m->system_identifier,
	    SHORT_MAX_JSON, e) == -1 ||
	    add_field(b, "server_version", m->server_version,
	    VERSION_MAX_JSON, e) == -1 ||
	    add_field(b, "server_encoding", m->server_encoding,
	    SHORT_MAX_JSON, e) == -1 ||
	    add_field(b, "snapshot", m->snapshot, SHORT_MAX_JSON, e) == -1 ||
	    add_field(b, "lsn", m->lsn, SHORT_MAX_JSON, e) == -1 ||
	    add_field(b, "started", started, SHORT_MAX_JSON, e) == -1 ||
	    add_field(b, "ended", ended, SHORT_MAX_JSON, e) == -1 ||
	    add_field(b, "tool", "bk-dump " BK_VERSION, SHORT_MAX_JSON,
	    e) == -1 ||
	    add_field(b, "pg_dump", m->pg_dump, VERSION_MAX_JSON, e) == -1 ||
	    add_options(b, m->options, e) == -1 ||
	    add_settings(b, m, e) == -1 ||
	    add_field(b, "toc", m->toc, SHORT_MAX_JSON, e) == -1 ||
	    bk_json_number(b, "tables", m->tables, e) == -1 ||
	    bk_json_number(b, "rows", m->rows, e) == -1 ||
	    bk_json_number(b, "bytes", m->bytes, e) == -1 ||
	    bk_json_number(b, "blobs", m->blobs, e) == -1 ||
	    bk_json_member(b, "records", digest, e) == -1 ||
	    bk_json_member(b, "read", "a custom-format archive: "
	    "pg_restore -d DATABASE FILE", e) == -1)
		return -1;
	return bk_buf_puts(b, "}", e);
}

void
bk_manifest_digest(const void *json, size_t n, char out[BK_DIGEST_TEXT])
{
	struct bk_digest d = {0};

	bk_digest_item(&d, json, n);
	bk_digest_format(&d, out);
}

int
bk_manifest_close(struct bk_buf *b, const char *mark, struct bk_err *e)
{
	char digest[BK_DIGEST_TEXT];

	bk_manifest_digest(b->data, b->len, digest);
	return bk_buf_printf(b, e, "\n%s\n%s", digest, mark);
}
