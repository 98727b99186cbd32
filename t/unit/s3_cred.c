/* The credential chain: files, precedence, what is refused.  No network. */
#include <stdlib.h>
#include <unistd.h>

#include "s3/cred.h"
#include "s3/cred_ini.h"
#include "s3/cred_source.h"
#include "s3/url.h"
#include "starve.h"
#include "tap.h"

static char dir[] = "/tmp/bk-cred-XXXXXX";
static char credentials[64], config[64];

static struct { const char *name; char *value; } vars[16];
static size_t nvars;

static char *
fake_env(const char *name)
{
	size_t i;

	for (i = 0; i < nvars; i++)
		if (strcmp(vars[i].name, name) == 0)
			return vars[i].value;
	return NULL;
}

static void
set(const char *name, char *value)
{
	vars[nvars].name = name;
	vars[nvars++].value = value;
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		exit(99);
}

/* A new environment, with these two files. */
static void
begin(const char *in_credentials, const char *in_config)
{
	nvars = 0;
	put(credentials, in_credentials);
	put(config, in_config);
	set("AWS_SHARED_CREDENTIALS_FILE", credentials);
	set("AWS_CONFIG_FILE", config);
	set("AWS_EC2_METADATA_DISABLED", "true");
}

/* "access:secret:token", or the failure's "code message". */
static const char *
ask(void)
{
	static char out[2048];
	struct bk_err e = {0};
	struct bk_s3_keys k;
	struct bk_s3_cred *c = bk_s3_cred_new(fake_env, NULL, 0, &e);

	if (c == NULL || bk_s3_cred_get(c, 0, &k, &e) == -1)
		(void)snprintf(out, sizeof(out), "%d %s", (int)e.code, e.msg);
	else
		(void)snprintf(out, sizeof(out), "%s:%s:%s", k.access_key,
		    k.secret_key, k.session_token ? k.session_token : "");
	bk_s3_cred_free(c);
	return out;
}

/* As is_str(), comparing only the beginning. */
static void
begins(const char *got, const char *want, const char *what)
{
	if (!ok(strncmp(got, want, strlen(want)) == 0, "%s", what))
		printf("# got '%s'\n# want '%s...'\n", got, want);
}

static void
test_ini(void)
{
	struct bk_err e = {0};
	struct bk_ini *ini;

	put(credentials,
	    "[default]\naws_access_key_id=A\r\n\n"
	    "[ shop ]\n  a = 1\n  b = two words # not a comment \n"
	    "[x y]\nk=v\n");
	put(config, "\xef\xbb\xbf# c\n; c\n[default]\nregion = r\n"
	    "[profile shop]\na = 9\nc=3\ns3 =\n  # c\n  addressing_style = path"
	    "\n  max = 2\nd = 4\nlong = one\n   two=2\n\te = 5\n"
	    "[profile \"q q\"]\nk=1\n[services sv]\ns3 =\n  endpoint_url = u\n"
	    "[sso-session shop]\na = 7\n[naked]\na=1\nempty =\nlast=1");
	ini = bk_ini_load(credentials, config, &e);
	if (!ok(ini != NULL, "two files are read (%s)", e.msg))
		return;
	is_str(bk_ini_get(ini, "default", "aws_access_key_id"), "A",
	    "carriage returns are blanks");
	is_str(bk_ini_get(ini, "default", "region"), "r",
	    "default needs no 'profile', a byte order mark does not matter");
	is_str(bk_ini_get(ini, "shop", "a"), "1", "credentials come first");
	is_str(bk_ini_get(ini, "shop", "b"), "two words # not a comment",
	    "no comments behind a value");
	is_str(bk_ini_get(ini, "shop", "c"), "3", "both files are one profile");
	is_str(bk_ini_get(ini, "shop", "s3.addressing_style"), "path",
	    "a sub-setting");
	is_str(bk_ini_get(ini, "shop", "s3.max"), "2", "and another");
	is_str(bk_ini_get(ini, "shop", "d"), "4", "the level ends");
	is_str(bk_ini_get(ini, "shop", "long"), "one two=2 e = 5",
	    "a value goes on where the line is indented");
	is_str(bk_ini_get(ini, "x y", "k"), "v", "a name with a blank");
	is_str(bk_ini_get(ini, "q q", "k"), "1", "a name in quotes");
	is_str(bk_ini_service(ini, "sv", "s3.endpoint_url"), "u", "services");
	ok(!bk_ini_has(ini, "naked"), "in config [x] is no profile");
	ok(bk_ini_get(ini, "naked", "last") == NULL, "nor are its settings");
	ok(bk_ini_get(ini, "shop", "s3") == NULL, "empty is not set");
	ok(bk_ini_get(ini, "sv", "s3.endpoint_url") == NULL,
	    "services are no profile");
	bk_ini_free(ini);

	ini = bk_ini_load("/nowhere/at/all", NULL, &e);
	ok(ini != NULL && !bk_ini_has(ini, "default"), "no files: nothing");
	bk_ini_free(ini);
}

