/*
 * SigV4: AWS's S3 examples (API reference, "Signature calculations: header"),
 * and their general test suite where available ($BK_SHARED or ../shared).
 */
#include <dirent.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/io.h"
#include "s3/sigv4.h"
#include "tap.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HASH "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"

static void
is_signed(const struct bk_s3_signing *s, const char *want, const char *what)
{
	struct bk_buf out = {0};
	struct bk_err e = {0};
	const char *got;

	ok(bk_s3_sign(s, &out, &e) == 0, "%s: signs", what);
	got = out.data != NULL ? strstr(out.data, "Signature=") : NULL;
	is_str(got != NULL ? got + 10 : NULL, want, what);
	bk_buf_free(&out);
}

static void
examples(void)
{
	struct bk_s3_pair h[8] = {
		{ "x-amz-content-sha256", EMPTY },
		{ "x-amz-date", "20130524T000000Z" },
		{ "host", "examplebucket.s3.amazonaws.com" },
		{ "range", "bytes=0-9" },
	};
	struct bk_s3_signing s = {
		.method = "GET", .path = "/test.txt", .query = "",
		.headers = h, .n_headers = 4, .payload_hash = EMPTY,
		.date = "20130524T000000Z", .region = "us-east-1",
		.service = "s3", .access_key = "AKIAIOSFODNN7EXAMPLE",
		.secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	};

	is_signed(&s, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6"
	    "036bdb41", "GET object");
	s.n_headers = 3;
	s.path = "/";
	s.query = "lifecycle=";
	is_signed(&s, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a01"
	    "36783543", "GET bucket lifecycle");
	s.query = "max-keys=2&prefix=J";
	is_signed(&s, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711e"
	    "f69dc6f7", "GET bucket (list objects)");
	s.method = "PUT";
	s.path = "/test%24file.text";
	s.query = "";
	s.payload_hash = h[0].value = HASH;
	h[3] = (struct bk_s3_pair){ "date", "Fri, 24 May 2013 00:00:00 GMT" };
	h[4] = (struct bk_s3_pair){ "x-amz-storage-class",
	    "  REDUCED_REDUNDANCY " };
	s.n_headers = 5;
	is_signed(&s, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0"
	    "ece108bd", "PUT object");
}

/* Cut the next line off *p. */
static char *
line(char **p)
{
	char *s = *p, *end = strchr(s, '\n');

	if (end == NULL)
		end = s + strlen(s);
	*p = *end != '\0' ? end + 1 : end;
	*end = '\0';
	return s;
}

/*
 * What is signed is taken from the suite's canonical request, its headers in
 * reverse order; the signature must be the suite's.
 */
static void
vector(const char *dir, const char *name)
{
	struct bk_buf creq = {0}, want = {0}, path = {0};
	struct bk_err e = {0};
	struct bk_s3_pair h[16];
	struct bk_s3_signing s = { .headers = h, .date = NULL };
	json_t *context, *keys;
	char *p, *colon, *l;
	size_t i = 16;

	bk_buf_printf(&path, &e, "%s/%s/header-canonical-request.txt", dir,
	    name);
	bk_io_slurp(path.data, 65536, &creq, &e);
	path.len = 0;
	bk_buf_printf(&path, &e, "%s/%s/header-signature.txt", dir, name);
	bk_io_slurp(path.data, 4096, &want, &e);
	path.len = 0;
	bk_buf_printf(&path, &e, "%s/%s/context.json", dir, name);
	context = json_load_file(path.data, 0, NULL);
	if (!ok(e.code == BK_OK && context != NULL, "%s: read", name))
		goto done;
	p = creq.data;
	s.method = line(&p);
	s.path = line(&p);
	s.query = line(&p);
	while (*(l = line(&p)) != '\0' && i > 0) {
		colon = strchr(l, ':');
		*colon = '\0';
		h[--i] = (struct bk_s3_pair){ l, colon + 1 };
		if (strcmp(l, "x-amz-date") == 0)
			s.date = colon + 1;
	}
	s.headers = h + i;
	s.n_headers = 16 - i;
	(void)line(&p);			/* the names: recomputed */
	s.payload_hash = line(&p);
	keys = json_object_get(context, "credentials");
	s.access_key = json_string_value(json_object_get(keys,
	    "access_key_id"));
	s.secret_key = json_string_value(json_object_get(keys,
	    "secret_access_key"));
	s.region = json_string_value(json_object_get(context, "region"));
	s.service = json_string_value(json_object_get(context, "service"));
	is_signed(&s, want.data, name);
 done:
	json_decref(context);
	bk_buf_free(&creq);
	bk_buf_free(&want);
	bk_buf_free(&path);
}

static void
suite(void)
{
	const char *shared = getenv("BK_SHARED");
	struct bk_buf dir = {0};
	struct bk_err e = {0};
	struct dirent *d;
	int n = 0;
	DIR *v;

	bk_buf_printf(&dir, &e, "%s/vectors/sigv4/v4",
	    shared != NULL ? shared : "../shared");
	if ((v = opendir(dir.data)) == NULL) {
		ok(1, "the general suite # SKIP no vectors of SigV4");
	} else {
		while ((d = readdir(v)) != NULL)
			if (d->d_name[0] != '.') {
				vector(dir.data, d->d_name);
				n++;
			}
		ok(n > 0, "%d vectors of the general suite", n);
		closedir(v);
	}
	bk_buf_free(&dir);
}

static void
too_many(void)
{
	static struct bk_s3_pair h[65];
	const struct bk_s3_signing s = { .method = "GET", .path = "/",
	    .query = "", .headers = h, .n_headers = 65 };
	struct bk_buf out = {0};
	struct bk_err e = {0};

	is_int(bk_s3_sign(&s, &out, &e), -1, "65 headers");
	is_str(e.msg, "more than 64 headers to sign", "are too many");
	bk_buf_free(&out);
}

int
main(void)
{
	char date[BK_S3_AMZ_DATE];

	bk_s3_amz_date(1369353600, date);
	is_str(date, "20130524T000000Z", "the date");
	examples();
	too_many();
	suite();
	return tap_done();
}
