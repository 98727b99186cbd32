#include "basebackup/base_pages.h"

#include <stdio.h>
#include <string.h>

#define MORE ", ..."

static void
add(struct bk_base_pages *p, const char *file, size_t n, const char *block)
{
	size_t digits = strspn(block, "0123456789");
	char item[300];
	int len = snprintf(item, sizeof(item), "%s%.*s block %.*s",
	    p->len == 0 ? "" : ", ", (int)n, file, (int)digits, block);

	p->count++;
	if (len < 0 || (size_t)len >= sizeof(item) ||
	    p->len + (size_t)len + sizeof(MORE) > sizeof(p->text)) {
		/* no more after this one */
		if (p->len < sizeof(p->text) - sizeof(MORE))
			(void)snprintf(p->text + p->len, sizeof(MORE), MORE);
		p->len = sizeof(p->text) - 1;
		return;
	}
	memcpy(p->text + p->len, item, (size_t)len + 1);
	p->len += (size_t)len;
}

/* The path of a relation's file in s, and its length; NULL: none. */
static const char *
find_path(const char *s, size_t *n)
{
	static const char *const roots[] = { "base/", "global/",
	    "pg_tblspc/" };
	const char *p;
	size_t i;

	for (i = 0; i < sizeof(roots) / sizeof(*roots); i++)
		if ((p = strstr(s, roots[i])) != NULL) {
			*n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789_./");
			return p;
		}
	return NULL;
}

/*
 * 'checksum verification failed in file "./base/5/1234", block 3: calculated
 * 1F2E but expected 3D4C', in the server's language, which only a superuser may
 * choose: a relation's file, a number, and a colon after it.  Without the
 * colon it is how many a file has.
 */
int
bk_base_pages_note(struct bk_base_pages *p, const char *message)
{
	const char *path, *block;
	size_t n;

	if ((path = find_path(message, &n)) == NULL)
		return 0;
	block = path + n + strcspn(path + n, "0123456789");
	if (*block == '\0' || strchr(block, ':') == NULL)
		return 0;
	add(p, path, n, block);
	return 1;
}

static void
receive(void *ctx, const PGresult *res)
{
	struct bk_base_pages *p = ctx;
	const char *message = PQresultErrorField(res,
	    PG_DIAG_MESSAGE_PRIMARY);
	const char *severity = PQresultErrorField(res,
	    PG_DIAG_SEVERITY_NONLOCALIZED);

	if (message == NULL || severity == NULL ||
	    bk_base_pages_note(p, message) || find_path(message,
	    &(size_t){0}) != NULL)
		return;
	/* their number comes after the pages */
	if (p->say != NULL && p->count == 0 &&
	    strcmp(severity, "WARNING") == 0)
		p->say(message);
}

void
bk_base_pages_watch(PGconn *conn, struct bk_base_pages *p)
{
	(void)PQsetNoticeReceiver(conn, receive, p);
}
