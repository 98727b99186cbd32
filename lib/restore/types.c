#include "restore/types.h"

#include <inttypes.h>

int
bk_restore_name(const struct bk_restore_table *t, struct bk_buf *out,
    struct bk_err *e)
{
	if (t->blobs)
		return bk_buf_puts(out, "large objects", e);
	if (bk_buf_puts(out, "table ", e) == -1)
		return -1;
	return bk_conn_qualified(out, t->te->schema,
	    t->te->tag == NULL ? "" : t->te->tag, e);
}

int
bk_restore_taken(const struct bk_restore_table *t, struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_err ignored = {0};

	if (t->blobs || t->skip || t->failed || t->loaded == t->seen.rows)
		return 0;
	(void)bk_restore_name(t, &name, &ignored);
	bk_fail(e, BK_FAIL, "%s: the server took %" PRIu64 " of %" PRIu64
	    " rows; a trigger or rule on the target discards them",
	    name.data == NULL ? "" : name.data, t->loaded, t->seen.rows);
	bk_buf_free(&name);
	return -1;
}
