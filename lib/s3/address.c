#include "s3/address.h"

#include <stdlib.h>
#include <string.h>

#include "s3/url.h"

#define MAX_QUERY 16

/* A label that "*.s3.REGION.amazonaws.com" covers: no dots, lower case. */
static int
is_label(const char *bucket)
{
	return strlen(bucket) <= 63 && strspn(bucket,
	    "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(bucket);
}

/* "https://h:9/p/" to scheme "https", host "h:9", path "/p". */
static int
split(const char *url, struct bk_buf *scheme, struct bk_buf *host,
    struct bk_buf *path, struct bk_err *e)
{
	const char *h = strstr(url, "://");
	size_t n, p;

	if (h == NULL || (strncmp(url, "http://", 7) != 0 &&
	    strncmp(url, "https://", 8) != 0))
		goto bad;
	n = strcspn(h + 3, "/?#");
	if (n == 0 || strpbrk(url, "?#@ \t\r\n") != NULL)
		goto bad;
	p = strlen(h + 3 + n);
	while (p > 0 && h[3 + n + p - 1] == '/')
		p--;
	if (bk_buf_add(scheme, url, (size_t)(h - url), e) == -1 ||
	    bk_buf_add(host, h + 3, n, e) == -1 ||
	    bk_buf_add(path, h + 3 + n, p, e) == -1)
		return -1;
	return 0;
 bad:
	/* not the text: an @ may follow a password */
	return bk_fail(e, BK_USAGE, "AWS_ENDPOINT_URL: not http://HOST[:PORT] "
	    "or https://HOST[:PORT]");
}

int
bk_s3_address_make(struct bk_s3_address *a,
    const struct bk_s3_settings *set, const char *region, const char *bucket,
    struct bk_err *e)
{
	struct bk_buf url = {0}, scheme = {0}, host = {0}, path = {0};
	struct bk_buf origin = {0}, full = {0};
	int by_path = set->path_style, rc = -1;

	if (by_path == -1)
		by_path = set->endpoint != NULL || !is_label(bucket);
	if (set->endpoint != NULL ? bk_buf_puts(&url, set->endpoint, e) :
	    bk_s3_aws_endpoint(&url, "s3", region, set->fips,
	    set->dual_stack, e))
		goto done;
	if (split(url.data, &scheme, &host, &path, e) == -1)
		goto done;
	if (bk_buf_printf(&full, e, "%s%s%s", by_path ? "" : bucket,
	    by_path ? "" : ".", host.data) == -1 ||
	    bk_buf_printf(&origin, e, "%s://%s", scheme.data,
	    full.data) == -1 ||
	    (by_path && bk_buf_printf(&path, e, "/%s", bucket) == -1))
		goto done;
	*a = (struct bk_s3_address){
		.origin = strdup(origin.data),
		.host = strdup(full.data),
		.path = strdup(path.data),
	};
	rc = 0;
	if (a->origin == NULL || a->host == NULL || a->path == NULL) {
		bk_s3_address_free(a);
		rc = bk_fail_memory(e);
	}
 done:
	bk_buf_free(&url);
	bk_buf_free(&scheme);
	bk_buf_free(&host);
	bk_buf_free(&path);
	bk_buf_free(&origin);
	bk_buf_free(&full);
	return rc;
}

void
bk_s3_address_free(struct bk_s3_address *a)
{
	free(a->origin);
	free(a->host);
	free(a->path);
	*a = (struct bk_s3_address){0};
}

int
bk_s3_address_path(const struct bk_s3_address *a, const char *key,
    struct bk_buf *out, struct bk_err *e)
{
	if (bk_buf_puts(out, a->path, e) == -1)
		return -1;
	/* a bucket addressed by path: no slash after its name */
	if (key == NULL && *a->path != '\0')
		return 0;
	if (bk_buf_puts(out, "/", e) == -1)
		return -1;
	return key == NULL ? 0 : bk_s3_escape(out, key, 1, e);
}

static int
by_name(const void *a, const void *b)
{
	const struct bk_s3_pair *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int
bk_s3_address_query(const struct bk_s3_pair *query, struct bk_buf *out,
    struct bk_err *e)
{
	struct bk_s3_pair sorted[MAX_QUERY];
	size_t n, i;

	if (bk_buf_add(out, "", 0, e) == -1)	/* "", not NULL */
		return -1;
	for (n = 0; query != NULL && query[n].name != NULL; n++) {
		if (n == MAX_QUERY)
			return bk_fail(e, BK_FAIL, "more than %d query "
			    "parameters", MAX_QUERY);
		sorted[n] = query[n];
	}
	qsort(sorted, n, sizeof(sorted[0]), by_name);
	for (i = 0; i < n; i++)
		if ((i > 0 && bk_buf_puts(out, "&", e) == -1) ||
		    bk_s3_escape(out, sorted[i].name, 0, e) == -1 ||
		    bk_buf_puts(out, "=", e) == -1 ||
		    bk_s3_escape(out, sorted[i].value, 0, e) == -1)
			return -1;
	return 0;
}
