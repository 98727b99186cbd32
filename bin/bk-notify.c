/* bk-notify: send a message to people or to a monitor; see bk-notify(1) */
#include <sys/utsname.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/transport.h"
#include "notify/change.h"
#include "notify/mail.h"
#include "notify/state.h"
#include "notify/webhook.h"
#include "tool/ca_file.h"
#include "tool/sandbox_tool.h"
#include "tool/signals.h"
#include "tool/tool.h"

enum {
	OPT_SLACK = TOOL_OPT_TOOL, OPT_WEBHOOK, OPT_PING, OPT_MAIL,
	OPT_TEMPLATE, OPT_SMTP, OPT_LOGIN, OPT_FROM, OPT_STATUS, OPT_SUBJECT,
	OPT_AUDIT, OPT_ONLY_CHANGE, OPT_REMIND, OPT_RETRY
};

static const struct tool_opt options[] = {
	{ OPT_SLACK, "slack", "FILE", NULL,
	    "to Slack, or a compatible webhook" },
	{ OPT_WEBHOOK, "webhook", "FILE", NULL,
	    "to a URL, as JSON: {\"text\": \"{message}\"}" },
	{ OPT_TEMPLATE, "template", "FILE", NULL,
	    "with --webhook: the JSON is that in FILE" },
	{ OPT_PING, "ping", "FILE", NULL,
	    "to healthchecks.io and similar: URL, /start, /fail" },
	{ OPT_MAIL, "mail", "ADDRESS", NULL, "by e-mail" },
	{ OPT_SMTP, "smtp", "URL", NULL,
	    "mail server (smtp://localhost)" },
	{ OPT_LOGIN, "smtp-login", "FILE", NULL,
	    "user and password there, in two lines" },
	{ OPT_FROM, "from", "ADDRESS", NULL, "sender of the mail" },
	{ OPT_STATUS, "status", "start|success|failure", NULL,
	    "default: that of the audit log or of bk-age" },
	{ OPT_SUBJECT, "subject", "TEXT", NULL,
	    "default: host and first line" },
	{ OPT_AUDIT, "from-audit", "[=LOG]", "FILE",
	    "report the last run in the audit log instead" },
	{ OPT_ONLY_CHANGE, "only-change", "FILE", NULL,
	    "send only changes for the worse, and recoveries" },
	{ OPT_REMIND, "remind", "TIME", NULL,
	    "repeat what is still bad after TIME: 24h" },
	{ OPT_RETRY, "retry-for", "TIME", NULL,
	    "give up on a target after TIME (1m)" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-notify",
	.example =
"bk-s3ls s3://b/ | bk-age --json | bk-notify --slack /etc/bk/slack",
	.about =
"Sends a message to every TARGET: --slack, --webhook, --ping, whose FILE holds "
"a URL and has mode 0600, and --mail.",
	.options = options,
	.settings = TOOL_SETTINGS_WEB "CURL_CA_BUNDLE",
	.operands = "TARGET ... < MESSAGE",
	.exits =
"0 sent, or no change; 1 not sent to all; 2 usage error; 3 file refused, or "
"message without a status; 4 no run in the audit log",
};

enum kind { SLACK, WEBHOOK, PING, MAIL };

static const struct {
	const char *name;
	int (*send)(const char *where, const char *name,
	    const struct bk_notify_message *m,
	    const struct bk_notify_options *way, struct bk_err *e);
} kinds[] = {
	[SLACK] = { "slack", bk_notify_slack },
	[WEBHOOK] = { "webhook", bk_notify_webhook },
	[PING] = { "ping", bk_notify_ping },
	[MAIL] = { "mail", bk_notify_mail },
};

struct target {
	enum kind kind;
	const char *where;	/* a file or an address */
};

struct options {
	struct target *target;	/* n of them */
	size_t n;
	unsigned has;		/* a bit for each kind */
	struct bk_notify_options way;
	const char *subject, *audit, *only_change, *status;
	uint64_t remind;	/* seconds; 0: never */
	int from_audit;
};

static void
add_target(struct options *o, enum kind kind, const char *where)
{
	struct bk_err e = {0};

	if (kind == MAIL && bk_notify_mail_check(where, "--mail", &e) == -1)
		tool_refuse(&e);
	/* not to be repeated in a message */
	if (kind != MAIL && strstr(where, "://") != NULL)
		tool_usage("--%s: give a file that holds the URL; command "
		    "lines are visible to all users", kinds[kind].name);
	o->target[o->n++] = (struct target){ kind, where };
	o->has |= 1U << kind;
}

static void
parse_status(struct options *o, const char *s)
{
	if (strcmp(s, "start") != 0 && strcmp(s, "success") != 0 &&
	    strcmp(s, "failure") != 0)
		tool_usage("--status: '%s' is not start, success or "
		    "failure", s);
	o->status = s;
}

/* One line, and not an empty one. */
static void
parse_subject(struct options *o, const char *s)
{
	const char *p;

	for (p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			tool_usage("--subject: more than one line");
	if (strspn(s, " ") == strlen(s))
		tool_usage("--subject: empty");
	o->subject = s;
}

static void
parse_option(struct options *o, int ch, const char *arg)
{
	struct bk_err e = {0};

	switch (ch) {
	case OPT_SLACK: add_target(o, SLACK, arg); break;
	case OPT_WEBHOOK: add_target(o, WEBHOOK, arg); break;
	case OPT_PING: add_target(o, PING, arg); break;
	case OPT_MAIL: add_target(o, MAIL, arg); break;
	case OPT_TEMPLATE: o->way.template = arg; break;
	case OPT_SMTP:
		if (bk_notify_mail_check_server(arg, &e) == -1)
			tool_refuse(&e);
		o->way.smtp = arg;
		break;
	case OPT_LOGIN: o->way.login = arg; break;
	case OPT_FROM:
		if (bk_notify_mail_check(arg, "--from", &e) == -1)
			tool_refuse(&e);
		o->way.from = arg;
		break;
	case OPT_STATUS: parse_status(o, arg); break;
	case OPT_SUBJECT: parse_subject(o, arg); break;
	case OPT_AUDIT:
		o->from_audit = 1;
		o->audit = arg != NULL ? arg : getenv("BK_AUDIT_LOG");
		break;
	case OPT_ONLY_CHANGE: o->only_change = arg; break;
	case OPT_REMIND:
		o->remind = tool_duration(arg, "--remind");
		if (o->remind == 0)
			tool_usage("--remind: at least 1s");
		break;
	case OPT_RETRY:
		o->way.retry_for = (unsigned)tool_duration(arg,
		    "--retry-for");
		break;
	}
}

/* Options that need or exclude one another. */
static void
check_options(const struct options *o)
{
	unsigned people = o->has & ~(1U << PING);

	if (o->n == 0)
		tool_usage("no target given; use --slack, --webhook, --mail or "
		    "--ping");
	if (o->way.template != NULL && !(o->has & 1U << WEBHOOK))
		tool_usage("--template needs --webhook");
	if (!(o->has & 1U << MAIL) && (o->way.smtp != NULL ||
	    o->way.login != NULL || o->way.from != NULL))
		tool_usage("%s without --mail", o->way.smtp != NULL ?
		    "--smtp" : o->way.login != NULL ? "--smtp-login" :
		    "--from");
	if (o->from_audit && (o->audit == NULL || *o->audit == '\0'))
		tool_usage("--from-audit: no LOG given, and BK_AUDIT_LOG is "
		    "not set");
	if (o->only_change != NULL && people == 0)
		tool_usage("--only-change: not with --ping, which is always "
		    "sent");
	if (o->remind != 0 && o->only_change == NULL)
		tool_usage("--remind needs --only-change");
	if (o->status != NULL && strcmp(o->status, "start") == 0 &&
	    people != 0)
		tool_usage("--status start: only with --ping");
	if (o->way.retry_for < 1 || o->way.retry_for > 86400)
		tool_usage("--retry-for: between 1s and 1d");
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1)
		parse_option(o, ch, optarg);
	if (optind != argc)
		tool_usage("the message is read from standard input: echo %s "
		    "| bk-notify ...", argv[optind]);
	check_options(o);
	if (o->way.smtp == NULL)
		o->way.smtp = "smtp://localhost";
	/* as in curl(1); the library itself reads neither */
	if ((o->way.ca_bundle = getenv("CURL_CA_BUNDLE")) == NULL ||
	    *o->way.ca_bundle == '\0')
		o->way.ca_bundle = bk_transport_ca(ca_file_named(),
		    ca_file_usual());
}

/* Fill in time, host and what the options set. */
static void
begin_message(struct bk_notify_message *m, const struct options *o)
{
	struct utsname u;
	char *p;

	(void)snprintf(m->host, sizeof(m->host), "%s", uname(&u) == 0 &&
	    *u.nodename != '\0' ? u.nodename : "localhost");
	/* it becomes part of URLs and addresses */
	for (p = m->host; *p != '\0'; p++)
		if (strchr("-.0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz", *p) == NULL)
			*p = '-';
	m->now = time(NULL);
	m->title = o->subject;
	if (o->status == NULL)
		return;
	m->start = strcmp(o->status, "start") == 0;
	m->known = !m->start;
	m->state = strcmp(o->status, "failure") == 0 ? BK_STATE_CRITICAL :
	    BK_STATE_OK;
}

/*
 * Compose the message.  A failure to compose one is sent as a message too:
 * silence must not look like good news.
 */
static int
compose(struct bk_notify_message *m, const struct options *o, struct bk_err *e)
{
	struct bk_err reason = {0};
	int rc;

	begin_message(m, o);
	if (o->from_audit)
		rc = bk_notify_message_audit(m, o->audit, &reason);
	else if (o->status != NULL && o->has == 1U << PING)
		return 0;		/* complete */
	else
		rc = bk_notify_message_read(m, &reason);
	if (rc == 0)
		return 0;
	(void)bk_fail(e, reason.code, "%s", reason.msg);
	return bk_notify_message_failed(m, &reason, e);
}

/* Add another failure to *e. */
static void
add_failure(struct bk_err *e, const struct bk_err *reason)
{
	if (e->code == BK_OK)
		*e = *reason;
	else
		bk_fail_add(e, "; %s", reason->msg);
}

/* Send to every selected target; a failure of one does not stop the others. */
static int
send_all(const struct options *o, const struct bk_notify_message *m, int news,
    struct bk_err *e)
{
	const struct target *t;
	struct bk_buf name = {0};
	struct bk_err reason;
	int rc = 0;

	for (t = o->target; t < o->target + o->n; t++) {
		if (!news && t->kind != PING)
			continue;
		reason = (struct bk_err){0};
		name.len = 0;
		if (bk_buf_printf(&name, &reason, "%s %s", kinds[t->kind].name,
		    t->where) == 0 && kinds[t->kind].send(t->where, name.data,
		    m, &o->way, &reason) == 0)
			continue;
		add_failure(e, &reason);
		rc = -1;
	}
	bk_buf_free(&name);
	return rc;
}

/*
 * Send the message if it is news.  A problem with the history file does not
 * prevent sending, but is a failure.
 */
static int
send_news(const struct options *o, struct bk_notify_message *m,
    struct bk_err *e)
{
	struct bk_err reason = {0};
	struct bk_notify_reports past = {0}, told = {0};
	struct bk_notify_told *file = bk_notify_told_open(o->only_change,
	    &past, &reason);
	int news = 1, rc = 0;

	if (file != NULL)
		news = bk_notify_news(m, &past, o->remind, &told, &reason);
	if (send_all(o, m, news != 0, e) == -1)
		rc = -1;
	else if (file != NULL && news == 1) {
		signals_hold();		/* what was sent is recorded */
		rc = bk_notify_told_store(file, &told, &reason);
		signals_release();
	}
	bk_notify_told_close(file);
	bk_notify_reports_free(&past);
	bk_notify_reports_free(&told);
	if (reason.code == BK_OK)
		return rc;
	add_failure(e, &reason);
	return -1;
}

/* Left are those files and the targets' servers. */
static void
narrow(const struct options *o)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->target[i].kind != MAIL)
			narrow_read(o->target[i].where);
	narrow_read(o->way.template);
	narrow_read(o->way.login);
	narrow_read(o->way.ca_bundle);
	narrow_read(o->audit);
	narrow_write(o->only_change);
	narrow_connect();
	tool_narrow();
}

