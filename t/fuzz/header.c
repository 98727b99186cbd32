/* The header of an encrypted stream: what is parsed is printed the same. */
#include "fuzz.h"

#include "crypt/header.h"
#include "crypt/wrap.h"

static void
print_again(const struct bk_header *h, struct bk_buf *b)
{
	const char *line = memchr(h->text.data, '\n', h->text.len);
	const struct bk_stanza *s;
	struct bk_buf args = {0};
	struct bk_err e = {0};
	size_t i, k;

	CHECK(bk_buf_add(b, h->text.data, (size_t)(line - h->text.data) + 1,
	    &e) == 0);
	for (i = 0; i < h->nstanzas; i++) {
		s = &h->stanza[i];
		args.len = 0;
		for (k = 0; k < s->nargs && k < BK_HEADER_ARGS; k++)
			CHECK(bk_buf_printf(&args, &e, "%s%s", k > 0 ? " " : "",
			    s->arg[k]) == 0);
		CHECK(bk_header_stanza(b, args.data, s->body, s->body_len,
		    &e) == 0);
	}
	CHECK(bk_buf_puts(b, "---", &e) == 0);
	bk_buf_free(&args);
}

static int
has_more_arguments(const struct bk_header *h)
{
	size_t i;

	for (i = 0; i < h->nstanzas; i++)
		if (h->stanza[i].nargs > BK_HEADER_ARGS)
			return 1;
	return 0;
}

FUZZ(8 << 10, 32)
{
	struct bk_header h = {0};
	struct bk_err e = {0}, ignored = {0};
	struct bk_buf again = {0};
	int rc = bk_header_parse(&h, (const char *)p, n, &e);

	fuzz_agree(rc, &e);
	if (rc == 0) {
		CHECK(h.text.len == n && memcmp(h.text.data, p, n) == 0);
		CHECK(h.nstanzas > 0 && h.mac_covers < n);
		(void)bk_wrap_check(&h, &ignored);
		if (!has_more_arguments(&h)) {
			print_again(&h, &again);
			CHECK(again.len == h.mac_covers &&
			    memcmp(again.data, p, again.len) == 0);
		}
	}
	bk_buf_free(&again);
	bk_header_free(&h);
}
