/* The messages of streamed WAL: each is a length of 2 bytes and its bytes. */
#include "fuzz.h"

#include "replication/wal_stream.h"
#include "support/answers.h"

FUZZ(8 << 10, 4)
{
	struct bk_stream_message m;
	struct bk_err e = {0};
	size_t len;
	int rc;

	answers_are(p, n);
	do {
		rc = bk_stream_read(NULL, &m, &e);
		fuzz_agree(rc, &e);
		if (rc == 0 && m.kind == BK_STREAM_WAL) {
			len = m.len;
			/* the data is within the message */
			while (len-- > 0)
				CHECK(m.data[len] <= 255);
		}
		bk_stream_free(&m);
	} while (rc == 0 && m.kind != BK_STREAM_ENDED && answers_left() > 0);
	answers_are(NULL, 0);
}
