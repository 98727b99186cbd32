#include "restore/types.h"

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
