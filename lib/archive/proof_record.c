#include "archive/proof_record.h"

#include <string.h>

static const char head[] = "{\"bk\":\"";
static const char globals_head[] = "{\"bk\":\"globals\"";

static int
begins_with(const struct bk_buf *text, const char *what)
{
	size_t n = strlen(what);

	return text->len >= n && memcmp(text->data, what, n) == 0;
}

static int
take_rest(struct bk_proof_record *h, const char *name, const char *p, size_t n,
    struct bk_err *e)
{
	h->rest += n;
	if (h->keep == NULL || !begins_with(&h->text, globals_head))
		return 0;
	if (h->rest > BK_PROOF_RECORD_REST_MAX)
		return bk_fail(e, BK_DATA, "%s: damaged: a block of more than "
		    "%d MB that no TOC entry names", name,
		    BK_PROOF_RECORD_REST_MAX >> 20);
	return bk_buf_add(h->keep, p, n, e);
}

/* Read to the end of the block: text up to a newline, and the rest. */
static int
read_text(struct bk_archive *a, const char *name, struct bk_proof_record *h,
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
			if (bk_buf_add(&h->text, piece, take, e) == -1)
				return -1;
			/* what is no record is not held */
			in_text = nl == NULL &&
			    h->text.len <= BK_PROOF_RECORD_MAX;
			take += nl != NULL;
		}
		if (take < (size_t)n && take_rest(h, name, piece + take,
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
    struct bk_proof_record *h, struct bk_err *e)
{
	struct bk_buf *keep = h->keep;
	const char *kind;

	bk_proof_record_free(h);
	h->keep = keep;
	if (read_text(a, name, h, e) == -1)
		return -1;
	if (!begins_with(&h->text, head)) {
		bk_buf_free(&h->text);
		h->kind = BK_PROOF_RECORD_NONE;
		return 0;
	}
	if (h->text.len <= BK_PROOF_RECORD_MAX)
		h->json = json_loadb(h->text.data, h->text.len,
		    JSON_REJECT_DUPLICATES, NULL);
	if ((kind = bk_proof_record_string(h, "bk")) == NULL)
		return bk_fail(e, BK_DATA, "%s: damaged: a record that is no "
		    "JSON, before offset %ju", name,
		    (uintmax_t)bk_archive_offset(a));
	h->kind = kind_of(kind);
	return 0;
}

int
bk_proof_record_content(const struct bk_proof_record *h, const char *name,
    int32_t *id, struct bk_content *c, struct bk_err *e)
{
	uint64_t number;

	if (bk_proof_record_number(h, "id", &number) == -1 || number == 0 ||
	    number > INT32_MAX ||
	    bk_proof_record_number(h, h->kind == BK_PROOF_RECORD_BLOBS ?
	    "objects" : "rows", &c->rows) == -1 ||
	    bk_proof_record_number(h, "bytes", &c->bytes) == -1 ||
	    bk_proof_record_digest(h, "digest", &c->digest) == -1)
		return bk_fail(e, BK_DATA, "%s: damaged: a proof record "
		    "without numbers or digest: %.200s", name, h->text.data);
	*id = (int32_t)number;
	return 0;
}

const char *
bk_proof_record_string(const struct bk_proof_record *h, const char *key)
{
	return json_string_value(json_object_get(h->json, key));
}

int
bk_proof_record_number(const struct bk_proof_record *h, const char *key,
    uint64_t *out)
{
	const json_t *v = json_object_get(h->json, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return -1;
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

int
bk_proof_record_digest(const struct bk_proof_record *h, const char *key,
    struct bk_digest *out)
{
	const char *s = bk_proof_record_string(h, key);

	return s == NULL ? -1 : bk_digest_parse(s, out);
}

void
bk_proof_record_free(struct bk_proof_record *h)
{
	bk_buf_free(&h->text);
	json_decref(h->json);
	*h = (struct bk_proof_record){0};
}