static void
test_broken(void)
{
	static const struct { const char *text, *where; } bad[] = {
		{ "a = 1\n", "line 1: a setting before the first" },
		{ "[default]\nb\n", "line 2: neither" },
		{ "#\n\n[default\n", "line 3: a '['" },
		{ "[ ]\n", "line 1: a section without" },
		{ "[default]\n = 2\n", "line 2: a value without" },
		{ "[default]\ns3 =\n  path\n", "line 3: neither" },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bk_err e = {0};

		put(credentials, bad[i].text);
		ok(bk_ini_load(credentials, NULL, &e) == NULL &&
		    e.code == BK_USAGE && strstr(e.msg, bad[i].where) != NULL,
		    "refused: %s (%s)", bad[i].where, e.msg);
	}
}

/* A good file truncated at each length loads or is refused with a message. */
static void
test_cut(void)
{
	static const char text[] = "[default]\naws_access_key_id = A\n"
	    "[profile x]\ns3 =\n  addressing_style = path\n";
	char cut[sizeof(text)];
	size_t n, good = 0;

	for (n = 0; n < sizeof(text); n++) {
		struct bk_err e = {0};
		struct bk_ini *ini;

		memcpy(cut, text, n);
		cut[n] = '\0';
		put(config, cut);
		ini = bk_ini_load(NULL, config, &e);
		good += ini != NULL || (e.code == BK_USAGE && *e.msg != '\0');
		bk_ini_free(ini);
	}
	is_int((intmax_t)good, sizeof(text), "every truncation has an answer");
}

static void
test_precedence(void)
{
	begin("[default]\naws_access_key_id=CA\naws_secret_access_key=CS\n"
	    "[other]\naws_access_key_id=OA\naws_secret_access_key=OS\n"
	    "aws_session_token=OT\n", "[profile empty]\nregion=x\n");
	is_str(ask(), "CA:CS:", "the default profile");
	set("AWS_PROFILE", "other");
	is_str(ask(), "OA:OS:OT", "AWS_PROFILE");
	set("AWS_ACCESS_KEY_ID", "EA");
	begins(ask(), "2 AWS_ACCESS_KEY_ID is set, but AWS_SECRET",
	    "half of the environment's keys");
	set("AWS_SECRET_ACCESS_KEY", "ES");
	is_str(ask(), "EA:ES:", "the environment comes first");
	set("AWS_SESSION_TOKEN", "ET");
	is_str(ask(), "EA:ES:ET", "with its token");

	begin("", "[profile empty]\nregion=x\n");
	begins(ask(), "1 credentials: none found in the environment, profile "
	    "default, or instance metadata (AWS_EC2_METADATA_DISABLED is "
	    "true); set AWS_ACCESS_KEY_ID", "nothing anywhere");
	set("AWS_PROFILE", "empty");
	begins(ask(), "1 credentials: none found",
	    "a profile without keys is no last word");
	begin("", "[nope]\n");
	set("AWS_PROFILE", "nope");
	begins(
	    ask(), "2 profile nope: not in /", "a profile that is not there");
	begin("", "");
	set("AWS_WEB_IDENTITY_TOKEN_FILE", "/x");
	begins(ask(), "2 AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN",
	    "half of a web identity");
}

