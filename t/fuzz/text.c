/*
 * Numbers, sizes, durations, times, positions, digests, recovery targets as
 * people and programs write them: what is read, printed, reads the same.
 */
#include "fuzz.h"

#include "archive/digest.h"
#include "base/num.h"
#include "base/utctime.h"
#include "recovery/recovery_target.h"
#include "s3/parts.h"
#include "stream/seal.h"

static void
numbers(const char *s)
{
	struct bk_err e[4] = {{0}}, again = {0};
	uint64_t v, w;
	char text[BK_NUM_TEXT], lsn[BK_LSN_TEXT];

	fuzz_agree(bk_num_parse(s, 5, 500, "n", &v, &e[0]), &e[0]);
	CHECK(e[0].code != BK_OK || (v >= 5 && v <= 500));
	fuzz_agree(bk_size_parse(s, "size", &v, &e[1]), &e[1]);
	fuzz_agree(bk_fraction_parse(s, 90, "share", &v, &e[2]), &e[2]);
	CHECK(e[2].code != BK_OK || v <= 90);
	fuzz_agree(bk_duration_parse(s, "time", &v, &e[3]), &e[3]);
	if (e[3].code == BK_OK) {
		bk_duration_exact(v, text);
		CHECK(bk_duration_parse(text, "time", &w, &again) == 0 &&
		    v == w);
		bk_duration_format(v, text);
	}
	if (bk_lsn_parse(s, &v)) {
		bk_lsn_format(v, lsn);
		CHECK(bk_lsn_parse(lsn, &w) && v == w);
	}
}

static void
times(const char *s)
{
	struct bk_moment m;
	struct bk_err e[2] = {{0}};
	char text[BK_UTCTIME_TEXT];
	time_t t, again;
	int rc;

	if (bk_utctime_parse(s, strlen(s), &t) == 0) {
		bk_utctime_format(t, text);
		CHECK(*text == '\0' || (bk_utctime_parse(text, strlen(text),
		    &again) == 0 && t == again));
	}
	rc = bk_moment_parse(s, "time", localtime_r, 0, &m, &e[0]);
	fuzz_agree(rc, &e[0]);
	CHECK(rc == -1 || m.micros < 1000000);
	fuzz_agree(bk_moment_parse(s, "time", localtime_r, 1, &m, &e[1]),
	    &e[1]);
}

static void
targets(const char *s)
{
	struct bk_recovery_target t;
	struct bk_err e = {0};
	struct bk_buf b = {0};
	char text[BK_TARGET_TIME_TEXT];
	int rc = bk_recovery_target_parse(s, &t, &e);

	fuzz_agree(rc, &e);
	if (rc == 0) {
		CHECK(bk_recovery_target_describe(&t, &b, &e) == 0);
		CHECK(t.kind != BK_TARGET_NAME || *t.name != '\0');
		if (t.kind == BK_TARGET_TIME)
			bk_recovery_target_time(t.time, text);
	}
	bk_buf_free(&b);
}

static void
marks(const char *s)
{
	struct bk_s3_parts parts, again;
	struct bk_digest d;
	struct bk_seal seal;
	char text[BK_S3_PARTS_TEXT], hex[BK_DIGEST_TEXT],
	    mark[BK_SEAL_OPENING];
	ptrdiff_t n = bk_seal_read(&seal, s, strlen(s));

	if (n > 0) {
		CHECK(bk_seal_open(&seal, mark) == (size_t)n);
		CHECK(memcmp(mark, s, (size_t)n) == 0);
	}
	if (bk_digest_parse(s, &d) == 0) {
		bk_digest_format(&d, hex);
		CHECK(strcmp(hex, s) == 0);
	}
	if (bk_s3_parts_parse(s, &parts) == 0) {
		CHECK(parts.size > 0 && parts.step > 0);
		bk_s3_parts_format(&parts, text);
		CHECK(bk_s3_parts_parse(text, &again) == 0 &&
		    again.size == parts.size && again.step == parts.step);
		(void)bk_s3_part_size(&parts, 1 + (unsigned)fuzz_pick(10000));
	}
}

FUZZ(16 << 10, 16)
{
	const char *s = fuzz_text(p, n);

	numbers(s);
	times(s);
	targets(s);
	marks(s);
}
