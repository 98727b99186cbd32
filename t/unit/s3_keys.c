/* Where keys come from: each call of each source fails once; odd answers. */
#include <sys/stat.h>

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/buf.h"
#include "base/hex.h"
#include "json/json_write.h"
#include "s3/cred.h"
#include "s3/url.h"
#include "http_host.h"
#include "starve.h"
#include "tap.h"

#define KEYS "\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"," \
	"\"Expiration\":\"2999-01-01T00:00:00Z\""
#define STS "<R><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S" \
	"</SecretAccessKey><SessionToken>T</SessionToken><Expiration>" \
	"2999-01-01T00:00:00Z</Expiration></Credentials></R>"

static char dir[] = "/tmp/bk-keys-XXXXXX";
static int port;
static struct { char name[48], value[300]; } vars[16];
static size_t nvars;

/* What the path says, or the right thing. */
static void
answer(const struct http_ask *ask, struct http_say *say)
{
	static const struct { const char *path; int status; const char *body; }
	    odd[] = {
		{ "/empty", 200, "" },
		{ "/page", 502, "<html>" },
		{ "/xml", 403, "<R><Error><Code>No</Code></Error></R>" },
		{ "/text", 400, "{\"error\":\"text\"}" },
		{ "/inner", 400, "{\"error\":{\"message\":\"inner\"}}" },
		{ "/array", 200, "[]" },
		{ "/none", 200, "{\"roleCredentials\":{}}" },
		{ "/imds/latest/api/token", 200, "t" },
		{ "/imds/latest/meta-data/iam/security-credentials/r", 200,
		    "{" KEYS ",\"Token\":\"T\"}" },
		{ "/imds/latest/meta-data/iam/security-credentials/", 200,
		    "r\n" },
		{ "/container", 200, "{" KEYS ",\"Token\":\"T\"}" },
		{ "/sso", 200, "{\"roleCredentials\":{\"accessKeyId\":\"A\","
		    "\"secretAccessKey\":\"S\",\"sessionToken\":\"T\","
		    "\"expiration\":32472144000000}}" },
		{ "/sts", 200, STS },
		{ "/account", 200, "{\"accessToken\":\"T\",\"expireTime\":"
		    "\"2999-01-01T00:00:00Z\"}" },
		{ "/google", 200, "{\"access_token\":\"T\","
		    "\"expires_in\":60}" },
		{ "/computeMetadata", 200, "{\"access_token\":\"T\","
		    "\"expires_in\":60}" },
	};
	static char big[65 * 1024 / 2 * 2];
	size_t i;

	if (strncmp(ask->path, "/big", 4) == 0)
		*say = (struct http_say){ 200, NULL, big, sizeof(big) };
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (strncmp(ask->path, odd[i].path, strlen(odd[i].path)) == 0) {
			*say = (struct http_say){ odd[i].status, NULL,
			    odd[i].body, 0 };
			return;
		}
}

static char *
env(const char *name)
{
	size_t i;

	for (i = 0; i < nvars; i++)
		if (strcmp(vars[i].name, name) == 0)
			return vars[i].value;
	return NULL;
}

/* In value, "@" is the server and "~" the directory. */
static void
set(const char *name, const char *value)
{
	char *out = vars[nvars].value;
	size_t n;

	(void)snprintf(vars[nvars].name, sizeof(vars[0].name), "%s", name);
	for (*out = '\0'; *value != '\0'; value++) {
		n = strlen(out);
		if (*value == '@')
			(void)snprintf(out + n, sizeof(vars[0].value) - n,
			    "http://127.0.0.1:%d", port);
		else if (*value == '~')
			(void)snprintf(out + n, sizeof(vars[0].value) - n,
			    "%s", dir);
		else
			(void)snprintf(out + n, sizeof(vars[0].value) - n,
			    "%c", *value);
	}
	nvars++;
}

/* Write ~/name, with the same replacements. */
static void
put(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((f = fopen(path, "w")) == NULL)
		exit(99);
	for (; *text != '\0'; text++)
		if (*text == '@')
			fprintf(f, "http://127.0.0.1:%d", port);
		else if (*text == '~')
			fputs(dir, f);
		else
			(void)fputc(*text, f);
	if (fclose(f) != 0)
		exit(99);
}

