#include "s3/cred.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "s3/cred_http.h"
#include "s3/cred_ini.h"
#include "s3/cred_source.h"
#include "s3/url.h"

#define CHAIN_MAX 8		/* chained roles */
#define EARLY 300		/* seconds before expiry to renew */
#define PAUSE 60		/* seconds to wait after a failed renewal */

struct bk_s3_cred {
	bk_s3_getenv *env;
	const char *ca_file;	/* the caller's, or NULL */
	struct bk_ini *ini;
	const char *profile;
	struct bk_buf credentials, config;	/* the files' paths */
	struct bk_buf sts;	/* the endpoint */
	struct bk_s3_settings settings;
	char *strings[4];	/* what profile and settings point to */
	size_t nstrings;
	struct bk_cred_keys keys;
	time_t renew;		/* when to ask again; 0: never */
	int stop;		/* see bk_s3_cred_stop() */
};

static int from_profile(struct bk_s3_cred *c, const char *profile, int depth,
    struct bk_cred_keys *k, struct bk_err *e);

static const char *
get(const struct bk_s3_cred *c, const char *name)
{
	const char *v = c->env(name);

	return v == NULL || *v == '\0' ? NULL : v;
}

static const char *
first(const char *a, const char *b)
{
	return a != NULL ? a : b;
}

/* Copy s for the lifetime of c: getenv's memory is not ours. */
static int
keep(struct bk_s3_cred *c, const char *s, const char **out, struct bk_err *e)
{
	*out = NULL;
	if (s == NULL)
		return 0;
	if ((c->strings[c->nstrings] = strdup(s)) == NULL)
		return bk_fail_memory(e);
	*out = c->strings[c->nstrings++];
	return 0;
}

/* The file that variable names, else ~/name; nothing without $HOME. */
static int
find_file(struct bk_s3_cred *c, const char *variable, const char *name,
    struct bk_buf *path, struct bk_err *e)
{
	const char *v = get(c, variable), *home = get(c, "HOME");

	if (v != NULL && strncmp(v, "~/", 2) == 0 && home != NULL)
		return bk_buf_printf(path, e, "%s%s", home, v + 1);
	if (v != NULL)
		return bk_buf_puts(path, v, e);
	return home == NULL ? 0 : bk_buf_printf(path, e, "%s/%s", home, name);
}

/* A switch: the variable, else the profile's setting. */
static int
is_on(const struct bk_s3_cred *c, const char *variable, const char *setting)
{
	return bk_cred_is_true(first(get(c, variable),
	    bk_ini_get(c->ini, c->profile, setting)));
}

/* The profile's setting, or that of the [services] section it names. */
static const char *
profile_endpoint(const struct bk_s3_cred *c, const char *service)
{
	const char *section = bk_ini_get(c->ini, c->profile, "services");
	const char *url = section == NULL ? NULL :
	    bk_ini_service(c->ini, section, service);

	return first(url, bk_ini_get(c->ini, c->profile, "endpoint_url"));
}

/* The configured endpoint of a service; NULL: AWS's own. */
static const char *
endpoint_of(const struct bk_s3_cred *c, const char *variable,
    const char *setting)
{
	if (is_on(c, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
	    "ignore_configured_endpoint_urls"))
		return NULL;
	return first(get(c, variable), first(get(c, "AWS_ENDPOINT_URL"),
	    profile_endpoint(c, setting)));
}

static int
find_sts(struct bk_s3_cred *c, struct bk_err *e)
{
	const char *url = endpoint_of(c, "AWS_ENDPOINT_URL_STS",
	    "sts.endpoint_url");

	if (url != NULL)
		return bk_buf_puts(&c->sts, url, e);
	return bk_s3_aws_endpoint(&c->sts, "sts", c->settings.region,
	    c->settings.fips, c->settings.dual_stack, e);
}

static int
find_style(struct bk_s3_cred *c, struct bk_err *e)
{
	const char *style = bk_ini_get(c->ini, c->profile,
	    "s3.addressing_style");

	if (style == NULL || strcmp(style, "auto") == 0)
		c->settings.path_style = -1;
	else if (strcmp(style, "path") == 0)
		c->settings.path_style = 1;
	else if (strcmp(style, "virtual") == 0)
		c->settings.path_style = 0;
	else
		return bk_fail(e, BK_USAGE, "profile %s: addressing_style "
		    "'%s': use path, virtual or auto", c->profile, style);
	return 0;
}

