#include "walfile/wal_page.h"

#include <string.h>

void
bk_wal_page_read(const void *p, size_t n, struct bk_wal_page *h)
{
	const uint8_t *b = p;

	*h = (struct bk_wal_page){ .header = BK_WAL_PAGE_SHORT };
	memcpy(&h->magic, b, 2);
	memcpy(&h->flags, b + 2, 2);
	memcpy(&h->timeline, b + 4, 4);
	memcpy(&h->at, b + 8, 8);
	memcpy(&h->rest, b + 16, 4);
	if ((h->flags & BK_WAL_PAGE_IS_LONG) == 0)
		return;
	h->header = BK_WAL_PAGE_LONG;
	if (n < BK_WAL_PAGE_LONG)
		return;
	memcpy(&h->sysid, b + 24, 8);
	memcpy(&h->segment, b + 32, 4);
	memcpy(&h->size, b + 36, 4);
}
