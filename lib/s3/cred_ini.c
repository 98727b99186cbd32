#include "s3/cred_ini.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"

#define FILE_MAX (1024 * 1024)
#define BLANKS " \t\r\f\v"

/* A setting; an empty key only records that its section exists. */
struct entry {
	struct entry *next;	/* the one read before it */
	char *section;		/* "profile shop", "services x" */
	char *key;		/* "region", "s3.addressing_style" */
	struct bk_buf value;
};

struct bk_ini {
	struct entry *last;	/* so that the last is found first */
};

/* The parser's position in a file. */
struct place {
	struct bk_ini *ini;
	const char *path;
	int line;
	int is_config;
	char *section;		/* NULL: before the first, or one to skip */
	struct entry *open;	/* what an indented line continues, or NULL */
	size_t indent;		/* of that setting */
	const char *parent;	/* its key: borrowed from an entry */
};

static int
refuse(const struct place *p, const char *reason, struct bk_err *e)
{
	return bk_fail(e, BK_USAGE, "%s: line %d: %s", p->path, p->line,
	    reason);
}

static void
free_entry(struct entry *n)
{
	free(n->section);
	free(n->key);
	bk_buf_free(&n->value);
	free(n);
}

/* Add parent.key, or key; *made borrowed from ini. */
static int
add(struct place *p, const char *parent, const char *key, const char *value,
    struct entry **made, struct bk_err *e)
{
	struct bk_buf full = {0};
	struct entry *n = calloc(1, sizeof(*n));
	char *s;

	if (n == NULL)
		return bk_fail_memory(e);
	if ((n->section = strdup(p->section)) == NULL) {
		free_entry(n);
		return bk_fail_memory(e);
	}
	if ((parent != NULL && bk_buf_printf(&full, e, "%s.", parent) == -1) ||
	    bk_buf_puts(&full, key, e) == -1 ||
	    bk_buf_puts(&n->value, value, e) == -1) {
		bk_buf_free(&full);
		free_entry(n);
		return -1;
	}
	for (s = full.data; *s != '\0'; s++)	/* the SDKs do so */
		*s = (char)tolower((unsigned char)*s);
	n->key = full.data;
	n->next = p->ini->last;
	p->ini->last = n;
	*made = n;
	return 0;
}

/* Strip blanks from both ends of s, in place. */
static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, BLANKS);
	for (n = strlen(s); n > 0 && strchr(BLANKS, s[n - 1]) != NULL; n--)
		;
	s[n] = '\0';
	return s;
}

/* The kind of a section of config by its first word, of n bytes. */
static const char *
section_kind(const char *word, size_t n)
{
	static const char *const kinds[] = { "profile ", "services ",
	    "sso-session " };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i]) == n + 1 &&
		    strncmp(word, kinds[i], n) == 0)
			return kinds[i];
	return "other ";
}

/*
 * [name].  In config a profile is "[profile x]", but "[default]" needs no
 * prefix; other sections there keep their names, so that they are not mistaken
 * for profiles.
 */
static int
read_section(struct place *p, char *s, struct bk_err *e)
{
	struct bk_buf b = {0};
	struct entry *made;
	char *end = strchr(s, ']'), *name;
	const char *kind = "profile ";
	size_t n;

	if (end == NULL)
		return refuse(p, "a '[' without its ']'", e);
	*end = '\0';
	name = trim(s + 1);
	if (p->is_config && strcmp(name, "default") != 0) {
		n = strcspn(name, BLANKS);
		kind = section_kind(name, n);
		if (*kind != 'o')
			name = trim(name + n);
	}
	n = strlen(name);
	if (n > 1 && *name == '"' && name[n - 1] == '"') {
		name[n - 1] = '\0';
		name++;
	}
	if (*name == '\0')
		return refuse(p, "a section without a name", e);
	if (bk_buf_puts(&b, kind, e) == -1 || bk_buf_puts(&b, name, e) == -1) {
		bk_buf_free(&b);
		return -1;
	}
	free(p->section);
	p->section = b.data;
	p->open = NULL;
	return add(p, NULL, "", "", &made, e);
}

