#include "base/redact.h"

#include <ctype.h>
#include <string.h>

#include "base/hex.h"

#define NAME 128		/* bytes of a name that are compared */

struct output {
	char *text;
	size_t len, cap;
};

static void
put(struct output *out, const char *s, size_t n)
{
	if (n > out->cap - 1 - out->len)
		n = out->cap - 1 - out->len;
	memcpy(out->text + out->len, s, n);
	out->len += n;
	out->text[out->len] = '\0';
}

/*
 * The decoded character at s, its encoded length in *n: "=", "%3D" and "%253D"
 * are all '='.
 */
static int
letter(const char *s, size_t *n)
{
	uint8_t c = (uint8_t)*s;

	*n = *s != '\0';
	while (c == '%' && bk_hex_bytes(s + *n, 1, &c) == 0)
		*n += 2;
	return c;
}

/* A character of a name, in lower case, '_' for '-'; 0 if it is none. */
static char
name_letter(const char *s, size_t *n)
{
	int c = letter(s, n);

	if (c == '-' || c == '_')
		return '_';
	if (c >= 0x80 || !isalnum(c))
		return '\0';
	return (char)tolower(c);
}

/* The length of the name at s; its last NAME - 1 characters in name. */
static size_t
read_name(const char *s, char name[NAME])
{
	size_t len = 0, used = 0, n;
	char c;

	while ((c = name_letter(s + len, &n)) != '\0') {
		if (used == NAME - 1)
			memmove(name, name + 1, --used);
		name[used++] = c;
		len += n;
	}
	name[used] = '\0';
	return len;
}

static int
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

static int
is_secret(const char *name)
{
	static const char *const parts[] = { "passw", "passphrase", "secret",
	    "token", "signature", "credential", "authoriz", "customer_key",
	    "private_key", "account_key", "accountkey", "api_key", "apikey",
	    "scram_client_key", "scram_server_key", "cookie" };
	size_t i;

	if (strstr(name, "no_passw") != NULL || ends_with(name, "file"))
		return 0;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(name, parts[i]) != NULL)
			return 1;
	return ends_with(name, "pass") || ends_with(name, "pwd") ||
	    strcmp(name, "sig") == 0;
}

static size_t
blanks(const char *s)
{
	return strspn(s, " \t\r\n");
}

/* strspn(3) of the decoded text. */
static size_t
span(const char *s, const char *set)
{
	size_t len = 0, n;
	int c;

	while ((c = letter(s + len, &n)) != '\0' && strchr(set, c) != NULL)
		len += n;
	return len;
}

static size_t
word(const char *s)
{
	return strcspn(s, " \t\r\n");
}

/* 1 if c, after the closing quote, ends a value. */
static int
is_end(char c)
{
	return c == '\0' || strchr(" \t\r\n,;)}]&", c) != NULL;
}

static size_t
line(const char *s)
{
	return strcspn(s, "\r\n");
}

/* The length of "$tag$ ... $tag$" at s, 0 if there is none. */
static size_t
dollar_quoted(const char *s)
{
	size_t n = 1, i;

	if (*s != '$')
		return 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	if (s[n++] != '$')
		return 0;
	for (i = n; s[i] != '\0'; i++)
		if (strncmp(s + i, s, n) == 0)
			return i + n;
	return i;
}

/*
 * The length of a quoted value.  Where its end is ambiguous, the rest of the
 * text is hidden: a backslash before a quote is an escape in some syntaxes and
 * a character in others, and a shell joins adjacent strings.
 */
static size_t
quoted(const char *s)
{
	char q = *s;
	size_t n = 1;

	/* doubled: inside an outer string with the same quotes */
	if (s[1] == q && !is_end(s[2]))
		return strlen(s);
	for (; s[n] != '\0'; n++) {
		if (s[n] == '\\' && (s[n + 1] == '\'' || s[n + 1] == '"'))
			return strlen(s);
		if (s[n] != q)
			continue;
		if (s[n + 1] == q)
			n++;
		else if (s[n + 1 + blanks(s + n + 1)] == q)
			n += 1 + blanks(s + n + 1);
		else
			return is_end(s[n + 1]) || s[n + 1] == ':' ? n + 1 :
			    strlen(s);
	}
	return n;
}

/* The length of an unquoted value: one word; a backslash escapes a blank. */
static size_t
unquoted(const char *s)
{
	size_t n = 0;

	if (*s == '\\')
		return line(s);
	while (s[n] != '\0' && blanks(s + n) == 0) {
		if ((s[n] == '\'' || s[n] == '"') && !is_end(s[n + 1]))
			return strlen(s);
		n += s[n] == '\\' && s[n + 1] != '\0' ? 2 : 1;
	}
	return n;
}

/* The length of the SQL literal at s, 0 if there is none. */
static size_t
literal(const char *s)
{
	size_t n = 0;

	if (strchr("eEnN", *s) != NULL && *s != '\0')
		n = 1;
	else if ((*s == 'u' || *s == 'U') && s[1] == '&')
		n = 2;
	if (s[n] == '\'' || (n == 0 && *s == '"'))
		return n + quoted(s + n);
	return dollar_quoted(s);
}