static void
begin(const char *config)
{
	nvars = 0;
	put("config", config);
	set("HOME", "~");
	set("AWS_CONFIG_FILE", "~/config");
	set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "@/imds/");
	set("GCE_METADATA_HOST", "127.0.0.1:1");
}

static int
get(void *google, struct bk_err *e)
{
	struct bk_s3_cred *c = bk_s3_cred_new(env, NULL, google != NULL, e);
	struct bk_s3_keys k;
	int rc = c != NULL ? bk_s3_cred_get(c, 0, &k, e) : -1;

	if (rc == 0 && (k.session_token == NULL ||
	    strcmp(k.session_token, "T") != 0))
		rc = 1;
	bk_s3_cred_free(c);
	return rc;
}

/* It works, and each call may fail. */
static void
works(const char *what, int google)
{
	struct bk_err e = {0};

	if (ok(get(google ? "" : NULL, &e) == 0, "%s (%s)", what, e.msg))
		starve_all(what, get, google ? "" : NULL);
}

static void
fails(const char *what, int google, const char *want)
{
	struct bk_err e = {0};

	if (!ok(get(google ? "" : NULL, &e) == -1 &&
	    strstr(e.msg, want) != NULL, "%s", what))
		printf("# got '%s'\n", e.msg);
}

static void
test_aws(void)
{
	begin("[default]\nregion = eu-west-1\n");
	works("an instance's metadata", 0);
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "@/container");
	put("token", "secret\n");
	set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "~/token");
	works("a container", 0);

	begin("[default]\nrole_arn = r\nexternal_id = x\nsource_profile = s\n"
	    "duration_seconds = 900\n[profile s]\naws_access_key_id = A\n"
	    "aws_secret_access_key = S\naws_session_token = T\n"
	    "[profile \"odd name\"]\ns3 =\n addressing_style = path\n");
	set("AWS_ENDPOINT_URL_STS", "@/sts");
	works("a role", 0);
	begin("[default]\nrole_arn = r\ncredential_source = EcsContainer\n");
	set("AWS_ENDPOINT_URL_STS", "@/sts");
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "@/container");
	works("a role for a container", 0);
	begin("[default]\nrole_arn = r\n"
	    "credential_source = Ec2InstanceMetadata\n");
	set("AWS_ENDPOINT_URL_STS", "@/sts");
	works("a role for an instance", 0);
	begin("");
	set("AWS_ENDPOINT_URL_STS", "@/sts");
	set("AWS_WEB_IDENTITY_TOKEN_FILE", "~/token");
	set("AWS_ROLE_ARN", "r");
	works("a web identity", 0);

	begin("[default]\ncredential_process = echo '{\"Version\":1," KEYS
	    ",\"SessionToken\":\"T\"}'\n");
	works("a credential_process", 0);
}

/* ~/.aws/sso/cache/SHA-1 of "s". */
static void
log_in(const char *text)
{
	unsigned char sha1[EVP_MAX_MD_SIZE];
	char hex[41], name[80];

	(void)EVP_Digest("s", 1, sha1, NULL, EVP_sha1(), NULL);
	bk_hex(sha1, 20, hex);
	(void)snprintf(name, sizeof(name), ".aws/sso/cache/%s.json", hex);
	put(name, text);
}

static void
test_sso(void)
{
	static const char good[] = "{\"accessToken\":\"t\",\"expiresAt\":"
	    "\"2999-01-01T00:00:00Z\"}";
	static const char config[] = "[default]\nsso_session = s\n"
	    "sso_account_id = 1\nsso_role_name = r\n[sso-session s]\n"
	    "sso_region = eu-west-1\n";
	static const char *const dirs[] = { ".aws", ".aws/sso",
	    ".aws/sso/cache" };
	char name[512];
	size_t i;

	for (i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", dir, dirs[i]);
		if (mkdir(name, 0700) == -1)
			exit(99);
	}
	begin(config);
	set("AWS_ENDPOINT_URL_SSO", "@/sso");
	log_in(good);
	works("SSO", 0);
	log_in("{}");
	fails("a file of no SSO session", 0, "its SSO session's file is not");
	log_in(good);
	begin(config);
	set("AWS_ENDPOINT_URL_SSO", "@/none");
	fails("an answer of SSO without keys", 0, "no credentials in");
}

