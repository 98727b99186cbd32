/* Timeline history files: printed again they parse the same. */
#include "fuzz.h"

#include "base/num.h"
#include "walfile/history.h"

#define NAME "0000000F.history"

FUZZ(4 << 10, 16)
{
	struct bk_wal_history h = {0}, again = {0};
	char lsn[BK_LSN_TEXT];
	struct bk_err e = {0};
	struct bk_buf b = {0};
	uint64_t end;
	size_t i;
	int rc = bk_wal_history_parse(NAME, (const char *)p, n, &h, &e);

	fuzz_agree(rc, &e);
	if (rc == 0) {
		CHECK(h.timeline == 15 && h.n < 15);
		for (i = 0; i < h.n; i++) {
			CHECK(h.v[i].timeline < h.timeline);
			CHECK(i == 0 || h.v[i].timeline > h.v[i - 1].timeline);
			CHECK(bk_wal_history_end(&h, h.v[i].timeline, &end) ==
			    1 && end == h.v[i].lsn);
			bk_lsn_format(h.v[i].lsn, lsn);
			CHECK(bk_buf_printf(&b, &e, "%u\t%s\tx\n",
			    h.v[i].timeline, lsn) == 0);
		}
		CHECK(bk_wal_history_end(&h, 15, &end) == 0);
		(void)bk_wal_history_owner(&h, fuzz_pick(SIZE_MAX));
		if (b.len > 0) {
			CHECK(bk_wal_history_parse(NAME, b.data, b.len, &again,
			    &e) == 0);
			CHECK(again.n == h.n);
			for (i = 0; i < h.n; i++)
				CHECK(again.v[i].timeline == h.v[i].timeline &&
				    again.v[i].lsn == h.v[i].lsn);
		}
	}
	bk_buf_free(&b);
	bk_wal_history_free(&again);
	bk_wal_history_free(&h);
}