static void
test_profiles(void)
{
	begin("[default]\naws_access_key_id=A\n", "");
	begins(ask(), "2 profile default: one of", "half of a profile's keys");
	begin(
	    "[default]\naws_access_key_id=A\naws_secret_access_key=a b\n", "");
	begins(ask(), "1 profile: whitespace", "a key with a blank in it");
	begin("", "[default]\nrole_arn=r\nsource_profile=a\n"
	    "[profile a]\nrole_arn=r\nsource_profile=b\n"
	    "[profile b]\nrole_arn=r\nsource_profile=a\n");
	begins(ask(), "2 profile default: source_profile is circular",
	    "a circle of roles");
	begin("", "[default]\nrole_arn=r\nsource_profile=default\n");
	begins(ask(), "2 profile default: its source_profile default has no "
	    "keys", "its own source, but without keys");
	begin("", "[default]\nrole_arn=r\n");
	begins(ask(), "2 profile default: role_arn needs one of",
	    "a role and nobody to ask for it");
	begin("", "[default]\nrole_arn=r\nsource_profile=gone\n");
	begins(ask(), "2 profile default: its source_profile gone does "
	    "not exist",
	    "a source that is not there");
	begin("", "[default]\nrole_arn=r\ncredential_source=Moon\n");
	begins(ask(), "2 profile default: credential_source 'Moon'",
	    "an unknown source");
	begin("", "[default]\nrole_arn=r\ncredential_source=Environment\n");
	begins(ask(), "1 profile default: credential_source Environment has "
	    "no keys", "a source without keys");
	begin("", "[default]\nrole_arn=r\nmfa_serial=m\nsource_profile=x\n");
	begins(ask(), "2 profile default: mfa_serial", "MFA");
	begin("", "[default]\nsso_session=x\n");
	begins(ask(), "2 profile default: SSO needs sso_region", "half of SSO");
	begin("", "");
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/x");
	begins(ask(), "2 AWS_CONTAINER_CREDENTIALS_FULL_URI: must be https",
	    "a container's token does not go to a stranger");
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\nb");
	vars[nvars - 2].value = "http://127.0.0.1:1/x";
	begins(ask(), "2 AWS_CONTAINER_AUTHORIZATION_TOKEN: a line break",
	    "a token that would be a header");
}

static void
test_process(void)
{
	begin("", "[default]\ncredential_process = printf '{\"Version\":1,"
	    "\"AccessKeyId\":\"PA\",\"SecretAccessKey\":\"PS\",\"SessionToken\""
	    ":\"PT\",\"Expiration\":\"2999-01-01T00:00:00Z\"}' # a comment\n");
	is_str(ask(), "PA:PS:PT", "a credential_process");
	begin("", "[default]\ncredential_process = cat\n");
	begins(ask(), "1 credential_process: the answer is not a JSON",
	    "it does not get our standard input");
	begin("", "[default]\ncredential_process = exit 3\n");
	is_str(ask(), "1 credential_process: exit status 3", "it fails");
	begin("", "[default]\ncredential_process = kill -9 $$\n");
	is_str(ask(), "1 credential_process: killed by signal 9", "it dies");
	begin("", "[default]\ncredential_process = yes\n");
	begins(ask(), "1 credential_process: printed more than",
	    "it does not stop");
	begin("", "[default]\ncredential_process = echo '{\"Version\":2}'\n");
	begins(ask(), "1 credential_process: its answer is not \"Version\"",
	    "a version to come");
	begin("", "[default]\ncredential_process = echo '{\"Version\":1}'\n");
	begins(ask(), "1 credential_process: the answer has no AccessKeyId",
	    "no keys in it");
}

static void
test_settings(void)
{
	const struct bk_s3_settings *s;
	struct bk_err e = {0};
	struct bk_s3_cred *c;

	begin("", "");
	if ((c = bk_s3_cred_new(fake_env, NULL, 0, &e)) == NULL)
		exit(99);
	s = bk_s3_cred_settings(c);
	ok(strcmp(s->region, "us-east-1") == 0 && s->endpoint == NULL &&
	    s->ca_bundle == NULL && s->path_style == -1, "nothing set");
	bk_s3_cred_free(c);

	begin("", "[default]\nregion=r1\nendpoint_url=http://p\nca_bundle=/c\n"
	    "services=sv\ns3=\n addressing_style=path\n");
	if ((c = bk_s3_cred_new(fake_env, NULL, 0, &e)) == NULL)
		exit(99);
	s = bk_s3_cred_settings(c);
	is_str(s->region, "r1", "a profile's region");
	is_str(s->endpoint, "http://p", "its endpoint");
	is_str(s->ca_bundle, "/c", "its authorities");
	is_int(s->path_style, 1, "its style");
	bk_s3_cred_free(c);

	set("AWS_DEFAULT_REGION", "r2");
	set("AWS_ENDPOINT_URL", "http://e");
	set("AWS_CA_BUNDLE", "/d");
	set("AWS_REGION", "r3");
	set("AWS_ENDPOINT_URL_S3", "http://e3");
	put(config, "[default]\nservices=sv\ns3=\n addressing_style=virtual\n"
	    "[services sv]\ns3 =\n endpoint_url = http://sv\n");
	if ((c = bk_s3_cred_new(fake_env, NULL, 0, &e)) == NULL)
		exit(99);
	s = bk_s3_cred_settings(c);
	is_str(s->region, "r3", "AWS_REGION is before AWS_DEFAULT_REGION");
	is_str(s->endpoint, "http://e3", "AWS_ENDPOINT_URL_S3 comes first");
	is_str(s->ca_bundle, "/d", "AWS_CA_BUNDLE");
	is_int(s->path_style, 0, "virtual host style");
	bk_s3_cred_free(c);

	begin("", "[default]\nservices=sv\nendpoint_url=http://p\n"
	    "[services sv]\ns3 =\n endpoint_url = http://sv\n");
	if ((c = bk_s3_cred_new(fake_env, NULL, 0, &e)) == NULL)
		exit(99);
	is_str(bk_s3_cred_settings(c)->endpoint, "http://sv",
	    "a service's endpoint is before the profile's");
	bk_s3_cred_free(c);

	begin("", "[default]\nregion = us-east-1 # home\n");
	begins(ask(), "2 region 'us-east-1 # home'", "a region with a comment");
	begin("", "[default]\ns3 =\n addressing_style = x\n");
	begins(ask(), "2 profile default: addressing_style 'x'", "a bad style");
}

