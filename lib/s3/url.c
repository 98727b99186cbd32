#include "s3/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/percent.h"

static int
is_bucket(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && (isalnum((unsigned char)s[i]) ||
	    strchr(".-_", s[i]) != NULL); i++)
		continue;
	return i == n && n >= 3 && n <= 255 && s[0] != '.';
}

int
bk_s3_url_parse(const char *s, struct bk_s3_url *u, struct bk_err *e)
{
	static const char scheme[] = "s3://";
	const char *bucket = s + sizeof(scheme) - 1;
	size_t n;

	if (strncmp(s, scheme, sizeof(scheme) - 1) != 0)
		return bk_fail(e, BK_USAGE, "%s: not s3://BUCKET/KEY", s);
	n = strcspn(bucket, "/");
	if (!is_bucket(bucket, n))
		return bk_fail(e, BK_USAGE, "%s: '%.*s' is not a bucket "
		    "name", s, (int)n, bucket);
	*u = (struct bk_s3_url){
		.bucket = strndup(bucket, n),
		.key = strdup(bucket[n] == '/' ? bucket + n + 1 : ""),
	};
	if (u->bucket == NULL || u->key == NULL) {
		bk_s3_url_free(u);
		return bk_fail_memory(e);
	}
	return 0;
}

const char *
bk_s3_url_cut_id(struct bk_s3_url *u, const char *mark)
{
	char *at = strstr(u->key, mark), *next;

	while (at != NULL && (next = strstr(at + 1, mark)) != NULL)
		at = next;
	if (at == NULL || at == u->key || at[strlen(mark)] == '\0')
		return NULL;
	*at = '\0';
	return at + strlen(mark);
}

void
bk_s3_url_free(struct bk_s3_url *u)
{
	free(u->bucket);
	free(u->key);
	*u = (struct bk_s3_url){0};
}

static int
is_unreserved(unsigned char c)
{
	return isalnum(c) || strchr("-._~", c) != NULL;
}

static int
is_path(unsigned char c)
{
	return c == '/' || is_unreserved(c);
}

int
bk_s3_escape(struct bk_buf *b, const char *s, int keep_slash,
    struct bk_err *e)
{
	return bk_percent_encode(b, s, keep_slash ? is_path : is_unreserved, e);
}

int
bk_s3_unescape(char *s)
{
	char *plus;

	for (plus = s; (plus = strchr(plus, '+')) != NULL; )
		*plus = ' ';
	return bk_percent_decode(s);
}
