/* What bk-dump says about its stream, and whether it is so (restore.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "restore_in.h"

static void
copy_string(const json_t *o, const char *key, char *out, size_t cap)
{
	const char *s = json_string_value(json_object_get(o, key));
	size_t n = s == NULL ? 0 : strlen(s);

	if (n >= cap)
		n = cap - 1;
	if (n > 0)
		memcpy(out, s, n);
	out[n] = '\0';
}

static int
get_number(const json_t *o, const char *key, uint64_t *out)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return -1;
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

static int
get_digest(const json_t *o, const char *key, struct bk_digest *out)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s == NULL || strlen(s) != 32 ? -1 : bk_digest_parse(s, out);
}

static int
take_record(struct bk_restore *r, const json_t *o, const char *count,
    struct bk_err *e)
{
	struct bk_restore_table *t;
	uint64_t id;

	if (get_number(o, "id", &id) == -1 || id > INT32_MAX)
		return bk_restore_damaged(r, NULL, "a record of nothing", e);
	t = bk_restore_find(r, (int32_t)id);
	if (t == NULL || t->has_record)
		return bk_restore_damaged(r, t, "a record too many", e);
	if (get_number(o, count, &t->record.rows) == -1 ||
	    get_number(o, "bytes", &t->record.bytes) == -1 ||
	    get_digest(o, "digest", &t->record.digest) == -1)
		return bk_restore_damaged(r, t, "a record without numbers", e);
	t->has_record = 1;
	r->nrecords++;
	return 0;
}

static int
take_manifest(struct bk_restore *r, const json_t *o, const char *text,
    size_t n, struct bk_err *e)
{
	struct bk_restore_manifest *m = &r->manifest;

	if (m->json != NULL)
		return bk_restore_damaged(r, NULL, "two manifests", e);
	if (get_number(o, "tables", &m->tables) == -1 ||
	    get_number(o, "rows", &m->rows) == -1 ||
	    get_number(o, "bytes", &m->bytes) == -1 ||
	    get_number(o, "blobs", &m->blobs) == -1 ||
	    get_digest(o, "records", &m->records) == -1)
		return bk_restore_damaged(r, NULL, "an incomplete manifest", e);
	copy_string(o, "database", m->database, sizeof(m->database));
	copy_string(o, "system_identifier", m->system_identifier,
	    sizeof(m->system_identifier));
	memcpy(r->system, m->system_identifier, sizeof(r->system));
	copy_string(o, "server_version", m->server_version,
	    sizeof(m->server_version));
	copy_string(o, "started", m->started, sizeof(m->started));
	copy_string(o, "ended", m->ended, sizeof(m->ended));
	if ((m->json = malloc(n + 1)) == NULL)
		return bk_fail_memory(e);
	memcpy(m->json, text, n);
	m->json[n] = '\0';
	return 0;
}

int
bk_restore_hidden(struct bk_restore *r, const struct bk_buf *text,
    struct bk_err *e)
{
	json_error_t why;
	json_t *o = json_loadb(text->data, text->len, JSON_REJECT_DUPLICATES |
	    JSON_DISABLE_EOF_CHECK, &why);
	const char *kind = json_string_value(json_object_get(o, "bk"));
	/* what stands behind the object: SQL, the closing mark */
	size_t end = o == NULL ? 0 : (size_t)why.position;
	int rc = 0;

	if (kind == NULL) {
		rc = bk_restore_damaged(r, NULL, "a record that is no JSON", e);
	} else if (strcmp(kind, "table") == 0 || strcmp(kind, "blobs") == 0) {
		bk_digest_update(r->records, text->data, text->len);
		rc = take_record(r, o, *kind == 't' ? "rows" : "objects", e);
	} else if (strcmp(kind, "manifest") == 0) {
		rc = take_manifest(r, o, text->data, end, e);
	} else if (strcmp(kind, "globals") == 0) {
		rc = bk_buf_add(&r->globals, text->data + end,
		    text->len - end, e);
	}
	json_decref(o);
	return rc;
}

static int
same(const struct bk_content *a, const struct bk_content *b)
{
	return a->rows == b->rows && a->bytes == b->bytes &&
	    a->digest.lo == b->digest.lo && a->digest.hi == b->digest.hi;
}

static int
disagree(const struct bk_restore *r, const struct bk_restore_table *t,
    struct bk_err *e)
{
	const struct bk_content *is = &t->seen, *was = &t->record;
	char text[128];

	if (is->rows != was->rows)
		(void)snprintf(text, sizeof(text), "%" PRIu64 " rows, of %"
		    PRIu64 " that were dumped", is->rows, was->rows);
	else
		(void)snprintf(text, sizeof(text), "%" PRIu64 " rows, but not "
		    "those that were dumped (digest)", is->rows);
	return bk_restore_damaged(r, t, text, e);
}

static int
check_table(const struct bk_restore *r, const struct bk_restore_table *t,
    struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_err ignored = {0};

	if (!t->found)
		return bk_restore_damaged(r, t, "its data is not there", e);
	if (r->ours && !t->has_record)
		return bk_restore_damaged(r, t, "its record is not there", e);
	if (t->has_record && !same(&t->seen, &t->record))
		return disagree(r, t, e);
	if (t->blobs || t->skip || t->loaded == t->seen.rows)
		return 0;
	(void)bk_restore_name(t, &name, &ignored);
	bk_fail(e, BK_FAIL, "%s: the server took %" PRIu64 " of %" PRIu64
	    " rows; a trigger or a rule of the target swallows them",
	    name.data == NULL ? "" : name.data, t->loaded, t->seen.rows);
	bk_buf_free(&name);
	return -1;
}

static int
check_manifest(const struct bk_restore *r, struct bk_err *e)
{
	const struct bk_restore_manifest *m = &r->manifest;
	uint64_t tables = 0, rows = 0, bytes = 0, blobs = 0;
	struct bk_digest records = {0};
	size_t i;

	if (m->json == NULL)
		return bk_restore_damaged(r, NULL,
		    "its manifest is not there", e);
	for (i = 0; i < r->n; i++) {
		tables += !r->table[i].blobs;
		*(r->table[i].blobs ? &blobs : &rows) += r->table[i].seen.rows;
		bytes += r->table[i].seen.bytes;
	}
	/* of the state nothing more is wanted: each archive has one manifest */
	bk_digest_end(r->records, &records);
	if (m->tables != tables || m->rows != rows || m->bytes != bytes ||
	    m->blobs != blobs || m->records.lo != records.lo ||
	    m->records.hi != records.hi)
		return bk_restore_damaged(r, NULL,
		    "its manifest is of another dump", e);
	return 0;
}

int
bk_restore_check(const struct bk_restore *r, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (check_table(r, &r->table[i], e) == -1)
			return -1;
	return r->ours ? check_manifest(r, e) : 0;
}