static const char *
endpoint(const char *service, const char *region)
{
	static struct bk_buf out;
	struct bk_err e = {0};
	struct bk_s3_cred *c = bk_s3_cred_new(fake_env, NULL, 0, &e);
	const struct bk_s3_settings *set;

	out.len = 0;
	if (c == NULL)
		return "refused";
	set = bk_s3_cred_settings(c);
	(void)bk_s3_aws_endpoint(&out, service, region, set->fips,
	    set->dual_stack, &e);
	bk_s3_cred_free(c);
	return out.data;
}

static void
test_endpoints(void)
{
	begin("", "");
	is_str(endpoint("s3", "eu-west-1"),
	    "https://s3.eu-west-1.amazonaws.com", "S3");
	is_str(endpoint("s3", "cn-north-1"),
	    "https://s3.cn-north-1.amazonaws.com.cn", "in China");
	is_str(endpoint("sts", "eusc-de-east-1"),
	    "https://sts.eusc-de-east-1.amazonaws.eu", "in the EU's cloud");
	is_str(endpoint("s3", "us-isob-east-1"),
	    "https://s3.us-isob-east-1.sc2s.sgov.gov", "in an isolated one");
	set("AWS_USE_FIPS_ENDPOINT", "True");
	is_str(endpoint("s3", "us-east-1"),
	    "https://s3-fips.us-east-1.amazonaws.com", "FIPS");
	is_str(endpoint("sts", "us-east-1"),
	    "https://sts-fips.us-east-1.amazonaws.com", "of STS");
	is_str(endpoint("sts", "us-gov-west-1"),
	    "https://sts.us-gov-west-1.amazonaws.com", "the government's");
	set("AWS_USE_DUALSTACK_ENDPOINT", "true");
	is_str(endpoint("s3", "us-east-1"),
	    "https://s3-fips.dualstack.us-east-1.amazonaws.com", "both");
	begin("", "[default]\nuse_dualstack_endpoint = TRUE\n");
	is_str(endpoint("s3", "us-east-1"),
	    "https://s3.dualstack.us-east-1.amazonaws.com", "dual stack");
	is_str(endpoint("sts", "us-east-1"),
	    "https://sts.us-east-1.api.aws", "of STS");

	begin("", "[default]\nUse_FIPS_Endpoint = true\n"
	    "endpoint_url = http://p\n");
	begins(ask(), "2 a FIPS endpoint is demanded", "FIPS elsewhere");
	set("AWS_USE_FIPS_ENDPOINT", "false");
	begins(ask(), "1 credentials: none", "unless switched off");
	begin("", "[default]\nuse_fips_endpoint = true\n"
	    "endpoint_url = http://p\nignore_configured_endpoint_urls=true\n");
	set("AWS_ENDPOINT_URL", "http://e");
	is_str(endpoint("s3", "us-east-1"),
	    "https://s3-fips.us-east-1.amazonaws.com", "or URLs are ignored");
	begin("", "[default]\nAWS_Access_Key_ID = A\n"
	    "AWS_SECRET_ACCESS_KEY = b\n");
	is_str(ask(), "A:b:", "settings' names in other case");
	begin("", "[default]\nlogin_session = arn:x\n");
	begins(ask(), "2 profile default: login_session is not supported",
	    "a login_session");
	begin("", "");
	set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@127.0.0.1:9/x");
	begins(ask(), "2 AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: must begin",
	    "a relative URI with a host");
	begin("", "");
	set("AWS_WEB_IDENTITY_TOKEN_FILE", config);
	set("AWS_ROLE_ARN", "arn:x");
	set("AWS_ENDPOINT_URL", "http://192.0.2.1");
	begins(ask(), "2 http://192.0.2.1: the web identity's token goes",
	    "a web identity in clear");
	begin("", "[default]\nsso_session = s\nsso_account_id = 1\n"
	    "sso_role_name = r\n[sso-session s]\nsso_region = eu-west-1\n");
	set("HOME", dir);
	begins(ask(), "1 profile default: /tmp/bk-cred-", "no SSO login");
	set("AWS_ENDPOINT_URL_SSO", "http://192.0.2.1");
	begins(ask(), "2 http://192.0.2.1: the SSO token goes", "in clear");
}

