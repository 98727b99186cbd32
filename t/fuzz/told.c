/* bk-notify's file of what was told; a message's text, cleaned. */
#include "fuzz.h"

#include <unistd.h>

#include "base/utf8.h"
#include "notify/message.h"
#include "notify/state.h"

static void
clean(const uint8_t *p, size_t n)
{
	struct bk_buf out = {0};
	struct bk_err e = {0};
	enum bk_state state;
	size_t i, len;

	(void)bk_notify_state_parse((const char *)p, n, &state);
	CHECK(bk_notify_message_clean(&out, fuzz_text(p, n), n, &e) == 0);
	for (i = 0; i < out.len; i += len) {
		CHECK((len = bk_utf8_len(out.data + i)) > 0);
		CHECK(bk_utf8_hidden(out.data + i) == 0 ||
		    out.data[i] == '\n' || out.data[i] == '\t');
	}
	bk_buf_free(&out);
}

FUZZ(64 << 10, 400)
{
	struct bk_notify_reports past = {0};
	struct bk_err e = {0};
	struct bk_notify_told *t;
	size_t i;

	clean(p, n);
	t = bk_notify_told_open(fuzz_named("told", p, n), &past, &e);
	fuzz_agree(t == NULL ? -1 : 0, &e);
	for (i = 0; t != NULL && i < past.n; i++)
		CHECK(bk_notify_reports_find(&past, past.v[i].subject,
		    strlen(past.v[i].subject)) != NULL);
	bk_notify_told_close(t);
	bk_notify_reports_free(&past);
}
