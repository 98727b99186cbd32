#include "verify/check.h"

#include <string.h>

#include "archive/tar.h"

/* 1 if head begins a script: after comments and psql commands only. */
static int
is_script(const char *head, size_t n)
{
	static const char *const titles[] = {
		"-- PostgreSQL database dump\n",
		"-- PostgreSQL database cluster dump\n",
	};
	const char *line = head, *end = head + n, *nl;
	size_t i, len;

	for (; line < end && (nl = memchr(line, '\n', (size_t)(end - line))) !=
	    NULL; line = nl + 1) {
		len = (size_t)(nl - line) + 1;
		for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
			if (len == strlen(titles[i]) &&
			    memcmp(line, titles[i], len) == 0)
				return 1;
		if (line[0] != '-' && line[0] != '\n' && line[0] != '\\')
			return 0;
	}
	return 0;
}

enum bk_check_kind
bk_check_recognise(const void *head, size_t n)
{
	if (n >= 5 && memcmp(head, "PGDMP", 5) == 0)
		return BK_CHECK_ARCHIVE;
	if (bk_tar_recognise(head, n))
		return BK_CHECK_BASE;
	return is_script(head, n) ? BK_CHECK_SQL : BK_CHECK_UNKNOWN;
}