static int
find_settings(struct bk_s3_cred *c, struct bk_err *e)
{
	struct bk_s3_settings *s = &c->settings;
	const char *region;

	region = first(get(c, "AWS_REGION"), first(get(c,
	    "AWS_DEFAULT_REGION"), first(bk_ini_get(c->ini, c->profile,
	    "region"), "us-east-1")));
	if (!bk_s3_is_region(region))
		return bk_fail(e, BK_USAGE, "region '%s': not a region's name",
		    region);
	if (keep(c, region, &s->region, e) == -1 ||
	    keep(c, endpoint_of(c, "AWS_ENDPOINT_URL_S3", "s3.endpoint_url"),
	    &s->endpoint, e) == -1 ||
	    keep(c, first(get(c, "AWS_CA_BUNDLE"), first(bk_ini_get(c->ini,
	    c->profile, "ca_bundle"), c->ca_file)), &s->ca_bundle, e) == -1)
		return -1;
	s->fips = is_on(c, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
	s->dual_stack = is_on(c, "AWS_USE_DUALSTACK_ENDPOINT",
	    "use_dualstack_endpoint");
	if (s->fips && s->endpoint != NULL)
		return bk_fail(e, BK_USAGE, "a FIPS endpoint is demanded, but "
		    "another one is configured; drop use_fips_endpoint or "
		    "the endpoint's URL");
	return find_style(c, e) == -1 ? -1 : find_sts(c, e);
}

/* Google's settings.  Its region's name is "auto" in signatures. */
static int
find_google(struct bk_s3_cred *c, struct bk_err *e)
{
	struct bk_s3_settings *s = &c->settings;

	s->google = s->path_style = 1;
	if (keep(c, "auto", &s->region, e) == -1 ||
	    keep(c, first(get(c, "STORAGE_EMULATOR_HOST"),
	    BK_S3_GOOGLE), &s->endpoint, e) == -1 ||
	    keep(c, first(get(c, "AWS_CA_BUNDLE"), c->ca_file), &s->ca_bundle,
	    e) == -1)
		return -1;
	if (!bk_cred_may_have_token(s->endpoint))
		return bk_fail(e, BK_USAGE, "STORAGE_EMULATOR_HOST: neither "
		    "https://HOST[:PORT], nor http:// and a loopback address");
	return 0;
}

struct bk_s3_cred *
bk_s3_cred_new(bk_s3_getenv *env, const char *ca_file, int google,
    struct bk_err *e)
{
	struct bk_s3_cred *c = calloc(1, sizeof(*c));
	const char *wanted;

	if (c == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	c->env = env;
	c->ca_file = ca_file;
	c->stop = -1;
	if (google) {
		if (find_google(c, e) == -1)
			goto fail;
		return c;
	}
	wanted = first(get(c, "AWS_PROFILE"), get(c, "AWS_DEFAULT_PROFILE"));
	if (keep(c, first(wanted, "default"), &c->profile, e) == -1 ||
	    find_file(c, "AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials",
	    &c->credentials, e) == -1 ||
	    find_file(c, "AWS_CONFIG_FILE", ".aws/config", &c->config,
	    e) == -1)
		goto fail;
	c->ini = bk_ini_load(c->credentials.data, c->config.data, e);
	if (c->ini == NULL)
		goto fail;
	if (wanted != NULL && !bk_ini_has(c->ini, wanted)) {
		bk_fail(e, BK_USAGE, "profile %s: not in %s nor %s; in a "
		    "config file it is written [profile %s]", wanted,
		    first(c->credentials.data, "~/.aws/credentials"),
		    first(c->config.data, "~/.aws/config"), wanted);
		goto fail;
	}
	if (find_settings(c, e) == 0)
		return c;
 fail:
	bk_s3_cred_free(c);
	return NULL;
}

const struct bk_s3_settings *
bk_s3_cred_settings(const struct bk_s3_cred *c)
{
	return &c->settings;
}

/*
 * The sources.  Each returns 1 with keys in *k, 0 if it does not apply and the
 * next is tried, -1 with *e set if it applies but failed.
 */

static int
from_environment(struct bk_s3_cred *c, struct bk_cred_keys *k,
    struct bk_err *e)
{
	const char *access = get(c, "AWS_ACCESS_KEY_ID");
	const char *secret = get(c, "AWS_SECRET_ACCESS_KEY");

	if (access == NULL && secret == NULL)
		return 0;
	if (access == NULL || secret == NULL)
		return bk_fail(e, BK_USAGE, "AWS_%s is set, but AWS_%s is not",
		    access != NULL ? "ACCESS_KEY_ID" : "SECRET_ACCESS_KEY",
		    access != NULL ? "SECRET_ACCESS_KEY" : "ACCESS_KEY_ID");
	return bk_cred_keys_set(k, "environment", access, secret,
	    get(c, "AWS_SESSION_TOKEN"), 0, e) == -1 ? -1 : 1;
}

static struct bk_cred_role
make_role(const struct bk_s3_cred *c, const char *arn, const char *session)
{
	return (struct bk_cred_role){ .arn = arn,
	    .session_name = first(session, "bk"), .endpoint = c->sts.data,
	    .region = c->settings.region,
	    .ca_bundle = c->settings.ca_bundle };
}

static int
from_web_identity(struct bk_s3_cred *c, struct bk_cred_keys *k,
    struct bk_err *e)
{
	const char *file = get(c, "AWS_WEB_IDENTITY_TOKEN_FILE");
	const char *arn = get(c, "AWS_ROLE_ARN");
	struct bk_cred_role role;

	if (file == NULL)
		return 0;
	if (arn == NULL)
		return bk_fail(e, BK_USAGE, "AWS_WEB_IDENTITY_TOKEN_FILE is "
		    "set, but AWS_ROLE_ARN is not");
	role = make_role(c, arn, get(c, "AWS_ROLE_SESSION_NAME"));
	role.token_file = file;
	return bk_cred_assume(&role, NULL, k, e) == -1 ? -1 : 1;
}

static int
from_machine(struct bk_s3_cred *c, struct bk_cred_keys *k,
    struct bk_err *reason, struct bk_err *e)
{
	int rc = bk_cred_container(c->env, c->settings.ca_bundle, k, e);

	return rc != 0 ? rc : bk_cred_imds(c->env, k, reason, e);
}

static int
from_static(struct bk_s3_cred *c, const char *profile, struct bk_cred_keys *k,
    struct bk_err *e)
{
	const char *access = bk_ini_get(c->ini, profile, "aws_access_key_id");
	const char *secret = bk_ini_get(c->ini, profile,
	    "aws_secret_access_key");

	if (access == NULL && secret == NULL)
		return 0;
	if (access == NULL || secret == NULL)
		return bk_fail(e, BK_USAGE, "profile %s: one of "
		    "aws_access_key_id and aws_secret_access_key is missing",
		    profile);
	return bk_cred_keys_set(k, "profile", access, secret,
	    bk_ini_get(c->ini, profile, "aws_session_token"), 0, e) == -1 ?
	    -1 : 1;
}

/*
 * The keys of a role after a login by `aws sso login`.  Older profiles
 * have the session's settings themselves, and its start URL for a name.
 */
static int
from_sso(struct bk_s3_cred *c, const char *profile, struct bk_cred_keys *k,
    struct bk_err *e)
{
	const char *session = bk_ini_get(c->ini, profile, "sso_session");
	const char *url = endpoint_of(c, "AWS_ENDPOINT_URL_SSO",
	    "sso.endpoint_url");
	struct bk_cred_sso sso = {
		.profile = profile, .session = session,
		.account = bk_ini_get(c->ini, profile, "sso_account_id"),
		.role = bk_ini_get(c->ini, profile, "sso_role_name"),
		.ca_bundle = c->settings.ca_bundle,
		.home = get(c, "HOME"),
	};
	struct bk_buf endpoint = {0};
	const char *region;
	int rc;

	region = session != NULL ? bk_ini_sso(c->ini, session, "sso_region") :
	    bk_ini_get(c->ini, profile, "sso_region");
	if (session == NULL)
		sso.session = bk_ini_get(c->ini, profile, "sso_start_url");
	if (region == NULL || !bk_s3_is_region(region) ||
	    sso.account == NULL || sso.role == NULL)
		return bk_fail(e, BK_USAGE, "profile %s: SSO needs sso_region, "
		    "sso_account_id and sso_role_name", profile);
	rc = url != NULL ? bk_buf_puts(&endpoint, url, e) :
	    bk_s3_aws_endpoint(&endpoint, "portal.sso", region, 0, 0, e);
	sso.endpoint = endpoint.data;
	if (rc == 0)
		rc = bk_cred_sso(&sso, k, e) == -1 ? -1 : 1;
	bk_buf_free(&endpoint);
	return rc;
}

/* The profile's own source of keys, ignoring its role. */
static int
from_own(struct bk_s3_cred *c, const char *profile, struct bk_cred_keys *k,
    struct bk_err *e)
{
	const char *command;
	int rc;

	if ((rc = from_static(c, profile, k, e)) != 0)
		return rc;
	command = bk_ini_get(c->ini, profile, "credential_process");
	if (command != NULL)
		return bk_cred_process(command, c->stop, k, e) == -1 ? -1 : 1;
	if (bk_ini_get(c->ini, profile, "sso_session") != NULL ||
	    bk_ini_get(c->ini, profile, "sso_start_url") != NULL)
		return from_sso(c, profile, k, e);
	if (bk_ini_get(c->ini, profile, "login_session") != NULL)
		return bk_fail(e, BK_USAGE, "profile %s: login_session is not "
		    "supported; use another profile with credential_process = "
		    "aws configure export-credentials --profile %s", profile,
		    profile);
	return 0;
}

/* credential_source: where the keys that sign AssumeRole come from. */
static int
from_named(struct bk_s3_cred *c, const char *profile, const char *name,
    struct bk_cred_keys *k, struct bk_err *e)
{
	struct bk_err reason = {0};
	int rc;

	if (strcmp(name, "Environment") == 0)
		rc = from_environment(c, k, e);
	else if (strcmp(name, "EcsContainer") == 0)
		rc = bk_cred_container(c->env, c->settings.ca_bundle, k, e);
	else if (strcmp(name, "Ec2InstanceMetadata") == 0)
		rc = bk_cred_imds(c->env, k, &reason, e);
	else
		return bk_fail(e, BK_USAGE, "profile %s: credential_source "
		    "'%s': use Environment, EcsContainer or "
		    "Ec2InstanceMetadata", profile, name);
	if (rc == 0)
		return bk_fail(e, BK_FAIL, "profile %s: credential_source %s "
		    "has no keys%s%s", profile, name,
		    *reason.msg != '\0' ? ": " : "", reason.msg);
	return rc;
}

/* The keys to assume role_arn with. */
static int
role_source(struct bk_s3_cred *c, const char *profile, int depth,
    struct bk_cred_keys *k, struct bk_err *e)
{
	const char *source = bk_ini_get(c->ini, profile, "source_profile");
	const char *named = bk_ini_get(c->ini, profile, "credential_source");
	int rc;

	if ((source == NULL) == (named == NULL))
		return bk_fail(e, BK_USAGE, "profile %s: role_arn needs one of "
		    "source_profile, credential_source and "
		    "web_identity_token_file", profile);
	if (named != NULL)
		return from_named(c, profile, named, k, e);
	if (!bk_ini_has(c->ini, source))
		return bk_fail(e, BK_USAGE, "profile %s: its source_profile %s "
		    "does not exist", profile, source);
	/* a profile that names itself means its own keys */
	rc = strcmp(source, profile) == 0 ? from_own(c, source, k, e) :
	    from_profile(c, source, depth + 1, k, e);
	if (rc == 0)
		return bk_fail(e, BK_USAGE, "profile %s: its source_profile "
		    "%s has no keys", profile, source);
	return rc;
}

static int
from_role(struct bk_s3_cred *c, const char *profile, int depth,
    struct bk_cred_keys *k, struct bk_err *e)
{
	struct bk_cred_role role = make_role(c,
	    bk_ini_get(c->ini, profile, "role_arn"),
	    bk_ini_get(c->ini, profile, "role_session_name"));
	struct bk_cred_keys source = {0};
	int rc = -1;

	if (depth == CHAIN_MAX)
		return bk_fail(e, BK_USAGE, "profile %s: source_profile is "
		    "circular", c->profile);
	if (bk_ini_get(c->ini, profile, "mfa_serial") != NULL)
		return bk_fail(e, BK_USAGE, "profile %s: mfa_serial needs an "
		    "interactive login; get session keys first, or use "
		    "credential_process", profile);
	role.external_id = bk_ini_get(c->ini, profile, "external_id");
	role.duration_seconds = bk_ini_get(c->ini, profile,
	    "duration_seconds");
	role.token_file = bk_ini_get(c->ini, profile,
	    "web_identity_token_file");
	if ((role.token_file != NULL ||
	    role_source(c, profile, depth, &source, e) == 1) &&
	    bk_cred_assume(&role, &source, k, e) == 0)
		rc = 1;
	bk_cred_keys_free(&source);
	return rc;
}

static int
from_profile(struct bk_s3_cred *c, const char *profile, int depth,
    struct bk_cred_keys *k, struct bk_err *e)
{
	if (bk_ini_get(c->ini, profile, "role_arn") != NULL)
		return from_role(c, profile, depth, k, e);
	return from_own(c, profile, k, e);
}

static int
ask(struct bk_s3_cred *c, struct bk_cred_keys *k, struct bk_err *e)
{
	struct bk_err reason = {0};
	int rc;

	if ((rc = from_environment(c, k, e)) == 0 && c->settings.google)
		return bk_cred_google(c->env, c->settings.ca_bundle, k, e);
	if (rc == 0 &&
	    (rc = from_web_identity(c, k, e)) == 0 &&
	    (rc = from_profile(c, c->profile, 0, k, e)) == 0)
		rc = from_machine(c, k, &reason, e);
	if (rc == 0)
		return bk_fail(e, BK_FAIL, "credentials: none found in the "
		    "environment, profile %s, or instance metadata (%s); "
		    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
		    "AWS_PROFILE", c->profile, reason.msg);
	return rc == 1 ? 0 : -1;
}

/*
 * When to renew: 5 minutes before expiry, or after half the lifetime if that is
 * later, so that short-lived keys are not renewed all the time.
 */
static time_t
renewal(time_t now, time_t expires)
{
	time_t early = (expires - now) / 2;

	if (expires == 0)
		return 0;
	return expires - (early < EARLY ? early : EARLY);
}

int
bk_s3_cred_get(struct bk_s3_cred *c, int refresh, struct bk_s3_keys *keys,
    struct bk_err *e)
{
	struct bk_cred_keys fresh = {0};
	struct bk_err failed = {0};
	time_t now = time(NULL);

	if (c->keys.access_key == NULL || refresh ||
	    (c->renew != 0 && now >= c->renew)) {
		if (ask(c, &fresh, &failed) == 0) {
			bk_cred_keys_free(&c->keys);
			c->keys = fresh;	/* now owned by c */
			c->renew = renewal(now, c->keys.expires);
			if (refresh && c->keys.expires == 0)
				return bk_fail(e, BK_FAIL, "credentials: the "
				    "session token has expired, and its source "
				    "has no newer one; get a new one");
		} else {
			bk_cred_keys_free(&fresh);
			if (c->keys.access_key == NULL || refresh ||
			    now >= c->keys.expires)
				return bk_fail(e, failed.code, "%s",
				    failed.msg);
			c->renew = now + PAUSE;	/* the present ones are valid */
		}
	}
	*keys = (struct bk_s3_keys){ c->keys.access_key, c->keys.secret_key,
	    c->keys.session_token, c->keys.expires, c->keys.bearer };
	return 0;
}

void
bk_s3_cred_stop(struct bk_s3_cred *c, int fd)
{
	c->stop = fd;
}

/* The same for a profile and those that it names. */
static int
profile_needs(const struct bk_s3_cred *c, const char *profile, int depth,
    void path(const char *))
{
	const char *source = bk_ini_get(c->ini, profile, "source_profile");

	bk_cred_directory(bk_ini_get(c->ini, profile,
	    "web_identity_token_file"), path);
	if (bk_ini_get(c->ini, profile, "credential_process") != NULL)
		return 1;
	return source != NULL && depth < CHAIN_MAX &&
	    profile_needs(c, source, depth + 1, path);
}

int
bk_s3_cred_needs(const struct bk_s3_cred *c, void path(const char *))
{
	const char *home = get(c, "HOME");
	struct bk_buf sso = {0};
	struct bk_err ignored = {0};

	if (c->settings.ca_bundle != NULL)
		path(c->settings.ca_bundle);
	if (c->settings.google) {
		bk_cred_google_needs(c->env, path);
		return 0;
	}
	bk_cred_directory(get(c, "AWS_WEB_IDENTITY_TOKEN_FILE"), path);
	bk_cred_directory(get(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
	    path);
	if (home != NULL && bk_buf_printf(&sso, &ignored, "%s/.aws/sso/cache",
	    home) == 0)
		path(sso.data);
	bk_buf_free(&sso);
	return profile_needs(c, c->profile, 0, path);
}

void
bk_s3_cred_free(struct bk_s3_cred *c)
{
	size_t i;

	if (c == NULL)
		return;
	bk_cred_keys_free(&c->keys);
	bk_ini_free(c->ini);
	bk_buf_free(&c->credentials);
	bk_buf_free(&c->config);
	bk_buf_free(&c->sts);
	for (i = 0; i < c->nstrings; i++)
		free(c->strings[i]);
	free(c);
}
