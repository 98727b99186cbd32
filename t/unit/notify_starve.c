/* Messages: what is news, and sending it; each call fails once. */
#include <sys/stat.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "notify/change.h"
#include "notify/mail.h"
#include "notify/webhook.h"
#include "http_host.h"
#include "starve.h"
#include "tap.h"

static char dir[] = "/tmp/bk-notify-XXXXXX";
static char url[64], history[64], template[64], log_file[64], input[64],
    login[64];
static struct bk_notify_options way = { .retry_for = 1, .from = "a@b" };

static void
answer(const struct http_ask *ask, struct http_say *say)
{
	(void)ask;
	*say = (struct http_say){ 200, NULL, "OK", 0 };
}

/* By calls that do not fail. */
static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0 ||
	    chmod(name, 0600) == -1)
		exit(99);
}

static void
clear(struct bk_notify_message *m)
{
	bk_notify_message_free(m);
}

/* Read text, what is news of it, and remember that. */
static int
tell(void *text, struct bk_err *e)
{
	struct bk_notify_message m = { .host = "h", .now = 1000000 };
	struct bk_notify_reports past = {0}, told = {0};
	struct bk_notify_told *file = NULL;
	int rc = -1;

	put(input, text);
	if (lseek(STDIN_FILENO, 0, SEEK_SET) == -1)
		return bk_fail_errno(e, "standard input");
	if (bk_notify_message_read(&m, e) == 0 &&
	    (file = bk_notify_told_open(history, &past, e)) != NULL &&
	    (rc = bk_notify_news(&m, &past, 60, &told, e)) == 1)
		rc = bk_notify_told_store(file, &told, e);
	bk_notify_told_close(file);
	bk_notify_reports_free(&past);
	bk_notify_reports_free(&told);
	clear(&m);
	return rc;
}

#define SUBJECT(state, name, note) "{\"kind\":\"backup\",\"name\":\"" name \
	"\",\"series\":\"" name "\",\"status\":\"" state "\",\"note\":" note \
	",\"checks\":{\"age\":{\"status\":\"" "OK" "\",\"value\":60," \
	"\"warning\":90000,\"critical\":null}}}"

static void
test_news(void)
{
	static char text[] = "{\"time\":\"2026-11-21T05:27:19Z\",\"subjects\":["
	    SUBJECT("CRITICAL", "shop", "\"lost\"") ","
	    SUBJECT("OK", "blog", "null") ","
	    SUBJECT("WARNING", "crm\\n", "null") "]}\n";
	static char twice[] = "{\"subjects\":["
	    SUBJECT("CRITICAL", "shop", "null") ","
	    SUBJECT("OK", "shop", "null") "]}\n";
	static char odd[] = "{\"subjects\":[" SUBJECT("FINE", "shop", "1") "]}";
	static const char past[] = "bk-notify 2\n"
	    "WARNING 1970-01-01T00:00:01Z 1970-01-01T00:00:01Z shop\n"
	    "WARNING 1970-01-01T00:00:01Z 1970-01-01T00:00:01Z blog\n"
	    "WARNING 1970-01-01T00:00:01Z 1970-01-01T00:00:01Z crm\n"
	    "WARNING 1970-01-01T00:00:01Z 1970-01-01T00:00:01Z gone\n";
	struct bk_buf was = {0};
	struct bk_err e = {0};
	int fd;

	put(input, "");
	fd = open(input, O_RDONLY);
	if (dup2(fd, STDIN_FILENO) == -1)
		exit(99);
	put(history, past);
	starve_all("the first news", tell, text);
	put(history, past);
	starve_all("news", tell, text);
	put(history, past);
	starve_all("news of one subject", tell, twice);
	put(history, past);
	starve_all("what is not bk-age's", tell, odd);
	put(history, "bk-notify 2\nCRITICAL 1970-01-01T00:00:01Z "
	    "1970-01-01T00:00:01Z \n");
	starve_all("nothing but OK", tell, "BACKUP OK - a: b\n");
	ok(tell("BACKUP OK - a: b\n", &e) == 0 && e.code == BK_OK,
	    "nothing is news");
	bk_buf_free(&was);
	close(fd);
}

static int
from_audit(void *arg, struct bk_err *e)
{
	struct bk_notify_message m = { .host = "h", .now = 1000000,
	    .known = arg != NULL, .state = BK_STATE_CRITICAL };
	int rc = bk_notify_message_audit(&m, log_file, e);

	if (rc == 0)
		rc = bk_notify_message_failed(&m, &(struct bk_err){ .code =
		    BK_FAIL, .msg = "why" }, e);
	clear(&m);
	return rc;
}

