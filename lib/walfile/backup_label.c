#include "walfile/backup_label.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define NAME "backup_label"

/* What follows key at the beginning of a line; NULL: no such line. */
static const char *
value(const char *text, const char *key)
{
	size_t n = strlen(key);

	while (strncmp(text, key, n) != 0) {
		if ((text = strchr(text, '\n')) == NULL)
			return NULL;
		text++;
	}
	return text + n;
}

/* The position at s; sets *rest to what follows it.  -1: there is none. */
static int
parse_lsn(const char *s, uint64_t *lsn, const char **rest)
{
	char text[BK_LSN_TEXT];
	size_t n = strcspn(s, " \n");

	if (n >= sizeof(text))
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	*rest = s + n;
	return bk_lsn_parse(text, lsn) ? 0 : -1;
}

/* "0/2000028 (file 000000010000000000000002)" */
static int
parse_start(const char *s, struct bk_start_label *l)
{
	static const char file[] = " (file ";
	const char *rest;

	if (parse_lsn(s, &l->start, &rest) == -1 ||
	    strncmp(rest, file, strlen(file)) != 0)
		return -1;
	rest += strlen(file);
	if (strcspn(rest, ")\n") != BK_WAL_DIGITS ||
	    rest[BK_WAL_DIGITS] != ')')
		return -1;
	(void)snprintf(l->file, sizeof(l->file), "%.*s", BK_WAL_DIGITS, rest);
	return bk_wal_file_kind(l->file) == BK_WAL_FILE_SEGMENT ? 0 : -1;
}

int
bk_start_label_parse(const char *text, struct bk_start_label *l,
    struct bk_err *e)
{
	const char *start = value(text, "START WAL LOCATION: ");
	const char *from = value(text, "BACKUP FROM: ");
	const char *earlier = value(text, "INCREMENTAL FROM LSN: "), *rest;

	*l = (struct bk_start_label){0};
	l->standby = from != NULL && strncmp(from, "standby", 7) == 0;
	l->increment = earlier != NULL;
	if (earlier != NULL)
		(void)parse_lsn(earlier, &l->earlier, &rest);
	if (start == NULL || parse_start(start, l) == -1)
		return bk_fail(e, BK_DATA, NAME ": does not say where "
		    "recovery begins; this is not a base backup, or a server "
		    "was started in it");
	l->timeline = bk_wal_file_timeline(l->file);
	return 0;
}