static void
test_odd(void)
{
	begin("");
	put("empty", " \n");
	set("AWS_ENDPOINT_URL_STS", "@/sts");
	set("AWS_WEB_IDENTITY_TOKEN_FILE", "~/empty");
	set("AWS_ROLE_ARN", "r");
	fails("no web identity in the file", 0, "contains no web identity");
	begin("");
	set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "@/big");
	fails("an answer of 65 KiB", 0, "127.0.0.1");
	begin("");
	set("AWS_ROLE_ARN", "r");
	vars[2].value[0] = '\0';
	memset(vars[2].value, 'x', sizeof(vars[2].value) - 1);
	fails("a long endpoint", 0, "AWS_EC2_METADATA_SERVICE_ENDPOINT is too");
}

/* A key for a service account, of 512 bits; or of another kind. */
static void
put_account(const char *type, const char *url)
{
	EVP_PKEY *key = strcmp(type, "RSA") == 0 ?
	    EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024) :
	    EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = BIO_new(BIO_s_mem());
	struct bk_buf text = {0};
	struct bk_err e = {0};
	char *pem;
	long n;

	(void)PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	(void)BIO_write(bio, "", 1);
	n = BIO_get_mem_data(bio, &pem);
	if (n <= 0 || bk_buf_printf(&text, &e, "{\"type\":\"service_account\","
	    "\"client_email\":\"a\",\"token_uri\":\"@%s\",\"private_key\":",
	    url) == -1 || bk_json_string(&text, pem, &e) == -1 ||
	    bk_buf_puts(&text, "}", &e) == -1)
		exit(99);
	put("google", text.data);
	bk_buf_free(&text);
	BIO_free(bio);
	EVP_PKEY_free(key);
}

static void
test_google(void)
{
	begin("");
	set("GOOGLE_APPLICATION_CREDENTIALS", "~/google");
	put_account("RSA", "/google");
	works("a service account", 1);
	put_account("ED25519", "/google");
	fails("a key that is not RSA", 1, "not an RSA key");
	put_account("RSA", "/text");
	fails("a refusal", 1, "status 400: text");
	put_account("RSA", "/inner");
	fails("one with a structure", 1, "status 400: inner");
	put_account("RSA", "/page");
	fails("a page instead", 1, "status 502");
	put_account("RSA", "/array");
	fails("no token", 1, "no token in the answer");
	put("google", "{\"type\":\"authorized_user\",\"client_id\":\"i\","
	    "\"client_secret\":\"s\",\"refresh_token\":\"r\","
	    "\"token_uri\":\"@/google\"}");
	works("a user", 1);
	put("google", "{\"type\":\"authorized_user\",\"client_id\":\"i\"}");
	fails("a user without a token", 1, "has no \"client_secret\"");
	put("subject", "{\"t\":\"token\"}");
	put("google", "{\"type\":\"external_account\",\"audience\":\"a\","
	    "\"subject_token_type\":\"jwt\",\"token_url\":\"@/google\","
	    "\"service_account_impersonation_url\":\"@/account\","
	    "\"credential_source\":{\"file\":\"~/subject\",\"format\":"
	    "{\"subject_token_field_name\":\"t\"}}}");
	works("a federated identity", 1);
	put("google", "{\"type\":\"external_account\",\"audience\":\"a\","
	    "\"subject_token_type\":\"jwt\",\"token_url\":\"@/google\","
	    "\"credential_source\":{\"file\":\"~/gone\"}}");
	fails("one whose token is gone", 1, "/gone");
}

static void
test_metadata(void)
{
	nvars = 0;
	set("HOME", "~");
	set("GCE_METADATA_HOST", "@");
	memmove(vars[1].value, vars[1].value + 7, strlen(vars[1].value) - 6);
	works("Google's metadata", 1);
}

static int
url(void *arg, struct bk_err *e)
{
	struct bk_s3_url u;
	int rc = bk_s3_url_parse(arg, &u, e);

	if (rc == 0)
		bk_s3_url_free(&u);
	return rc;
}

int
main(void)
{
	char command[64];

	alarm(300);			/* a hang is a failure */
	if (mkdtemp(dir) == NULL || curl_global_init(CURL_GLOBAL_ALL) != 0)
		return 99;
	port = http_host(answer);
	test_aws();
	test_sso();
	test_odd();
	test_google();
	test_metadata();
	starve_all("a URL", url, (char[]){ "s3://bucket/k" });
	http_host_end();
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) != 0 || tap_done();
}
