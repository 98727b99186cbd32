/* Shares: any sufficient set restores the key, all else is refused. */
#include "crypt/share.h"

#include <stdlib.h>

#include "tap.h"

static struct bk_identity id, other;
static struct bk_share share[BK_SHARE_MAX];

static enum bk_code
join(const struct bk_share *s, size_t n, struct bk_identity *got)
{
	struct bk_err e = {0};
	int rc = bk_share_join(s, n, got, &e);

	return rc == 0 ? BK_OK : e.code;
}

static int
gives_key(const struct bk_share *s, size_t n)
{
	struct bk_identity got;

	return join(s, n, &got) == BK_OK && memcmp(&got, &id, sizeof(id)) == 0;
}

/* All subsets of 6 shares with threshold 3. */
static void
subsets(void)
{
	struct bk_share pick[6];
	struct bk_err e = {0};
	struct bk_identity got;
	unsigned set, i;
	size_t n, wrong = 0;

	is_int(bk_share_split(&id, 3, 6, share, &e), 0, "split 3 of 6");
	for (set = 0; set < 64; set++) {
		for (n = i = 0; i < 6; i++)
			if (set >> i & 1)
				pick[n++] = share[i];
		if (n >= 3)
			wrong += !gives_key(pick, n);
		else
			wrong += join(pick, n, &got) != BK_DATA;
	}
	is_int((intmax_t)wrong, 0, "3 or more give the key, fewer are refused");
}

static void
limits(void)
{
	struct bk_err e = {0};

	ok(bk_share_split(&id, 2, 2, share, &e) == 0 && gives_key(share, 2),
	    "2 of 2");
	ok(bk_share_split(&id, 255, 255, share, &e) == 0 &&
	    gives_key(share, 255), "255 of 255");
	ok(bk_share_split(&id, 2, 255, share, &e) == 0 &&
	    gives_key(share + 253, 2), "the last two of 255");
}

static void
wrong_shares(void)
{
	struct bk_share s[4], foreign[3];
	struct bk_identity got;
	struct bk_err e = {0};
	size_t i, missed = 0;

	if (bk_share_split(&id, 3, 4, s, &e) == -1 ||
	    bk_share_split(&other, 3, 3, foreign, &e) == -1)
		return;
	for (i = 0; i < BK_KEY_LEN * 8; i++) {
		s[1].y[i / 8] ^= (uint8_t)(1 << i % 8);
		missed += join(s, 3, &got) != BK_DATA;
		s[1].y[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	is_int((intmax_t)missed, 0, "each bit of a share flipped: refused");
	s[3] = s[0];
	ok(gives_key(s, 4), "a share twice counts once");
	s[2] = s[0];
	is_int(join(s, 3, &got), BK_DATA, "and not as two");
	s[3].y[0] ^= 1;
	is_int(join(s, 4, &got), BK_DATA, "two with the same number");
	s[2] = foreign[2];
	is_int(join(s, 3, &got), BK_DATA, "shares of two keys");
	memcpy(s[2].id, s[0].id, BK_SHARE_ID);
	is_int(join(s, 3, &got), BK_DATA, "also when the id was forged");
	is_int(join(s, 0, &got), BK_DATA, "none");
	if (bk_share_split(&id, 3, 4, s, &e) == -1)
		return;
	s[0].threshold = s[1].threshold = 2;
	is_int(join(s, 2, &got), BK_DATA, "a threshold that was lowered");
}

static void
texts(void)
{
	struct bk_err e = {0};
	struct bk_share s, back;
	char text[BK_BECH32_TEXT], typo[BK_BECH32_TEXT];
	size_t i, missed = 0;

	if (bk_share_split(&id, 2, 5, share, &e) == -1)
		return;
	s = share[4];
	bk_share_format(text, &s);
	ok(bk_share_parse(&back, text, &e) == 0 &&
	    memcmp(&back, &s, sizeof(s)) == 0, "a share's text comes back");
	for (i = 0; text[i] != '\0'; i++) {
		memcpy(typo, text, sizeof(typo));
		typo[i] = typo[i] == 'Q' ? 'P' : 'Q';
		missed += bk_share_parse(&back, typo, &e) != -1;
	}
	is_int((intmax_t)missed, 0, "each letter mistyped: refused");
}

static void
too_many(void)
{
	struct bk_err e = {0};
	struct bk_shares *all = calloc(1, sizeof(*all));
	struct bk_buf lines = {0};
	char text[BK_BECH32_TEXT];
	int i;

	bk_share_format(text, &share[0]);
	for (i = 0; i < BK_SHARE_MAX + 1; i++)
		(void)bk_buf_printf(&lines, &e, "%s\n", text);
	ok(all != NULL && bk_shares_parse(all, &lines, "all", &e) == -1 &&
	    strstr(e.msg, "more than 255 shares") != NULL, "too many shares");
	bk_buf_free(&lines);
	free(all);
}

/* Fixed shares, made by this code: later versions must join them. */
static void
known_shares(void)
{
	static const char *const text[] = {
	    "BK-SHARE-1QGQHDZFKFVAFUPZFEHTWL2GYFKX6Q6NUSZ6RPT2MCEFM0P"
	    "7P3XYTEKXAMJEZC2RMX87DYTCFN30GFTAQL5JJ2R",
	    "BK-SHARE-1QGPHDZFKFVAFUPZFEHTWL2GYFKX6QLWMX8V23CT8GYU6RM"
	    "A6DNF8FAAZ6PWK7U7EGAL6QN8ZVX97PMH6TCCDL8"
	};
	static const char public[] =
	    "age1lfscnveck70ndcc2tgs7tlyathjmdz6jv7qucxhndlqvhr4u3sdqc07fx0";
	struct bk_share s[2];
	struct bk_identity got;
	struct bk_err e = {0};
	char out[BK_BECH32_TEXT] = "";

	if (bk_share_parse(&s[0], text[0], &e) == 0 &&
	    bk_share_parse(&s[1], text[1], &e) == 0 &&
	    bk_share_join(s, 2, &got, &e) == 0)
		bk_recipient_format(out, got.public);
	is_str(out, public, "shares of another day");
}

int
main(void)
{
	struct bk_err e = {0};

	if (bk_identity_make(&id, &e) == -1 ||
	    bk_identity_make(&other, &e) == -1)
		return 1;
	subsets();
	limits();
	wrong_shares();
	texts();
	too_many();
	known_shares();
	return tap_done();
}
