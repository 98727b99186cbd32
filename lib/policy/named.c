#include "policy/named.h"

#include <string.h>

#include "base/percent.h"
#include "listing/stamp.h"
#include "policy/series.h"

int
bk_name_has(const char *name, const char *word)
{
	static const char part[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	const size_t n = strlen(word);
	const char *p = name;

	for (; n > 0 && (p = strstr(p, word)) != NULL; p++)
		if ((p == name || strchr(part, p[-1]) == NULL) &&
		    (p[n] == '\0' || strchr(part, p[n]) == NULL))
			return 1;
	return 0;
}

int
bk_name_denies(const char *pattern, const char *name, const char *database,
    time_t at, struct bk_err *e)
{
	struct bk_buf owner = {0};
	struct bk_stamp stamp;
	int rc, dated = bk_stamp_find(name, &stamp);

	if (at != 0 && dated && stamp.time != at)
		return 1;
	/* an id says nothing */
	if (database == NULL || bk_name_has(name, database) ||
	    (!dated && strpbrk(name, "/.") == NULL))
		return 0;
	rc = bk_series_owner(pattern, name, &owner, e);
	/* that of a name that is only a time is made up */
	if (rc == 1 && !bk_name_has(name, owner.data))
		rc = 0;
	/* as a template writes it */
	if (rc == 1 && (strcmp(owner.data, database) == 0 ||
	    (bk_percent_decode(owner.data) == 0 &&
	    strcmp(owner.data, database) == 0)))
		rc = 0;
	bk_buf_free(&owner);
	return rc;
}