struct found {
	size_t at, len;		/* the text to hide, from the name's end */
};

/* Find the value after a secret's name.  1 with *f set; 0: none. */
static int
find_value(const char *s, int parameter, int option, struct found *f)
{
	size_t quotes = span(s, "\\\"'"), n;
	size_t at = quotes + span(s + quotes, " \t\r\n");
	int c = letter(s + at, &n);

	if (*s == '>') {
		*f = (struct found){ 1, strcspn(s + 1, "<") };
		return 1;
	}
	if (c != '=' && c != ':') {
		if (*s == '\'')			/* PASSWORD'x' */
			at = 0;
		*f = (struct found){ at, *s != '\'' && at == 0 ? 0 :
		    literal(s + at) };
		if (f->len == 0 && option && at > quotes)
			f->len = word(s + at);
		return f->len > 0;
	}
	at += n;
	if (s[at] == '>' || s[at] == '=')	/* "=>", ":=" */
		at++;
	at += span(s + at, " \t");
	if (s[at] == '\'' || s[at] == '"' || s[at] == '$')
		n = literal(s + at);
	else
		n = 0;
	if (n == 0 && parameter)
		n = strcspn(s + at, "& \t\r\n");
	else if (n == 0)
		n = c == ':' ? line(s + at) : unquoted(s + at);
	*f = (struct found){ at, n };
	return 1;
}

/* The length of "://" at s, percent-encoded or not; 0 if absent. */
static size_t
authority(const char *s)
{
	size_t len = 0, n;
	const char *c;

	for (c = "://"; *c != '\0'; c++, len += n)
		if (letter(s + len, &n) != *c)
			return 0;
	return len;
}

/* The offset of the last '@' in the n bytes at s, or n. */
static size_t
last_at(const char *s, size_t n)
{
	size_t i, step, at = n;

	for (i = 0; i < n; i += step)
		if (letter(s + i, &step) == '@')
			at = i;
	return at;
}

/* Of a URL after its "://", only host and port are shown. */
static int
find_path(const char *s, struct found *f)
{
	size_t all = strcspn(s, " \t\r\n\"'<>"), n = strcspn(s, "/?#%\\");

	if (n > all)
		n = all;
	if (last_at(s, word(s)) < word(s))
		*f = (struct found){ 0, word(s) };
	else
		*f = (struct found){ n, all - n };
	return f->len > 1 || (f->len == 1 && s[n] != '/');
}

/* The password of a URI, after its "://". */
static int
find_password(const char *s, struct found *f)
{
	size_t n = word(s), end = last_at(s, n), colon = 0, step;

	if (end == n)			/* it may contain blanks */
		end = last_at(s, n = strcspn(s, "/\r\n"));
	if (end == n)
		return 0;
	while (colon < end && letter(s + colon, &step) != ':')
		colon += step;
	if (colon >= end)
		return 0;
	colon += step;
	*f = (struct found){ colon, end - colon };
	return 1;
}

/* Is there a secret after the name at s, len bytes long? */
static int
find(const char *s, size_t len, const char *name, int before,
    struct found *f)
{
	size_t n = authority(s + len);
	int rc;

	*f = (struct found){0};
	if (n > 0 && strcmp(name, "s3") != 0) {
		rc = strstr(name, "http") != NULL ?
		    find_path(s + len + n, f) : find_password(s + len + n, f);
		f->at += n;
		return rc;
	}
	if (strcmp(name, "bearer") == 0 || strcmp(name, "basic") == 0) {
		n = blanks(s + len);
		*f = (struct found){ n, word(s + len + n) };
		return n > 0 && f->len > 0;
	}
	return is_secret(name) && find_value(s + len,
	    before == '?' || before == '&', s[0] == '-', f);
}

void
bk_redact(const char *text, char *out, size_t cap)
{
	static const char age[] = "age_secret_key_1";
	struct output o = { .text = out, .cap = cap };
	char name[NAME];
	struct found f;
	size_t len, n;
	int before = 0;

	out[0] = '\0';
	for (; *text != '\0'; text += len) {
		if ((len = read_name(text, name)) == 0) {
			before = letter(text, &len);
			put(&o, text, len);
			continue;
		}
		if (strstr(name, age) != NULL) {
			put(&o, BK_REDACTED, strlen(BK_REDACTED));
			continue;
		}
		n = len;
		if (find(text, len, name, before, &f)) {
			n += f.at;
			len = n + f.len;
		}
		put(&o, text, n);
		if (len > n)
			put(&o, BK_REDACTED, strlen(BK_REDACTED));
		before = 0;
	}
}

int
bk_redact_is_option(const char *s)
{
	char name[NAME];
	size_t n = read_name(s, name);

	return *s == '-' && s[n] == '\0' && is_secret(name);
}

void
bk_redact_word(const char *s, char *out, size_t cap)
{
	struct output o = { .text = out, .cap = cap };
	char name[NAME];
	size_t n = read_name(s, name);

	if (s[n] != '=' || !is_secret(name)) {
		bk_redact(s, out, cap);
		return;
	}
	put(&o, s, n + 1);
	put(&o, BK_REDACTED, strlen(BK_REDACTED));
}
