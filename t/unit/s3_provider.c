/* Providers by host and by name. */
#include <stdio.h>
#include <string.h>

#include "s3/provider.h"
#include "tap.h"

static const char *
at(const char *host)
{
	const char *name = bk_s3_provider_at(host)->name;

	return name != NULL ? name : "other";
}

static int
learn(struct bk_s3_manners *m, unsigned has, int status, const char *code,
    const char *message)
{
	struct bk_s3_reply r = { .status = status };

	*m = (struct bk_s3_manners){0};
	(void)snprintf(r.code, sizeof(r.code), "%s", code);
	(void)snprintf(r.message, sizeof(r.message), "%s", message);
	return bk_s3_manners_learn(m, has, &r);
}

static void
refusals(void)
{
	const unsigned both = BK_S3_HAS_CONDITION | BK_S3_HAS_CHECKSUM;
	struct bk_s3_manners m;

	ok(learn(&m, both, 400, "InvalidArgument", "Unsupported header "
	    "'x-amz-checksum-sha256' received") && m.no_checksums &&
	    !m.no_condition, "the checksum, by its name");
	ok(learn(&m, both, 501, "NotImplemented", "A header") &&
	    m.no_condition && !m.no_checksums, "without a name the condition");
	ok(learn(&m, BK_S3_HAS_CHECKSUM, 501, "NotImplemented", "A header") &&
	    m.no_checksums, "then the checksum");
	ok(!learn(&m, both, 400, "", ""), "a 400 that says nothing");
	ok(learn(&m, both, 400, "InvalidRequest", "Content-MD5 HTTP header is "
	    "required for Put Object requests with Object Lock parameters") &&
	    m.wants_md5 && !m.no_condition && !m.no_checksums,
	    "Content-MD5 is wanted");
	ok(!learn(&m, 0, 501, "NotImplemented", "checksum"),
	    "nothing left to do without");
	ok(!learn(&m, both, 400, "InvalidPart", "checksum"),
	    "a 400 for another reason");
	ok(!learn(&m, both, 403, "AccessDenied", "checksum"), "a 403");
}

int
main(void)
{
	const struct bk_s3_provider *p;
	size_t i;

	is_str(at("b.s3.eu-west-1.amazonaws.com"), "aws", "AWS");
	is_str(at("s3.cn-north-1.amazonaws.com.cn"), "aws", "AWS in China");
	is_str(at("ACC.R2.cloudflarestorage.com:443"), "r2", "case and port");
	is_str(at("s3.fr-par.scw.cloud"), "scaleway", "Scaleway");
	is_str(at("scw.cloud"), "scaleway", "the domain itself");
	is_str(at("xscw.cloud"), "other", "no label of the domain's");
	is_str(at("scw.cloud.example.org"), "other", "not at the end");
	is_str(at("127.0.0.1:7480"), "other", "an address");
	is_str(at(""), "other", "no host");
	ok(bk_s3_provider_named("r2")->manners.uniform_parts, "R2's parts");
	is_int(bk_s3_provider_named("scaleway")->manners.max_parts, 1000,
	    "Scaleway's parts");
	ok(bk_s3_provider_named("nosuch") == NULL, "an unknown name");
	for (p = bk_s3_providers; p->name != NULL; p++) {
		ok(bk_s3_provider_named(p->name) == p, "%s", p->name);
		ok(p->manners.max_parts > 0, "has a number of parts");
		for (i = 0; p->hosts[i] != NULL; i++)
			is_str(at(p->hosts[i]), p->name, p->hosts[i]);
	}
	ok(p->manners.max_parts > 0, "any other has one too");
	refusals();
	return tap_done();
}
