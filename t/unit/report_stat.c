/* What bk-stat prints of its document: the page, JSON, metrics. */
#include <stdlib.h>
#include <unistd.h>

#include "report/stat_report.h"
#include "starve.h"
#include "tap.h"

#define NOW ((time_t)1800000000)	/* 2027-01-15T08:00:00Z */

static const char full[] = "{'server':{'database':'a\\u001b\\\"\\\\b',"
    "'host':'db1','port':'5432','version':'18.1 (Debian)','role':'primary',"
    "'started':'2027-01-15T07:00:00Z','now':'2027-01-15T08:00:00Z',"
    "'sees_all':true},"
    "'backup':{'dumped':'2027-01-15T07:30:00Z','stored':null},"
    "'connections':{'used':7,'max':1234567,'reserved':3},"
    "'transaction':{'started':'2027-01-15T07:59:00Z','seconds':60.5,'pid':42,"
    "'user':'u','database':'d','application':'psql','state':'idle'},"
    "'prepared':{'count':1,'seconds':5,'gid':'g','database':'d',"
    "'prepared':'2027-01-15T07:59:55Z'},"
    "'oldest_xmin':{'age':1000,'kind':'slot','holder':'s'},"
    "'freeze':{'xid_age':1,'table':'t','xid_max_age':200000000,"
    "'multixact_max_age':400000000},"
    "'archiver':{'mode':'on','enabled':true,'configured':false,'archived':9,"
    "'failed':2,'failing':true,'last_archived':'2027-01-15T07:59:00Z',"
    "'last_archived_wal':'000000010000000000000009',"
    "'last_failed':'2027-01-15T07:59:30Z','last_failed_wal':"
    "'00000001000000000000000A'},"
    "'archive_queue':{'segments':2,'oldest':'2027-01-15T07:50:00Z'},"
    "'standby':{'receiving':false,'paused':true,'replay_lag_bytes':1048576,"
    "'replay_lag_seconds':1.25},"
    "'replicas':[{'name':'r','pid':5,'state':'streaming',"
    "'replay_lag_bytes':0,'flush_lag_bytes':null,'replay_lag_seconds':0.5}],"
    "'slots':[{'name':'s','type':'physical','active':false,'wal_status':"
    "'lost','retained_bytes':4096,'safe_bytes':null}],"
    "'databases':[{'name':'x','size_bytes':2048,'xid_age':1073741824,"
    "'multixact_age':0,'dumped':null,'stored':null},"
    "{'name':'y','size_bytes':1,'xid_age':1,'multixact_age':1}],"
    "'tables':{'count':2,'rows':3,'size_bytes':5,'table_bytes':1,"
    "'index_bytes':1,'toast_bytes':1,'catalog_bytes':9,'estimated':true,"
    "'largest':[{'schema':'public','name':'t\\n\\\"','rows':-1,"
    "'size_bytes':3}]},"
    "'notes':['no pg_monitor\\u0007','more']}";
static const char bare[] = "{'server':{'database':'d','host':'/run',"
    "'port':'5432','version':'18.1','role':'primary','now':"
    "'2027-01-15T08:00:00Z'},'archiver':{'mode':'off','enabled':false},"
    "'replicas':[],'slots':[],'databases':[],'notes':[]}";

/* The document; ' stands for ". */
static json_t *
document(const char *s)
{
	char *text = strdup(s), *p;
	json_t *doc;

	if (text == NULL)
		exit(99);
	for (p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	if ((doc = json_loads(text, 0, NULL)) == NULL)
		exit(99);
	free(text);
	return doc;
}

static int
page(const json_t *doc, struct bk_buf *b, struct bk_err *e)
{
	return bk_stat_text(doc, 1, NOW, b, e);
}

static int
prometheus(const json_t *doc, struct bk_buf *b, struct bk_err *e)
{
	return bk_stat_prometheus(doc, NOW, b, e);
}

typedef int form(const json_t *, struct bk_buf *, struct bk_err *);

static char *
text_of(form *make, const json_t *doc)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	if (make(doc, &b, &e) == -1)
		exit(99);
	return b.data;
}

static void
has(const char *text, const char *part, const char *what)
{
	if (!ok(strstr(text, part) != NULL, "%s", what))
		printf("# '%s' lacks '%s'\n", text, part);
}

