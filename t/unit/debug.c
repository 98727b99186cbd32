/* Debug lines: topics, format, no secret in any. */
#include <errno.h>
#include <stdlib.h>

#include "base/debug.h"
#include "base/redact.h"
#include "tap.h"

/* The secret in all cases below: no part of it may remain. */
#define SECRET "hunter2"

static char got[BK_DEBUG_MAX + 64];
static int lines;

static void
take(const char *topic, const char *text)
{
	(void)snprintf(got, sizeof(got), "%s: %s", topic, text);
	errno = EIO;
	lines++;
}

/* The exact output for text. */
static void
shows(const char *text, const char *want)
{
	char out[1024];

	bk_redact(text, out, sizeof(out));
	is_str(out, want, text);
}

/* The secret, "hunter2", is not shown, alone or with text after it. */
static void
hides(const char *text)
{
	char out[1024], more[1024];

	bk_redact(text, out, sizeof(out));
	if (!ok(strstr(text, SECRET) != NULL && strstr(out, SECRET) == NULL &&
	    strstr(out, BK_REDACTED) != NULL, "hides: %s", text))
		printf("# shows: %s\n", out);
	(void)snprintf(more, sizeof(more), "GET / HTTP/1.1 (%s) x y", text);
	bk_redact(more, out, sizeof(out));
	if (!ok(strstr(out, SECRET) == NULL, "in a line"))
		printf("# shows: %s\n", out);
}

static void
check_headers(void)
{
	shows("Host: a\nAuthorization: AWS4-HMAC-SHA256 Credential=AK/2026, "
	    "Signature=ab12\nx: y", "Host: a\nAuthorization: [redacted]\nx: y");
	shows("x-amz-date:20260101\nx-amz-security-token:a+/=\n\nhost;x-amz-"
	    "security-token\nUNSIGNED", "x-amz-date:20260101\n"
	    "x-amz-security-token:[redacted]\n\nhost;x-amz-security-token\n"
	    "UNSIGNED");
	hides("authorization: Basic hunter2");
	hides("AUTHORIZATION:hunter2");
	hides("Proxy-Authorization: Digest a=b, response=\"hunter2\"");
	hides("X-Amz-Security-Token: hunter2");
	hides("x-AMZ-security-TOKEN:hunter2==");
	hides("x-amz-server-side-encryption-customer-key: hunter2");
	hides("x-amz-copy-source-server-side-encryption-customer-key:hunter2");
	hides("X-aws-ec2-metadata-token: hunter2");
	hides("Cookie: a=b; c=hunter2");
	hides("-H 'Authorization: Bearer hunter2'");
	hides("sent Bearer hunter2");
	hides("Authorization%3A%20Bearer%20hunter2");
}

static void
check_parameters(void)
{
	shows("/b/k?X-Amz-Algorithm=A&X-Amz-Credential=AK%2F1&X-Amz-Date=2026"
	    "&X-Amz-Signature=ab12&x=1", "/b/k?X-Amz-Algorithm=A"
	    "&X-Amz-Credential=[redacted]&X-Amz-Date=2026"
	    "&X-Amz-Signature=[redacted]&x=1");
	hides("?x-amz-signature=hunter2");
	hides("&X-Amz-Security-Token=IQ%2Fhunter2%3D%26hunter2");
	hides("/x?a=b&X%2DAmz%2DSignature=hunter2");
	hides("/x?u=%3FX-Amz-Signature%3Dhunter2");
	hides("/x?u=a%26x-amz-security-token%3dhunter2%26b%3dhunter2");
	hides("/x?u=%2526X-Amz-Credential%253Dhunter2");
	hides("/x?sig=hunter2");
	hides("Action=AssumeRoleWithWebIdentity&WebIdentityToken=hunter2");
	shows("PUT /b/k?partNumber=1&uploadId=2~x", "PUT /b/k?partNumber=1"
	    "&uploadId=2~x");
}

