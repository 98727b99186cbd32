#include "hidden.h"

#include <string.h>

/* Read to the end of the block: text up to a newline, the rest counted. */
static int
read_text(struct bk_archive *a, const char *name, struct bk_hidden *h,
    struct bk_err *e)
{
	char piece[4096];
	const char *nl;
	size_t take;
	ssize_t n;
	int in_text = 1;

	while ((n = bk_archive_data(a, piece, sizeof(piece), e)) > 0) {
		if (!in_text) {
			h->rest += (uint64_t)n;
			continue;
		}
		nl = memchr(piece, '\n', (size_t)n);
		take = nl == NULL ? (size_t)n : (size_t)(nl - piece);
		if (h->text.len + take > BK_HIDDEN_MAX)
			return bk_fail(e, BK_DATA, "%s: damaged: a block that "
			    "no entry names, and no record of bk-dump either",
			    name);
		if (bk_buf_add(&h->text, piece, take, e) == -1)
			return -1;
		if (nl != NULL) {
			in_text = 0;
			h->rest = (uint64_t)n - take - 1;
		}
	}
	return (int)n;
}

static enum bk_hidden_kind
kind_of(const char *s)
{
	static const char *const kinds[] = { "table", "blobs", "globals",
	    "manifest" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], s) == 0)
			break;
	return (enum bk_hidden_kind)i;
}

int
bk_hidden_read(struct bk_archive *a, const char *name, struct bk_hidden *h,
    struct bk_err *e)
{
	const char *kind;

	bk_hidden_free(h);
	if (read_text(a, name, h, e) == -1)
		return -1;
	if (h->text.data != NULL)
		h->json = json_loadb(h->text.data, h->text.len, 0, NULL);
	kind = bk_hidden_string(h, "bk");
	if (kind == NULL)
		return bk_fail(e, BK_DATA, "%s: damaged: a block that no "
		    "entry names, and no record of bk-dump either, before "
		    "offset %ju", name, (uintmax_t)bk_archive_offset(a));
	h->kind = kind_of(kind);
	return 0;
}

int
bk_hidden_content(const struct bk_hidden *h, const char *name, int32_t *id,
    struct bk_content *c, struct bk_err *e)
{
	const char *digest = bk_hidden_string(h, "digest");
	json_t *rows = json_object_get(h->json,
	    h->kind == BK_HIDDEN_BLOBS ? "objects" : "rows");
	json_t *n = json_object_get(h->json, "id");

	if (digest == NULL || bk_digest_parse(digest, &c->digest) == -1 ||
	    !json_is_integer(rows) || !json_is_integer(n) ||
	    json_integer_value(n) <= 0 || json_integer_value(n) > INT32_MAX)
		return bk_fail(e, BK_DATA, "%s: damaged: a record without "
		    "rows or digest: %.200s", name, h->text.data);
	*id = (int32_t)json_integer_value(n);
	c->rows = (uint64_t)json_integer_value(rows);
	c->bytes = bk_hidden_number(h, "bytes");
	return 0;
}

const char *
bk_hidden_string(const struct bk_hidden *h, const char *key)
{
	return json_string_value(json_object_get(h->json, key));
}

uint64_t
bk_hidden_number(const struct bk_hidden *h, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(h->json, key));
}

void
bk_hidden_free(struct bk_hidden *h)
{
	bk_buf_free(&h->text);
	json_decref(h->json);
	*h = (struct bk_hidden){0};
}