static void
test_page(const json_t *doc)
{
	char *text = text_of(page, doc);

	has(text, "a?\"\\b on db1:5432, PostgreSQL 18.1, primary, up 1h\n",
	    "an odd name is no terminal's");
	has(text, "last backup   dumped 30m ago, stored never\n", "backups");
	has(text, "connections   7 of 1,234,567, of which 3 are reserved\n",
	    "connections");
	has(text, "transaction   the oldest is 1m old: pid 42, u in d, psql, "
	    "idle\n", "a transaction");
	has(text, "prepared      1, the oldest 5s ago: g in d\n", "prepared");
	has(text, "wraparound    50% of transactions (1,073,741,824, x), 0% of "
	    "multixacts\n", "wraparound");
	has(text, "archiver      on, but there is no archive_command, 9 "
	    "archived, the last 1m ago: 000000010000000000000009\n",
	    "the archiver");
	has(text, "              FAILING: 2 failures, the last 30s ago: "
	    "00000001000000000000000A\n", "its failures");
	has(text, "              2 waiting, the oldest for 10m\n", "its queue");
	has(text, "standby       NOT receiving, replay PAUSED, replay lags "
	    "by 1.0MiB and 1s\n", "a standby");
	has(text, "        ?         ?", "what is not known");
	has(text, "and 1 more\n", "more than the limit");
	has(text, "  public.t \"\n", "an odd table");
	has(text, "\nnote: no pg_monitor?\nnote: more\n", "notes");
	free(text);
}

static void
test_programs(const json_t *doc)
{
	char *text = text_of(bk_stat_json, doc);
	json_t *back = json_loads(text, 0, NULL);

	ok(json_equal(doc, back), "JSON is the document");
	ok(strchr(text, '\n') == text + strlen(text) - 1, "on one line");
	json_decref(back);
	free(text);
	text = text_of(prometheus, doc);
	has(text, "# TYPE bk_stat_archiver_failed_total counter\n"
	    "bk_stat_archiver_failed_total{server=\"db1:5432\",via=\"a\x1b"
	    "\\\"\\\\b\"} 2\n", "a counter");
	has(text, ",replica=\"r\",pid=\"5\"} 0.500\n", "a label of a number");
	has(text, ",schema=\"public\",table=\"t\\n\\\"\"} -1\n",
	    "an odd table in a label");
	has(text, "bk_stat_last_stored_timestamp_seconds{server=\"db1:5432\","
	    "via=\"a\x1b\\\"\\\\b\",db=\"a\x1b\\\"\\\\b\"} 0\n", "never is 0");
	has(text, "bk_stat_slot_wal_status{server=\"db1:5432\",via=\"a\x1b\\\""
	    "\\\\b\",slot=\"s\",type=\"physical\",status=\"lost\"} 1\n",
	    "all in labels");
	ok(strstr(text, "bk_stat_slot_safe_bytes") == NULL,
	    "null is no sample, and has no head");
	free(text);
}

/* A name of 4000 bytes is cut in the page, not in what programs read. */
static void
test_long(json_t *doc)
{
	char name[4001], *text;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	json_object_set_new(json_object_get(doc, "server"), "database",
	    json_string(name));
	text = text_of(page, doc);
	ok(strcspn(text, "\n") < 1100, "a long name is cut for people");
	free(text);
	text = text_of(bk_stat_json, doc);
	has(text, name, "not in JSON");
	free(text);
	text = text_of(prometheus, doc);
	has(text, name, "nor in a label");
	free(text);
}

static void
test_bare(void)
{
	json_t *doc = document(bare);
	char *text = text_of(page, doc);

	is_str(text, "d on /run:5432, PostgreSQL 18.1, primary, up ?\n"
	    "2027-01-15T08:00:00Z by its clock\n\n"
	    "archiver      off\n", "a server without anything");
	free(text);
	text = text_of(prometheus, doc);
	ok(strstr(text, "replica_") == NULL && strstr(text, "slot_") == NULL,
	    "empty lists have no metrics");
	free(text);
	json_decref(doc);
}

struct sample {
	const json_t *doc;
	form *form;
};

static int
print(void *arg, struct bk_err *e)
{
	const struct sample *p = arg;
	struct bk_buf b = {0};
	int rc = p->form(p->doc, &b, e);

	bk_buf_free(&b);
	return rc;
}

int
main(void)
{
	struct sample p;
	json_t *doc;

	alarm(120);
	json_set_alloc_funcs(malloc, free);
	doc = document(full);
	test_page(doc);
	test_programs(doc);
	test_bare();
	p = (struct sample){ doc, page };
	starve_all("the page", print, &p);
	p.form = bk_stat_json;
	starve_all("JSON", print, &p);
	p.form = prometheus;
	starve_all("metrics", print, &p);
	test_long(doc);
	json_decref(doc);
	return tap_done();
}
