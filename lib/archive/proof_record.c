#include "archive/proof_record.h"

#include <string.h>

#include "json/json_parse.h"
#include "stream/seal.h"

static const char record_head[] = "{\"bk\":\"";
static const char globals_head[] = "{\"bk\":\"globals\"";

static int
begins_with(const struct bk_buf *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return text->len >= n && memcmp(text->data, prefix, n) == 0;
}

static int
keep_rest(struct bk_proof_record *rec, const char *name, const char *p,
    size_t n, struct bk_err *e)
{
	size_t had = rec->rest < sizeof(rec->tail) ? (size_t)rec->rest :
	    sizeof(rec->tail);
	size_t room = sizeof(rec->tail) - had;

	memcpy(rec->tail + had, p, n < room ? n : room);
	rec->rest += n;
	if (!begins_with(&rec->text, globals_head))
		return 0;
	bk_digest_update(rec->state, p, n);
	if (rec->keep == NULL)
		return 0;
	if (rec->rest > BK_PROOF_RECORD_REST_MAX)
		return bk_fail(e, BK_DATA, "%s: damaged: a block of more than "
		    "%d MB that no TOC entry names", name,
		    BK_PROOF_RECORD_REST_MAX >> 20);
	return bk_buf_add(rec->keep, p, n, e);
}

/* Read the block to its end: text up to a newline, and the rest. */
static int
read_text(struct bk_archive *a, const char *name, struct bk_proof_record *rec,
    struct bk_err *e)
{
	char piece[4096];
	const char *nl;
	size_t take;
	ssize_t n;
	int in_text = 1;

	while ((n = bk_archive_data(a, piece, sizeof(piece), e)) > 0) {
		take = 0;
		if (in_text) {
			nl = memchr(piece, '\n', (size_t)n);
			take = nl == NULL ? (size_t)n : (size_t)(nl - piece);
			if (bk_buf_add(&rec->text, piece, take, e) == -1)
				return -1;
			/* stop buffering what is not a record */
			in_text = nl == NULL &&
			    rec->text.len <= BK_PROOF_RECORD_MAX;
			take += nl != NULL;
		}
		if (take < (size_t)n && keep_rest(rec, name, piece + take,
		    (size_t)n - take, e) == -1)
			return -1;
	}
	return (int)n;
}

static enum bk_proof_record_kind
kind_of(const char *s)
{
	static const char *const kinds[] = { "table", "blobs", "globals",
	    "manifest" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], s) == 0)
			break;
	return (enum bk_proof_record_kind)i;
}

int
bk_proof_record_read(struct bk_archive *a, const char *name,
    struct bk_proof_record *rec, struct bk_err *e)
{
	struct bk_buf *keep = rec->keep;
	const char *kind;

	bk_proof_record_free(rec);
	rec->keep = keep;
	if ((rec->state = bk_digest_new()) == NULL)
		return bk_fail_memory(e);
	bk_digest_begin(rec->state);
	if (read_text(a, name, rec, e) == -1)
		return -1;
	bk_digest_end(rec->state, &rec->digest);
	if (!begins_with(&rec->text, record_head)) {
		bk_buf_free(&rec->text);
		rec->kind = BK_PROOF_RECORD_NONE;
		return 0;
	}
	if (rec->text.len <= BK_PROOF_RECORD_MAX)
		rec->json = bk_json_parse(rec->text.data, rec->text.len,
		    JSON_REJECT_DUPLICATES, NULL, e);
	if ((kind = bk_proof_record_string(rec, "bk")) == NULL)
		return bk_fail(e, BK_DATA, "%s: damaged: a proof record that "
		    "is not JSON, before offset %ju", name,
		    (uintmax_t)bk_archive_offset(a));
	rec->kind = kind_of(kind);
	return 0;
}

int
bk_proof_record_content(const struct bk_proof_record *rec, const char *name,
    int32_t *id, struct bk_content *c, struct bk_err *e)
{
	uint64_t number;

	if (bk_proof_record_number(rec, "id", &number) == -1 || number == 0 ||
	    number > INT32_MAX ||
	    bk_proof_record_number(rec, rec->kind == BK_PROOF_RECORD_BLOBS ?
	    "objects" : "rows", &c->rows) == -1 ||
	    bk_proof_record_number(rec, "bytes", &c->bytes) == -1 ||
	    bk_proof_record_digest(rec, "digest", &c->digest) == -1)
		return bk_fail(e, BK_DATA, "%s: damaged: a proof record "
		    "without numbers or digest: %.200s", name, rec->text.data);
	*id = (int32_t)number;
	return 0;
}

int
bk_proof_record_globals(const struct bk_proof_record *rec, const char *name,
    struct bk_err *e)
{
	struct bk_digest recorded;
	uint64_t bytes;

	if (bk_proof_record_number(rec, "bytes", &bytes) == 0 &&
	    bytes == rec->rest &&
	    bk_proof_record_digest(rec, "digest", &recorded) == 0 &&
	    recorded.lo == rec->digest.lo && recorded.hi == rec->digest.hi)
		return 0;
	return bk_fail(e, BK_DATA, "%s: damaged: the roles and tablespaces of "
	    "--globals are not those that were dumped", name);
}

int
bk_proof_record_manifest(const struct bk_proof_record *rec,
    const struct bk_toc *toc, const char *name, struct bk_err *e)
{
	const char *recorded = bk_proof_record_string(rec, "toc");
	char digest[BK_DIGEST_TEXT];

	bk_manifest_digest(rec->text.data, rec->text.len, digest);
	if (rec->rest < BK_DIGEST_TEXT ||
	    memcmp(rec->tail, digest, BK_DIGEST_TEXT - 1) != 0 ||
	    rec->tail[BK_DIGEST_TEXT - 1] != '\n')
		return bk_fail(e, BK_DATA, "%s: damaged: the manifest is not "
		    "the one that was written: digest %s", name, digest);
	if (recorded != NULL && strcmp(recorded, toc->digest) == 0)
		return 0;
	return bk_fail(e, BK_DATA, "%s: damaged: the definitions (header and "
	    "table of contents) are not those that were dumped: digest %s, "
	    "in the manifest %s", name, toc->digest,
	    recorded == NULL ? "none" : recorded);
}

const char *
bk_proof_record_string(const struct bk_proof_record *rec, const char *key)
{
	return json_string_value(json_object_get(rec->json, key));
}

int
bk_proof_record_number(const struct bk_proof_record *rec, const char *key,
    uint64_t *out)
{
	const json_t *v = json_object_get(rec->json, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return -1;
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

int
bk_proof_record_digest(const struct bk_proof_record *rec, const char *key,
    struct bk_digest *out)
{
	const char *s = bk_proof_record_string(rec, key);

	return s == NULL ? -1 : bk_digest_parse(s, out);
}

int
bk_proof_record_closes(const struct bk_proof_record *rec,
    const struct bk_seal *s)
{
	/* the block's end is all that follows it */
	return rec->rest == sizeof(rec->tail) && bk_seal_closes(s,
	    rec->tail + BK_DIGEST_TEXT, BK_SEAL_CLOSING, BK_INT_LEN);
}

void
bk_proof_record_free(struct bk_proof_record *rec)
{
	bk_buf_free(&rec->text);
	bk_digest_free(rec->state);
	json_decref(rec->json);
	*rec = (struct bk_proof_record){0};
}
