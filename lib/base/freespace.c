#include "base/freespace.h"

#include <sys/statvfs.h>

#include <string.h>

#include "base/num.h"

int
bk_freespace_parse(const char *s, const char *label, struct bk_freespace *least,
    struct bk_err *e)
{
	size_t n = strlen(s);
	uint64_t percent = 0;

	*least = (struct bk_freespace){0};
	/* 20 is more likely a share than so many bytes */
	if (n > 0 && strspn(s, "0123456789") == n && strcmp(s, "0") != 0)
		return bk_fail(e, BK_USAGE, "%s: '%s' has no unit; write it as "
		    "20%%, 20pc or 20G", label, s);
	if (n == 0 || (s[n - 1] != '%' && s[n - 1] != 'c'))
		return bk_size_parse(s, label, &least->bytes, e);
	if (bk_fraction_parse(s, 100, label, &percent, e) == -1)
		return -1;
	least->percent = (unsigned)percent;
	return 0;
}

int
bk_freespace_check(int fd, const struct bk_freespace *least, const char *name,
    struct bk_err *e)
{
	char have[BK_NUM_TEXT], want[BK_NUM_TEXT];
	struct statvfs v;
	long double free_bytes, all;

	if (least->percent == 0 && least->bytes == 0)
		return 0;
	if (fstatvfs(fd, &v) == -1)
		return bk_fail_errno(e, "%s: statvfs", name);
	/* long double: blocks times their size may be more than 64 bits */
	free_bytes = (long double)v.f_bavail * v.f_frsize;
	all = (long double)(v.f_blocks - v.f_bfree) * v.f_frsize + free_bytes;
	bk_size_format(free_bytes < UINT64_MAX ? (uint64_t)free_bytes :
	    UINT64_MAX, have);
	if (least->percent > 0 && free_bytes * 100 < all * least->percent)
		return bk_fail(e, BK_FAIL,
		    "%s: %s (%d%%) free, less than %u%%; "
		    "make room",
		    name, have, all > 0 ? (int)(free_bytes * 100 / all) : 0,
		    least->percent);
	bk_size_format(least->bytes, want);
	if (free_bytes < least->bytes)
		return bk_fail(e, BK_FAIL, "%s: %s free, less than %s; make "
		    "room", name, have, want);
	return 0;
}
