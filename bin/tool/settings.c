#include "tool/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/envfile.h"
#include "tool/tool_options.h"

#define FILES "BK_SETTINGS"

struct taking {
	const char *row;
	struct bk_buf names;	/* set from a file, each with a ' ' after it */
};

int
settings_has(const char *row, const char *name)
{
	size_t n, len = strlen(name);

	for (row += strspn(row, " "); *row != '\0'; row += n,
	    row += strspn(row, " ")) {
		n = strcspn(row, " ");
		if (row[n - 1] == '*' ? strncmp(row, name, n - 1) == 0 :
		    n == len && strncmp(row, name, n) == 0)
			return 1;
	}
	return 0;
}

int
settings_is_secret(const char *name)
{
	static const char *const ends[] = { "PASSWORD", "PASSWD", "PASS",
	    "PASSPHRASE", "SECRET", "TOKEN", "KEY", "DATABASE_URL" };
	size_t len = strlen(name), n, i;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		n = strlen(ends[i]);
		if (len >= n && strcmp(name + len - n, ends[i]) == 0)
			return 1;
	}
	return 0;
}

/* A variable of a file, for bk_envfile_load(). */
static int
take(void *arg, const char *name, const char *value, struct bk_err *e)
{
	struct taking *t = arg;
	int is_set = t->names.data != NULL && settings_has(t->names.data, name);

	if (!(settings_has(TOOL_SETTINGS, name) ||
	    settings_has(t->row, name)) || (!is_set && getenv(name) != NULL))
		return 0;
	if (setenv(name, value, 1) == -1)
		return bk_fail_memory(e);
	return is_set ? 0 : bk_buf_printf(&t->names, e, "%s ", name);
}

static int
take_all(struct taking *t, char *files, struct bk_err *e)
{
	char *path, *save = NULL;

	for (path = strtok_r(files, ":", &save); path != NULL;
	    path = strtok_r(NULL, ":", &save)) {
		if (*path != '/')
			return bk_fail(e, BK_USAGE, FILES ": %s: not a path "
			    "from the root on", path);
		if (bk_envfile_load(path, take, t, e) == -1)
			return -1;
	}
	return 0;
}

int
settings_take(const char *row, struct bk_err *e)
{
	struct taking t = { .row = row };
	const char *value = getenv(FILES);
	char *files;
	int rc;

	if (value == NULL || *value == '\0')
		return 0;
	if ((files = strdup(value)) == NULL)
		return bk_fail_memory(e);
	rc = take_all(&t, files, e);
	free(files);
	bk_buf_free(&t.names);
	return rc;
}