static void
test_json(void)
{
	static const char good[] = "{\"AccessKeyId\":\"A\","
	    "\"SecretAccessKey\":\"S\",\"Token\":\"T\","
	    "\"Expiration\":\"2030-01-02T03:04:05Z\"}";
	char cut[sizeof(good)];
	struct bk_cred_keys k = {0};
	size_t n, refused = 0;

	for (n = 0; n < sizeof(good) - 1; n++) {
		struct bk_err e = {0};

		memcpy(cut, good, n);
		cut[n] = '\0';
		refused += bk_cred_keys_json(&k, "x", cut, "Token", &e) == -1 &&
		    e.code == BK_FAIL && k.access_key == NULL;
	}
	is_int((intmax_t)refused, sizeof(good) - 1, "every truncation refused");
	for (n = 0; n < 4; n++) {
		static const char *const bad[] = { "[]", "{\"AccessKeyId\":1,"
		    "\"SecretAccessKey\":\"S\"}", "{\"AccessKeyId\":\"A\","
		    "\"SecretAccessKey\":\"S\",\"Expiration\":\"soon\"}",
		    "{\"AccessKeyId\":\"A\\r\\nX: y\","
		    "\"SecretAccessKey\":\"S\"}" };
		struct bk_err e = {0};

		ok(bk_cred_keys_json(&k, "x", bad[n], "Token", &e) == -1,
		    "refused: %s (%s)", bad[n], e.msg);
	}
}

/* Keys are good until they expire, though their source fails meanwhile. */
static void
test_renewal(void)
{
	const time_t end = 4070908800;	/* 2099-01-01T00:00:00Z */
	char text[200];
	struct bk_err e = {0};
	struct bk_s3_keys k;
	struct bk_s3_cred *c;

	(void)snprintf(text, sizeof(text), "[default]\ncredential_process = "
	    "[ ! -e %s/c ] && touch %s/c && printf '{\"Version\":1,"
	    "\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
	    "\"Expiration\":\"2099-01-01T00:00:00Z\"}'\n", dir, dir);
	begin("", text);
	if ((c = bk_s3_cred_new(fake_env, NULL, 0, &e)) == NULL)
		exit(99);
	is_int(bk_s3_cred_get(c, 0, &k, &e), 0, "keys that expire");
	starve_ahead = end - 120 - time(NULL);
	ok(bk_s3_cred_get(c, 0, &k, &e) == 0 && e.code == BK_OK &&
	    strcmp(k.access_key, "A") == 0, "soon, and cannot be renewed");
	starve_ahead += 120;
	is_int(bk_s3_cred_get(c, 0, &k, &e), -1, "have expired");
	is_str(e.msg, "credential_process: exit status 1", "by now");
	starve_ahead = 0;
	bk_s3_cred_free(c);
	(void)snprintf(text, sizeof(text), "%s/c", dir);
	(void)unlink(text);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL)
		return 99;
	(void)snprintf(credentials, sizeof(credentials), "%s/a", dir);
	(void)snprintf(config, sizeof(config), "%s/b", dir);
	test_ini();
	test_broken();
	test_cut();
	test_precedence();
	test_profiles();
	test_process();
	test_settings();
	test_endpoints();
	test_json();
	test_renewal();
	(void)unlink(credentials);
	(void)unlink(config);
	(void)rmdir(dir);
	return tap_done();
}