static void
check_conninfo(void)
{
	shows("host=h password=abc dbname=d",
	    "host=h password=[redacted] dbname=d");
	shows("host=h password='a b' dbname=d",
	    "host=h password=[redacted] dbname=d");
	hides("password = 'hunter2'");
	hides("PASSWORD =\thunter2");
	hides("password=a\\ hunter2 host=h");
	hides("password='a\\'hunter2 hunter2' host=h");
	hides("password='a hunter2");
	hides("password=a'b hunter2'");
	hides("sslpassword=hunter2 host=h");
	hides("PGPASSWORD=hunter2 pg_dump shop");
	hides("PGPASSWORD='it'\\''s hunter2' pg_dump");
	hides("PGPASSWORD=\"a hunter2\" pg_dump");
	hides("PGPASSWORD='a'\"b hunter2\" pg_dump");
	hides("export BK_PASSPHRASE=hunter2");
	hides("AWS_SECRET_ACCESS_KEY=hunter2");
	hides("MYSQL_PWD=hunter2");
	hides("db_pass=hunter2");
	hides("oauth_client_secret=hunter2");
	hides("password%3Dhunter2");
	hides("password%20%3D%20hunter2");
	hides("password=a%20hunter2");
	hides("password%3D%27a%20hunter2%27");
	shows("passfile=/root/.pgpass host=h", "passfile=/root/.pgpass host=h");
	shows("AWS_X_TOKEN_FILE=/t", "AWS_X_TOKEN_FILE=/t");
	shows("password authentication failed for user \"x\"",
	    "password authentication failed for user \"x\"");
}

static void
check_urls(void)
{
	shows("postgresql://me:abc@h:5432/d?sslmode=require",
	    "postgresql://me:[redacted]@h:5432/d?sslmode=require");
	shows("postgres://me@h:5432/d", "postgres://me@h:5432/d");
	shows("s3://b/a:b@c", "s3://b/a:b@c");
	shows("to http://127.0.0.1:9000 now", "to http://127.0.0.1:9000 now");
	shows("https://hooks.slack.com/services/T/B/x failed",
	    "https://hooks.slack.com[redacted] failed");
	hides("postgres://me:hunter2@h/d");
	hides("POSTGRES://me:hunter2@h");
	hides("postgres://me:a@hunter2@h/d");
	hides("postgres://me:a/hunter2@h/d");
	hides("postgres://me:a hunter2@h/d");
	hides("postgres://h/d?user=me&password=hunter2&sslmode=x");
	hides("postgres%3A%2F%2Fme%3Ahunter2%40h%2Fd");
	hides("mysql://me:hunter2@h/d");
	hides("https://me:hunter2@h/x");
	hides("https://me:a/hunter2@h/x");
	hides("https://hunter2@github.com/x");
	hides("HTTPS://hooks.slack.com/services/T0/B0/hunter2");
	hides("https://api.telegram.org/bot1:hunter2/sendMessage");
	hides("https://chat.googleapis.com/v1?key=hunter2");
	hides("http://169.254.170.2/v2/hunter2");
	hides("u=https%3A%2F%2Fdiscord.com%2Fapi%2Fhunter2");
}

static void
check_sql(void)
{
	shows("ALTER ROLE a WITH LOGIN PASSWORD 'x''y' VALID UNTIL 'z'",
	    "ALTER ROLE a WITH LOGIN PASSWORD [redacted] VALID UNTIL 'z'");
	shows("ALTER ROLE a PASSWORD NULL", "ALTER ROLE a PASSWORD NULL");
	hides("create user a encrypted password 'hunter2'");
	hides("ALTER ROLE a PASSWORD'hunter2'");
	hides("ALTER ROLE a PASSWORD\n\t'SCRAM-SHA-256$4096:hunter2$x:y'");
	hides("ALTER ROLE a PASSWORD E'it\\'s hunter2'");
	hides("ALTER ROLE a PASSWORD 'it''s hunter2'");
	hides("ALTER ROLE a PASSWORD 'x'\n'hunter2'");
	hides("ALTER ROLE a PASSWORD U&'\\0061hunter2'");
	hides("ALTER ROLE a PASSWORD $$it's hunter2$$");
	hides("ALTER ROLE a PASSWORD $x$ $$ hunter2$x$");
	hides("ALTER ROLE a PASSWORD 'a\\', x PASSWORD 'hunter2'");
	hides("ALTER ROLE a PASSWORD 'cut hunter2");
	hides("OPTIONS (user 'u', password 'hunter2')");
	hides("OPTIONS (\"password\" 'a hunter2')");
	hides("CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2'");
	hides("CONNECTION 'host=h password=''a hunter2''' PUBLICATION p");
}

static void
check_documents(void)
{
	shows("{\"AccessKeyId\":\"AK\",\"SecretAccessKey\" : \"a b\",\"x\":1}",
	    "{\"AccessKeyId\":\"AK\",\"SecretAccessKey\" : [redacted],"
	    "\"x\":1}");
	hides("{\"Token\":\"a hunter2\"}");
	hides("{\\\"password\\\":\\\"a hunter2\\\"}");
	hides("<Credentials><SessionToken>a hunter2</SessionToken>");
	hides("'password': 'a hunter2'");
	hides("%22SecretAccessKey%22%3A%22a%20hunter2%22");
	hides("password: hunter2");
	hides("AGE-SECRET-KEY-1hunter2");
	hides("age-secret-key-1hunter2");
}