static int
read_setting(struct place *p, char *s, size_t indent, struct bk_err *e)
{
	char *eq = strchr(s, '=');
	int sub = p->open != NULL && indent > p->indent;

	if (sub && p->open->value.len > 0 && p->parent == NULL)
		return bk_buf_printf(&p->open->value, e, " %s", trim(s));
	if (p->section == NULL)
		return refuse(p, "a setting before the first [profile]", e);
	if (eq == NULL)
		return refuse(p, "neither a [profile] nor a setting 'name = "
		    "value'", e);
	*eq = '\0';
	s = trim(s);
	if (*s == '\0')
		return refuse(p, "a value without a name", e);
	if (!sub) {
		p->indent = indent;
		p->parent = NULL;
		return add(p, NULL, s, trim(eq + 1), &p->open, e);
	}
	if (p->parent == NULL)
		p->parent = p->open->key;
	return add(p, p->parent, s, trim(eq + 1), &p->open, e);
}

static int
read_lines(struct place *p, char *text, struct bk_err *e)
{
	char *s, *next;
	size_t indent;
	int rc = 0;

	for (s = text; rc == 0 && s != NULL && *s != '\0'; s = next) {
		if ((next = strchr(s, '\n')) != NULL)
			*next++ = '\0';
		p->line++;
		indent = strspn(s, BLANKS);
		s += indent;
		if (*s == '\0' || *s == '#' || *s == ';')
			continue;
		if (*s == '[' && !(p->open != NULL && indent > p->indent))
			rc = read_section(p, s, e);
		else
			rc = read_setting(p, s, indent, e);
	}
	return rc;
}

static int
read_file(struct bk_ini *ini, const char *path, int is_config,
    struct bk_err *e)
{
	struct place p = { .ini = ini, .path = path, .is_config = is_config };
	struct bk_buf text = {0};
	struct stat st;
	int rc = -1;

	if (path == NULL ||
	    (stat(path, &st) == -1 && (errno == ENOENT || errno == ENOTDIR)))
		return 0;
	if (bk_io_slurp(path, FILE_MAX, &text, e) == -1)
		goto done;
	if (text.len > 0 && strlen(text.data) != text.len) {
		bk_fail(e, BK_USAGE, "%s: a NUL byte; not a settings "
		    "file", path);
		goto done;
	}
	/* skip the byte order mark of Windows editors */
	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		memset(text.data, ' ', 3);
	rc = text.len == 0 ? 0 : read_lines(&p, text.data, e);
 done:
	bk_buf_free(&text);
	free(p.section);
	return rc;
}

struct bk_ini *
bk_ini_load(const char *credentials, const char *config, struct bk_err *e)
{
	struct bk_ini *ini = calloc(1, sizeof(*ini));

	if (ini == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	if (read_file(ini, config, 1, e) == -1 ||
	    read_file(ini, credentials, 0, e) == -1) {
		bk_ini_free(ini);
		return NULL;
	}
	return ini;
}

static const struct entry *
find(const struct bk_ini *ini, const char *kind, const char *name,
    const char *key)
{
	const struct entry *n;
	size_t len = strlen(kind);

	for (n = ini->last; n != NULL; n = n->next)
		if (strncmp(n->section, kind, len) == 0 &&
		    strcmp(n->section + len, name) == 0 &&
		    strcmp(n->key, key) == 0)
			break;
	return n;
}

const char *
bk_ini_get(const struct bk_ini *ini, const char *profile, const char *key)
{
	const struct entry *n = find(ini, "profile ", profile, key);

	return n == NULL || n->value.len == 0 ? NULL : n->value.data;
}

const char *
bk_ini_service(const struct bk_ini *ini, const char *services,
    const char *key)
{
	const struct entry *n = find(ini, "services ", services, key);

	return n == NULL || n->value.len == 0 ? NULL : n->value.data;
}

const char *
bk_ini_sso(const struct bk_ini *ini, const char *session, const char *key)
{
	const struct entry *n = find(ini, "sso-session ", session, key);

	return n == NULL || n->value.len == 0 ? NULL : n->value.data;
}

int
bk_ini_has(const struct bk_ini *ini, const char *profile)
{
	return find(ini, "profile ", profile, "") != NULL;
}

void
bk_ini_free(struct bk_ini *ini)
{
	struct entry *n;

	if (ini == NULL)
		return;
	while ((n = ini->last) != NULL) {
		ini->last = n->next;
		free_entry(n);
	}
	free(ini);
}
