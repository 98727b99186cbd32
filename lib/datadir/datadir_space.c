/* Tablespaces of a data directory (datadir.h). */
#include "datadir/datadir_in.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

/* Where the tablespace that was at from goes. */
static const char *
destination(const struct bk_datadir *d, const char *from)
{
	size_t i;

	for (i = 0; i < d->o.nmap; i++)
		if (strcmp(d->o.map[i].from, from) == 0)
			return d->o.map[i].to;
	return from;
}

static struct bk_datadir_space *
new_space(struct bk_datadir *d, const char *path, const char *from,
    const char *to, struct bk_err *e)
{
	struct bk_datadir_space *s = bk_grow(d->space, d->nspaces, NULL,
	    sizeof(*s), e);

	if (s == NULL)
		return NULL;
	d->space = s;
	s = &s[d->nspaces++];
	*s = (struct bk_datadir_space){ .path = strdup(path),
	    .from = strdup(from), .to = strdup(to) };
	if (s->path == NULL || s->from == NULL || s->to == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	return s;
}

/* In delta a tablespace may have files, if the directory's link leads to it. */
static int
is_linked(const struct bk_datadir *d, const struct bk_datadir_space *s)
{
	return d->updating &&
	    bk_tree_leads(bk_tree_fd(d->tree), s->path, s->to);
}

/* The same path is announced again by the main archive: then all is done. */
static int
is_known(const struct bk_datadir *d, const char *path, const char *from)
{
	size_t i;

	for (i = 0; i < d->nspaces; i++)
		if (strcmp(d->space[i].path, path) == 0)
			return strcmp(d->space[i].from, from) == 0 ? 1 : -1;
	return 0;
}

static int
is_taken(const struct bk_datadir *d, const char *to)
{
	size_t i;

	for (i = 0; i < d->nspaces; i++)
		if (strcmp(d->space[i].to, to) == 0)
			return 1;
	return strcmp(d->o.dir, to) == 0;
}

static int
check_empty(struct bk_datadir *d, struct bk_tree *tree,
    const struct bk_datadir_space *s, struct bk_err *e)
{
	char name[256];

	if (bk_tree_first(tree, name, e) == -1)
		return -1;
	if (name[0] == '\0' || is_linked(d, s))
		return 0;
	return bk_fail(e, BK_FAIL, "%s: not empty: it contains '%s'; "
	    "choose another place for this tablespace: --map %s=DIR", s->to,
	    name, s->from);
}

int
bk_datadir_add_space(struct bk_datadir *d, const char *path,
    const char *from, struct bk_err *e)
{
	const char *to = destination(d, from);
	struct bk_tree *tree;
	struct bk_datadir_space *s;

	switch (is_known(d, path, from)) {
	case 1:
		return 0;
	case -1:
		return bk_fail(e, BK_DATA, "%s: %s: refused: a tablespace in "
		    "two places", d->name, path);
	}
	if (*to != '/')
		return bk_fail(e, BK_DATA, "%s: %s: refused: a tablespace at "
		    "'%.200s', which is not an absolute path", d->name, path,
		    to);
	if (is_taken(d, to))
		return bk_fail(e, BK_FAIL, "%s: two tablespaces in one place; "
		    "choose another for this one: --map %s=DIR", to, from);
	if ((s = new_space(d, path, from, to, e)) == NULL)
		return -1;
	if ((tree = bk_tree_open(to, e)) == NULL) {
		bk_fail_add(e, "; choose another place for this tablespace: "
		    "--map %s=DIR", from);
		return -1;
	}
	if (check_empty(d, tree, s, e) == -1) {
		bk_tree_undo(tree);
		bk_tree_free(tree);
		return -1;
	}
	return bk_tree_graft(d->tree, path, tree, e);
}

int
bk_datadir_link_space(struct bk_datadir *d, const char *path, struct bk_err *e)
{
	size_t i = 0;

	while (strcmp(d->space[i].path, path) != 0)
		i++;
	return bk_tree_symlink(d->tree, d->space[i].to, path, e);
}

/* A line of tablespace_map: "16384 /srv/ts\n", with \ before \ and newline. */
static int
add_line(struct bk_buf *map, const struct bk_datadir_space *s, struct bk_err *e)
{
	const char *p = s->to;

	if (bk_buf_printf(map, e, "%s ", strchr(s->path, '/') + 1) == -1)
		return -1;
	for (; *p != '\0'; p++)
		if ((strchr("\\\n\r", *p) != NULL &&
		    bk_buf_add(map, "\\", 1, e) == -1) ||
		    bk_buf_add(map, p, 1, e) == -1)
			return -1;
	return bk_buf_puts(map, "\n", e);
}

/* "16384 /srv/ts" */
static int
parse_line(struct bk_datadir *d, const char *p, size_t n, char path[32],
    struct bk_buf *from, struct bk_err *e)
{
	const char *end = p + n;
	size_t digits = strspn(p, "0123456789");

	from->len = 0;
	if (digits == 0 || digits > 10 || p[digits] != ' ')
		return bk_fail(e, BK_DATA, "%s: " BK_TABLESPACE_MAP
		    ": damaged", d->name);
	memcpy(path, BK_SPACES, sizeof(BK_SPACES) - 1);
	memcpy(path + sizeof(BK_SPACES) - 1, p, digits);
	path[sizeof(BK_SPACES) - 1 + digits] = '\0';
	for (p += digits + 1; p < end; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		if (bk_buf_add(from, p, 1, e) == -1)
			return -1;
	}
	return from->len > 0 ? 0 : bk_fail(e, BK_DATA, "%s: "
	    BK_TABLESPACE_MAP ": damaged", d->name);
}

int
bk_datadir_each_space(struct bk_datadir *d, const struct bk_buf *map,
    int (*each)(struct bk_datadir *d, const char *path, const char *from,
    struct bk_err *e), struct bk_err *e)
{
	const char *line = map->data, *end;
	struct bk_buf from = {0};
	char path[32];
	int rc = 0;

	for (; rc == 0 && line != NULL && *line != '\0';
	    line = end + (*end == '\n')) {
		for (end = line; *end != '\0' && *end != '\n'; end++)
			if (*end == '\\' && end[1] != '\0')
				end++;
		rc = parse_line(d, line, (size_t)(end - line), path, &from,
		    e);
		if (rc == 0)
			rc = each(d, path, from.data, e);
	}
	bk_buf_free(&from);
	return rc;
}

/* The map is of the tablespaces that came. */
static int
check_known(struct bk_datadir *d, const char *path, const char *from,
    struct bk_err *e)
{
	switch (is_known(d, path, from)) {
	case 1:
		return 0;
	case -1:
		return bk_fail(e, BK_DATA, "%s: %s: refused: a tablespace in "
		    "two places", d->name, path);
	}
	return bk_fail(e, BK_DATA, "%s: %s: the map has this tablespace, the "
	    "stream does not; make the backup with bk-base, which puts all "
	    "into one", d->name, path);
}

int
bk_datadir_link_spaces(struct bk_datadir *d, struct bk_err *e)
{
	struct bk_buf map = {0};
	size_t i;
	int rc = 0;

	if (d->o.in_place)
		return 0;
	if (bk_datadir_each_space(d, &d->map, check_known, e) == -1)
		return -1;
	for (i = 0; rc == 0 && i < d->nspaces; i++)
		if (add_line(&map, &d->space[i], e) == -1 ||
		    bk_datadir_link_space(d, d->space[i].path, e) == -1)
			rc = -1;
	if (rc == 0 && d->nspaces > 0)
		rc = bk_datadir_put(d, BK_TABLESPACE_MAP, map.data, map.len, e);
	bk_buf_free(&map);
	return rc;
}
