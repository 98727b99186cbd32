#include "recovery/start_label.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define NAME "backup_label"
#define DIGITS 24		/* of a segment's name */

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

/* "0/2000028 (file 000000010000000000000002)" */
static int
parse_start(const char *s, struct bk_start_label *l)
{
	char lsn[BK_LSN_TEXT];
	size_t n = strcspn(s, " \n");

	if (n >= sizeof(lsn) || strncmp(s + n, " (file ", 7) != 0)
		return -1;
	(void)snprintf(lsn, sizeof(lsn), "%.*s", (int)n, s);
	s += n + 7;
	if (!bk_lsn_parse(lsn, &l->start) || strcspn(s, ")\n") != DIGITS ||
	    s[DIGITS] != ')')
		return -1;
	(void)snprintf(l->file, sizeof(l->file), "%.*s", DIGITS, s);
	return bk_wal_file_kind(l->file) == BK_WAL_FILE_SEGMENT ? 0 : -1;
}

int
bk_start_label_parse(const char *text, struct bk_start_label *l,
    struct bk_err *e)
{
	const char *start = value(text, "START WAL LOCATION: ");
	const char *from = value(text, "BACKUP FROM: ");

	*l = (struct bk_start_label){0};
	if (start == NULL || parse_start(start, l) == -1)
		return bk_fail(e, BK_DATA, NAME ": does not say where "
		    "recovery begins; this is no base backup, or one that was "
		    "started already");
	l->timeline = bk_wal_file_timeline(l->file);
	l->standby = from != NULL && strncmp(from, "standby", 7) == 0;
	l->increment = value(text, "INCREMENTAL FROM LSN: ") != NULL;
	return 0;
}