static void
test_audit(void)
{
	put(log_file, "{\"timestamp\":\"2026-11-21T05:37:19Z\",\"operation\":"
	    "\"bk-dump\",\"source\":\"shop\",\"status\":\"failure\","
	    "\"error\":\"refused\",\"run\":\"0123456789abcdef\"}\n"
	    "{\"timestamp\":\"2026-11-21T05:37:19Z\",\"operation\":\"bk-save\","
	    "\"destination\":\"/a/shop-2026-11-21.bk\",\"status\":\"failure\","
	    "\"error\":\"unfinished\",\"run\":\"0123456789abcdef\"}\n");
	starve_all("the audit log", from_audit, NULL);
	put(log_file, "{\"timestamp\":\"2026-11-21T05:37:19Z\",\"operation\":"
	    "\"bk-save\",\"destination\":\"/a/shop-2026-11-21.bk\","
	    "\"status\":\"success\"}\n");
	starve_all("a run that stored", from_audit, "");
}

static struct bk_notify_message message = { .host = "h", .now = 1000000 };

static int
webhook(void *name, struct bk_err *e)
{
	way.template = name != NULL ? template : NULL;
	return bk_notify_webhook(url, "webhook", &message, &way, e);
}

static int
slack(void *arg, struct bk_err *e)
{
	(void)arg;
	return bk_notify_slack(url, "slack", &message, &way, e);
}

static int
ping(void *arg, struct bk_err *e)
{
	(void)arg;
	return bk_notify_ping(url, "ping", &message, &way, e);
}

/* To nobody: a mail server is more than this one can be. */
static int
mail(void *arg, struct bk_err *e)
{
	struct bk_notify_options to = way;

	to.from = arg;
	to.retry_for = 0;
	to.smtp = "smtps://127.0.0.1:1";
	to.login = login;
	if (bk_notify_mail("dba@b", "mail", &message, &to, e) != -1 ||
	    e->code == BK_OK)
		return 1;
	*e = (struct bk_err){0};
	return 0;
}

static void
test_send(void)
{
	struct bk_err e = {0};

	starve_all("a webhook", webhook, NULL);
	put(template, "{\"a\":[\"{message}\",1],\"b\":\"x\"}");
	starve_all("one with a template", webhook, "");
	put(template, "{\"a\":[{\"b\":\"{nonsense}\"}]}");
	ok(webhook("", &e) == -1 && strstr(e.msg, "not a variable") != NULL,
	    "a template with an unknown variable: %s", e.msg);
	starve_all("Slack", slack, NULL);
	starve_all("a ping", ping, NULL);
	put(login, "user\npassword\n");
	starve_all("mail", mail, "a@b");
	starve_all("mail from this user", mail, NULL);
	e = (struct bk_err){0};
	(void)snprintf(message.host, sizeof(message.host), "a,b");
	ok(bk_notify_mail("dba@b", "mail", &message,
	    &(struct bk_notify_options){ .smtp = "smtp://127.0.0.1:1" },
	    &e) == -1 && strstr(e.msg, "--from") != NULL,
	    "a sender that is no address: %s", e.msg);
}

int
main(void)
{
	char command[64], text[64];
	struct bk_err e = {0};

	alarm(300);			/* a hang is a failure */
	json_set_alloc_funcs(malloc, free);
	if (mkdtemp(dir) == NULL || curl_global_init(CURL_GLOBAL_ALL) != 0)
		return 99;
	(void)snprintf(url, sizeof(url), "%s/url", dir);
	(void)snprintf(history, sizeof(history), "%s/history", dir);
	(void)snprintf(template, sizeof(template), "%s/template", dir);
	(void)snprintf(log_file, sizeof(log_file), "%s/log", dir);
	(void)snprintf(input, sizeof(input), "%s/input", dir);
	(void)snprintf(login, sizeof(login), "%s/login", dir);
	(void)snprintf(text, sizeof(text), "http://127.0.0.1:%d/a\n",
	    http_host(answer));
	put(url, text);
	if (bk_buf_puts(&message.text, "a\nb\xc3\xa4", &e) == -1 ||
	    bk_notify_message_finish(&message, &e) == -1)
		return 99;
	test_news();
	test_audit();
	test_send();
	clear(&message);
	http_host_end();
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) != 0 || tap_done();
}
