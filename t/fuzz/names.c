/*
 * Names and the ways in which they are written: each is read back as it was.
 * The input is one string.
 */
#include "fuzz.h"

#include <strings.h>

#include <ctype.h>
#include <jansson.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/percent.h"
#include "base/redact.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "json/json_write.h"
#include "listing/stamp.h"
#include "listing/template.h"
#include "policy/group.h"
#include "policy/series.h"
#include "s3/address.h"
#include "s3/url.h"

static struct bk_err e;

static int
is_plain(unsigned char c)
{
	return isalnum(c) || c == '.';
}

/* There and back by percent, by JSON, by S3's encoding. */
static void
round_trips(const char *s)
{
	struct bk_buf b[3] = {{0}};
	json_t *v;
	size_t i;

	CHECK(bk_percent_encode(&b[0], s, is_plain, &e) == 0);
	CHECK(b[0].data == NULL || bk_percent_decode(b[0].data) == 0);
	CHECK(strcmp(b[0].data == NULL ? "" : b[0].data, s) == 0);
	CHECK(bk_json_string(&b[1], s, &e) == 0);
	CHECK((v = json_loads(b[1].data, JSON_DECODE_ANY, NULL)) != NULL);
	for (i = 0; s[i] != '\0' && bk_utf8_len(s + i) > 0;
	    i += bk_utf8_len(s + i))
		continue;
	CHECK(s[i] != '\0' || strcmp(json_string_value(v), s) == 0);
	json_decref(v);
	CHECK(bk_s3_escape(&b[2], s, 0, &e) == 0);
	CHECK(b[2].data == NULL || bk_s3_unescape(b[2].data) == 0);
	CHECK(strcmp(b[2].data == NULL ? "" : b[2].data, s) == 0);
	for (i = 0; i < 3; i++)
		bk_buf_free(&b[i]);
}

static void
decode(const char *s, size_t n)
{
	uint8_t *bytes = malloc(n / 4 * 3 + 2);
	char *text = malloc(n + 3), *copy = strdup(s), *out = malloc(4 * n + 9);
	ssize_t len;

	CHECK(bytes != NULL && text != NULL && copy != NULL && out != NULL);
	if ((len = bk_base64_decode(bytes, s, n)) != -1) {
		bk_base64_encode(text, bytes, (size_t)len);
		CHECK(strcmp(text, s) == 0);
	}
	if (n % 2 == 0 && bk_hex_bytes(s, n / 2, bytes) == 0) {
		bk_hex(bytes, n / 2, text);
		CHECK(strcasecmp(text, s) == 0);
	}
	bk_utf8_clean(copy, n);
	CHECK(strlen(copy) == n && strchr(copy, '\n') == NULL &&
	    strchr(copy, '\033') == NULL);
	bk_redact(s, out, 4 * n + 9);
	bk_redact_word(s, out, 1 + fuzz_pick(n + 9));
	free(bytes);
	free(text);
	free(copy);
	free(out);
}

static void
as_name(const char *s)
{
	const struct bk_template_vars v = { s, s, "daily", s,
	    1795353255 };
	struct bk_buf b = {0}, key = {0};
	struct bk_err why = {0};
	struct bk_stamp stamp;

	fuzz_agree(bk_template_expand(s, &v, &b, &why), &why);
	b.len = 0;
	if (*s != '\0') {
		CHECK(bk_template_expand("{db}/x", &v, &b, &e) == 0);
		/* a value is no way to another directory */
		CHECK(strchr(b.data, '/') == b.data + b.len - 2);
		CHECK(*b.data != '.');
	}
	if (bk_stamp_find(s, &stamp))
		CHECK(stamp.at + stamp.len <= strlen(s) &&
		    stamp.time_at + stamp.time_len <= strlen(s));
	(void)bk_group_of(NULL, s, &key, &e);
	CHECK(bk_series_of(s, &key, &e) == 0);
	CHECK(bk_series_name(s, &key, &e) == 0);
	why = (struct bk_err){0};
	if (bk_group_check(s, &why) == 0)
		(void)bk_group_of(s, "s3://b/shop/daily/shop-20261121T021503Z",
		    &key, &why);
	bk_buf_free(&b);
	bk_buf_free(&key);
}

static void
as_url(const char *s)
{
	struct bk_s3_settings set = { .endpoint = s, .path_style = -1 };
	struct bk_s3_address a = {0};
	struct bk_s3_url u = {0};
	struct bk_err why = {0};

	if (bk_s3_url_parse(s, &u, &why) == 0) {
		CHECK(strlen(u.place) + strlen(u.key) + 1 >= strlen(s));
		(void)bk_s3_url_cut_version(&u);
	}
	bk_s3_url_free(&u);
	why = (struct bk_err){0};
	if (bk_s3_address_make(&a, &set, "eu-north-1", "shop", &why) == 0)
		CHECK(strncmp(a.origin, "http", 4) == 0 &&
		    strpbrk(a.host, "/@? \r\n") == NULL);
	bk_s3_address_free(&a);
}

FUZZ(16 << 10, 80)
{
	const char *s = fuzz_text(p, n);

	e = (struct bk_err){0};
	round_trips(s);
	decode(s, strlen(s));
	as_name(s);
	as_url(s);
}