/* The targets in one line, for the audit log. */
static int
list_targets(const struct options *o, struct bk_buf *b, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (bk_buf_printf(b, e, "%s%s %s", i > 0 ? ", " : "",
		    kinds[o->target[i].kind].name, o->target[i].where) == -1)
			return -1;
	return 0;
}

int
main(int argc, char *argv[])
{
	struct options o = { .way = { .retry_for = 60 } };
	static struct bk_notify_message m;
	struct bk_buf targets = {0};
	struct bk_err e = {0};
	int rc;

	tool_start(&tool);
	if ((o.target = calloc((size_t)argc, sizeof(*o.target))) == NULL)
		tool_no_memory();
	parse_options(&o, argc, argv);
	if (list_targets(&o, &targets, &e) == -1 ||
	    curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		tool_no_memory();
	tool_run("notify", o.from_audit ? o.audit : "standard input",
	    targets.data);

	signals_catch(NULL);
	narrow(&o);
	rc = compose(&m, &o, &e);
	if (rc == 0 && !m.known && !m.start && (o.only_change != NULL ||
	    o.has & 1U << PING)) {
		/* unexpected text: not good news, and sent */
		(void)bk_fail(&e, BK_DATA, "standard input: a message without "
		    "a status; say --status success or failure");
		m.known = 1;
		m.state = BK_STATE_UNKNOWN;
	}
	if (rc == 0)
		rc = o.only_change != NULL ? send_news(&o, &m, &e) :
		    send_all(&o, &m, 1, &e);
	tool_audit()->size_bytes = m.text.len;
	bk_notify_message_free(&m);
	curl_global_cleanup();
	rc = tool_end(e.code == BK_OK ? rc : -1, &e);
	bk_buf_free(&targets);
	free(o.target);
	return rc;
}