static void
check_children(void)
{
	char *argv[] = { "/usr/bin/pg_dump", "-d", "host=a password=hunter2",
	    "--password", SECRET, "--passphrase=a hunter2", "it's", "", "a b",
	    NULL };
	char *shell[] = { "sh", "-c", "curl -u x:y https://h/hunter2; "
	    "PGPASSWORD='a hunter2' pg_dump", NULL };

	bk_debug_started(42, argv);
	is_str(got, "child: 42 started: /usr/bin/pg_dump -d "
	    "'host=a password=[redacted]' --password [redacted] "
	    "--passphrase=[redacted] 'it'\\''s' '' 'a b'", "a command line");
	bk_debug_started(43, shell);
	if (!ok(strstr(got, SECRET) == NULL && strstr(got, "curl") != NULL,
	    "a shell's"))
		printf("# %s\n", got);
	bk_debug_ended(42, 3 << 8);
	ok(strncmp(got, "child: 42 ended: status 3, 0.0", 30) == 0, "%s", got);
	bk_debug_ended(43, 15);
	ok(strncmp(got, "child: 43 ended: signal 15, 0.0", 31) == 0, "%s",
	    got);
}

static void
check_lines(void)
{
	static char huge[100000];

	memset(huge, 'a', sizeof(huge) - 1);
	lines = 0;
	bk_debug_set(BK_DEBUG_SQL, take);
	bk_debug(BK_DEBUG_S3, "%s", SECRET);
	bk_debug_started(1, (char *[]){ "x", NULL });
	is_int(lines, 0, "a topic that nobody wants");
	errno = EINTR;
	bk_debug(BK_DEBUG_SQL, "a\n\tb %d, password=%s", 7, SECRET);
	is_int(errno, EINTR, "errno is kept");
	is_str(got, "sql: a\\n\\tb 7, password=[redacted]", "one line");
	bk_debug(BK_DEBUG_SQL, "%s", huge);
	ok(strlen(got) > 3800 && strlen(got) < BK_DEBUG_MAX + 5, "cut");
	bk_debug(BK_DEBUG_SQL, "password='%s%s'", huge, SECRET);
	is_str(got, "sql: password=[redacted]", "cut within a secret");
	bk_debug_set(BK_DEBUG_CHILD | BK_DEBUG_S3, take);
}

static void
check_topics(void)
{
	struct bk_err e = {0};
	unsigned topics;

	is_int(bk_debug_parse("child,s3", &topics, &e), 0, "two topics");
	is_int(topics, BK_DEBUG_CHILD | BK_DEBUG_S3, "these");
	is_int(bk_debug_parse("sql", &topics, &e), 0, "one");
	is_int(topics, BK_DEBUG_SQL, "this");
	is_int(bk_debug_parse("s3,http", &topics, &e), -1, "an unknown one");
	is_int(e.code, BK_USAGE, "is a usage error");
	ok(strstr(e.msg, "'http'") != NULL && strstr(e.msg, "s3, sql, child"),
	    "%s", e.msg);
	e = (struct bk_err){0};
	is_int(bk_debug_parse("s", &topics, &e), -1, "half of one");
	e = (struct bk_err){0};
	is_int(bk_debug_parse(",s3", &topics, &e), -1, "an empty one");
}

/* Arbitrary text: no crash, no overflow. */
static void
check_noise(void)
{
	static const char *const bits[] = { "password", "=", " ", "'", "\"",
	    "\\", "$", "%", "%3", "%3D", "%25", "://", "http", "s3", "@", ":",
	    "-", "?", "&", "Bearer", "\n", "<", ">", "token", "a", "" };
	char text[256], out[256], small[16];
	int i, j, good = 1;

	srand(7);
	for (i = 0; i < 200000; i++) {
		text[0] = '\0';
		for (j = rand() % 12; j >= 0; j--)
			strcat(text, bits[(size_t)rand() % (sizeof(bits) /
			    sizeof(bits[0]))]);
		bk_redact(text, out, sizeof(out));
		bk_redact(text, small, sizeof(small));
		good &= strncmp(out, small, sizeof(small) - 1) == 0;
		bk_redact_word(text, out, sizeof(out));
	}
	ok(good, "noise");
}

int
main(void)
{
	check_headers();
	check_parameters();
	check_conninfo();
	check_urls();
	check_sql();
	check_documents();
	check_lines();
	check_children();
	check_topics();
	check_noise();
	return tap_done();
}
