/* What bk-age prints: text, JSON, metrics; odd names, none, each metric. */
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "report/age_report.h"
#include "starve.h"
#include "tap.h"

#define NOW ((time_t)1800000000)
#define ODD "a\"b\\c\n|d\x1b'="

typedef int form(const struct bk_subjects *, const struct bk_fresh *,
    struct bk_buf *, struct bk_err *);

static int
metrics(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e)
{
	return bk_age_prometheus(s, f, ODD, out, e);
}

static form *const forms[] = { bk_age_text, bk_age_lines, bk_age_json,
	bk_age_table, metrics };

/* The caller frees it. */
static char *
text_of(form *make, const struct bk_subjects *s, const struct bk_fresh *f)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	if (make(s, f, &b, &e) == -1 || bk_buf_puts(&b, "", &e) == -1)
		exit(99);
	return b.data;
}

static void
has(const char *text, const char *part, const char *what)
{
	if (!ok(strstr(text, part) != NULL, "%s", what))
		printf("# '%s' lacks '%s'\n", text, part);
}

static struct bk_subject *
add(struct bk_subjects *s, enum bk_subject_kind kind, const char *name)
{
	struct bk_err e = {0};
	struct bk_subject *new = bk_subjects_add(s, kind, name, name, &e);

	if (new == NULL)
		exit(99);
	return new;
}

static struct bk_tier *
add_tier(struct bk_subject *s, const char *name, size_t count, uint64_t bytes)
{
	struct bk_tier *more = realloc(s->tier,
	    (s->ntiers + 1) * sizeof(*more));

	if (more == NULL)
		exit(99);
	s->tier = more;
	more[s->ntiers] = (struct bk_tier){ .count = count, .bytes = bytes,
	    .newest = NOW - 7200, .oldest = NOW - 86400,
	    .name = name == NULL ? NULL : strdup(name) };
	return &more[s->ntiers++];
}

/* One of each kind, and every metric, each worse than its limit. */
static void
make(struct bk_subjects *s, struct bk_fresh *f)
{
	struct bk_subject *v;
	struct bk_err e = {0};
	int i;

	bk_fresh_init(f, NOW);
	for (i = 0; i < BK_METRICS; i++)
		f->limit[i] = bk_metric_is_floor((enum bk_metric)i) ?
		    (struct bk_limit){ 9000, 9000 } : (struct bk_limit){ 1, 1 };
	v = add(s, BK_SUBJECT_BACKUP, "shop");
	v->newest = NOW - 7200;
	v->proven = NOW - 86400;
	v->usual = 4096;
	v->stored = 12345;
	v->restored = 61.5;
	v->recoverable_from = NOW - 90061;
	v->recoverable_to = NOW - 60;
	add_tier(v, "daily", 2, 2048)->proven = NOW - 86400;
	add_tier(v, ODD, 1, 10297);
	for (i = 0; i <= BK_METRIC_COUNT; i++)
		bk_subject_set(v, (enum bk_metric)i, 8000, f);
	v = add(s, BK_SUBJECT_WAL, "pg1");
	v->newest = NOW - 60;
	bk_subject_set(v, BK_METRIC_COUNT, 1, f);
	bk_subject_set(v, BK_METRIC_MISSING, 2, f);
	v = add(s, BK_SUBJECT_JOB, "bk-dump shop");
	bk_subject_set(v, BK_METRIC_FAILURES, 2, f);
	if (bk_subject_note(v, &e, "%s", ODD) == -1)
		exit(99);
	v = add(s, BK_SUBJECT_DISK, "/srv");
	bk_subject_set(v, BK_METRIC_FREE, 505, f);
	bk_subject_set(v, BK_METRIC_FREE_BYTES, 1024, f);
	add(s, BK_SUBJECT_SOURCE, ODD)->state = BK_STATE_UNKNOWN;
	v = add(s, BK_SUBJECT_BACKUP, "crm");
	bk_subject_set(v, BK_METRIC_PROOF, BK_FRESH_NEVER, f);
	v = add(s, BK_SUBJECT_BACKUP, "bad");
	v->refuted = NOW - 3600;
	bk_subject_set(v, BK_METRIC_PROOF, BK_FRESH_NEVER, f);
	bk_subjects_sort(s);
}

/* Each metric is in each form: its name, or the families of its row. */
static void
every_metric(const char *text, const char *json, const char *prom)
{
	const struct bk_metric_row *row;
	enum bk_metric m;
	char part[128];
	int i, j;

	for (i = 0; i < BK_METRICS; i++) {
		row = bk_metric_row((enum bk_metric)i);
		(void)snprintf(part, sizeof(part), ".%s'=", row->name);
		has(text, part, "a metric for graphs");
		(void)snprintf(part, sizeof(part), "\"%s\":{\"status\":",
		    row->name);
		has(json, part, "a metric in JSON");
		for (j = 0; j < BK_SAMPLES && row->sample[j].name != NULL; j++)
			if (row->sample[j].of != BK_SAMPLE_REFUTED) {
				(void)snprintf(part, sizeof(part),
				    "\n# TYPE %s gauge\n%s{",
				    row->sample[j].name, row->sample[j].name);
				has(prom, part, "a metric for Prometheus");
			}
		ok(bk_metric_named(row->name, &m) == 1 && (int)m == i,
		    "%s by its name", row->name);
	}
	ok(bk_metric_named("ages", &m) == 0, "a name of none");
}

static void
test_forms(const struct bk_subjects *s, const struct bk_fresh *f)
{
	char *text = text_of(bk_age_text, s, f);
	char *json = text_of(bk_age_json, s, f);
	char *prom = text_of(metrics, s, f);

	every_metric(text, json, prom);
	has(text, "BACKUP CRITICAL - shop: 2h13m old (critical, over 1s), "
	    "proven 2h13m ago (critical, over 1s), ", "ages");
	has(text, "80% smaller than the usual 4.0KiB (critical, over 0%)",
	    "a share");
	has(text, "2h13m between two (critical, over 1s)", "a gap");
	has(text, "BACKUP CRITICAL - pg1: 1 segment (critical, under 9000), "
	    "2 segments missing (critical, over 1)\n", "segments");
	has(text, "BACKUP CRITICAL - bk-dump shop: 2 failures in a row "
	    "(critical, over 1): a\"b\\c?/d?'=", "odd words are no terminal's");
	has(text, "BACKUP UNKNOWN - a\"b\\c?/d?'=", "an odd name");
	has(text, " - crm: never proven (critical)\n", "never proven");
	has(text, " - bad: found not restorable 1h ago (critical) | ",
	    "refuted");
	has(text, " '/srv.free'=5.05%;90.00:;90.00:;0", "percent for graphs");
	has(text, " 'crm.proven'=U;1;1;0", "no number for graphs");
	has(json, "\"usual_bytes\":4096", "the usual size");
	has(json, "\"recoverable_from\":\"2027-01-14T06:58:59Z\","
	    "\"recoverable_to\":\"2027-01-15T07:59:00Z\",\"tiers\":["
	    "{\"tier\":\"daily\",\"newest\":\"2027-01-15T06:00:00Z\","
	    "\"oldest\":\"2027-01-14T08:00:00Z\",\"count\":2,\"bytes\":2048,"
	    "\"proven\":\"2027-01-14T08:00:00Z\",\"refuted\":null},"
	    "{\"tier\":\"a\\\"b", "tiers in JSON");
	has(json, "\"recoverable_from\":null,\"recoverable_to\":null,"
	    "\"tiers\":[]", "none in JSON");
	has(json, "\"name\":\"a\\\"b\\\\c\\n|d\\u001b'=",
	    "an odd name in JSON");
	has(prom, "bk_disk_free_ratio{path=\"/srv\"} 0.0505\n", "a ratio");
	has(prom, "bk_backup_restore_test_seconds{db=\"shop\",series=\"shop\"}"
	    " 61.500\n", "thousandths");
	has(json, "\"name\":\"a\\ufffd\"", "no UTF-8 in JSON");
	has(prom, "bk_wal_status{archive=\"a\xef\xbf\xbd\"} 0\n",
	    "no UTF-8 for Prometheus");
	has(prom, "bk_wal_status{archive=\"pg1\"} 2\n", "a state");
	has(prom, "{file=\"a\\\"b\\\\c\\n|d", "an odd name for Prometheus");
	free(text);
	free(json);
	free(prom);
}

/* What is read from JSON is printed as the original is. */
static void
test_round(const struct bk_subjects *s, const struct bk_fresh *f,
    const char *what)
{
	char *json = text_of(bk_age_json, s, f), *want, *got;
	struct bk_subjects back = {0};
	struct bk_fresh fresh;
	struct bk_err e = {0};

	ok(bk_age_parse(json, strlen(json), &back, &fresh, &e) == 1,
	    "%s: its JSON is read", what);
	want = text_of(metrics, s, f);
	got = text_of(metrics, &back, &fresh);
	is_str(got, want, what);
	free(want);
	free(got);
	want = text_of(bk_age_text, s, f);
	got = text_of(bk_age_text, &back, &fresh);
	is_str(got, want, what);
	free(want);
	free(got);
	free(json);
	bk_subjects_free(&back);
}

static void
test_others(const struct bk_subjects *s, const struct bk_fresh *f)
{
	static const char *const others[] = { "", "{", "[]", "{}", "null",
	    "{\"subjects\":{}}", "{\"subjects\":[1]}", "{\"subjects\":[{}]}",
	    "{\"subjects\":[{\"kind\":\"tape\",\"name\":\"a\",\"series\":\"a\","
	    "\"status\":\"OK\"}]}", "{\"subjects\":[{\"kind\":\"job\",\"name\":"
	    "\"a\",\"series\":\"a\",\"status\":\"FINE\"}]}" };
	char *json = text_of(bk_age_json, s, f);
	struct bk_subjects back = {0};
	struct bk_fresh fresh;
	struct bk_err e = {0};
	size_t i, n = strlen(json);
	int good = 1;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ok(bk_age_parse(others[i], strlen(others[i]), &back, &fresh,
		    &e) == 0 && back.n == 0, "not bk-age's: %s", others[i]);
	for (i = 0; i + 1 < n; i++)
		good &= bk_age_parse(json, i, &back, &fresh, &e) == 0 &&
		    back.n == 0;
	ok(good && e.code == BK_OK, "JSON that is cut off, anywhere");
	free(json);
}

/* Too many for a monitoring system. */
static void
test_many(void)
{
	struct bk_subjects s = {0};
	struct bk_fresh f;
	char name[2001], *text, *lines;
	int i;

	bk_fresh_init(&f, NOW);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	bk_subject_set(add(&s, BK_SUBJECT_BACKUP, name), BK_METRIC_AGE, 1, &f);
	for (i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "db%03d", i);
		bk_subject_set(add(&s, BK_SUBJECT_BACKUP, name), BK_METRIC_AGE,
		    1, &f);
		s.v[s.n - 1].state = (enum bk_state)(i % 4);
	}
	text = text_of(bk_age_text, &s, &f);
	lines = text_of(bk_age_lines, &s, &f);
	ok(strlen(text) <= 4096 && strlen(lines) <= 4096, "at most 4 KiB");
	has(text, "; no performance data of ", "not all numbers");
	ok(strstr(lines, "'=") == NULL, "lines without numbers");
	has(lines, " CRITICAL, ", "in whatever order, the worst first");
	ok(strstr(lines, "\nand ") != NULL && strstr(strstr(lines, "\nand "),
	    " OK\n") != NULL, "OK is the last of the rest");
	test_round(&s, &f, "many");
	for (i = 0; i < (int)s.n; i++)
		s.v[i].state = BK_STATE_OK;
	free(text);
	text = text_of(bk_age_text, &s, &f);
	has(text, " more, all OK; ", "nothing bad is hidden");
	free(text);
	free(lines);
	bk_subjects_free(&s);
}

static void
is_table(const struct bk_subjects *s, const struct bk_fresh *f,
    const char *want, const char *what)
{
	char *text = text_of(bk_age_table, s, f);

	is_str(text, want, what);
	free(text);
}

/* Columns are as wide as what is in them; rows are by name. */
static void
test_table(void)
{
	struct bk_subjects s = {0};
	struct bk_subject *v;
	struct bk_tier *t;
	struct bk_fresh f;
	struct bk_err e = {0};
	char name[50];

	bk_fresh_init(&f, NOW);
	v = add(&s, BK_SUBJECT_BACKUP, "shop");
	bk_subject_set(v, BK_METRIC_PROOF, BK_FRESH_NEVER, &f);
	t = add_tier(v, "weekly", 12, 1234567890);
	t->oldest = NOW - 80 * 86400;
	t->proven = NOW - 3 * 86400;
	t = add_tier(v, "yearly", 1, 5);
	t->refuted = NOW;
	add_tier(v, NULL, 1, 0);
	v = add(&s, BK_SUBJECT_BACKUP, "m\xc3\xbcll");
	t = add_tier(v, "x", SIZE_MAX, UINT64_MAX);
	t->newest = NOW + 3600;
	t->oldest = 0;
	v->recoverable_from = NOW - 20 * 86400 - 10800;
	v->recoverable_to = NOW - 720;
	is_table(&s, &f,
"DATABASE  TIER    NEWEST  AT                      OLDEST                 COUNT"
"    BYTES   PROVEN  RECOVERABLE\n"
"m\xc3\xbcll      x       future  2027-01-15T09:00:00Z  20833d8h  "
"18446744073709551615  16.0EiB        -  20d3h .. 12m ago\n"
"shop      weekly      2h  2027-01-15T06:00:00Z       80d                    12"
"   1.1GiB       3d  -\n"
"shop      yearly      2h  2027-01-15T06:00:00Z        1d                     1"
"       5B  refuted  -\n"
"shop      -           2h  2027-01-15T06:00:00Z        1d                     1"
"       0B    never  -\n", "a table");
	v->recoverable_to = NOW + 3600;
	v->tier->proven = NOW + 3600;
	t = add_tier(v, ODD "\t\xff\xe2\x80\xae", 1, 1);
	t->newest = t->oldest = NOW;
	v = add(&s, BK_SUBJECT_WAL, "a/wal");
	bk_subject_set(v, BK_METRIC_MISSING, 1, &f);
	if (bk_subject_note(v, &e, "the first is 0") == -1)
		exit(99);
	add_tier(v, NULL, 1, 1024);
	v = add(&s, BK_SUBJECT_SOURCE, "receipts");
	if (bk_subject_note(v, &e, "%s", ODD) == -1)
		exit(99);
	is_table(&s, &f,
"DATABASE  TIER              NEWEST  AT                      OLDEST  "
"               COUNT    BYTES   PROVEN  RECOVERABLE\n"
"a/wal     -                     2h  2027-01-15T06:00:00Z        1d  "
"                   1   1.0KiB        -  -\n"
"m\xc3\xbcll      x                 future  2027-01-15T09:00:00Z  20833d8h  "
"18446744073709551615  16.0EiB   future  -\n"
"m\xc3\xbcll      a\"b\\c |d?'= ????      0s  2027-01-15T08:00:00Z        0s  "
"                   1       1B        -  -\n"
"shop      weekly                2h  2027-01-15T06:00:00Z       80d  "
"                  12   1.1GiB       3d  -\n"
"shop      yearly                2h  2027-01-15T06:00:00Z        1d  "
"                   1       5B  refuted  -\n"
"shop      -                     2h  2027-01-15T06:00:00Z        1d  "
"                   1       0B    never  -\n"
"a/wal: 1 segment missing: the first is 0\n"
"receipts: a\"b\\c |d?'=\n", "odd names, the future, notes");
	bk_subjects_free(&s);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	add_tier(add(&s, BK_SUBJECT_BACKUP, name), NULL, 1, 1);
	add_tier(add(&s, BK_SUBJECT_BACKUP, "y"), NULL, 1, 1);
	is_table(&s, &f,
"DATABASE  TIER  NEWEST  AT                    OLDEST  COUNT  BYTES  PROVEN  "
"RECOVERABLE\n"
"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  -         2h  "
"2027-01-15T06:00:00Z      1d      1     1B       -  -\n"
"y         -         2h  2027-01-15T06:00:00Z      1d      1     1B       -  "
"-\n", "a name too long for its column");
	bk_subjects_free(&s);
}

static void
test_none(void)
{
	struct bk_subjects s = {0};
	struct bk_fresh f;
	char *text;

	bk_fresh_init(&f, NOW);
	text = text_of(bk_age_text, &s, &f);
	is_str(text, "", "no subject, no line");
	free(text);
	is_table(&s, &f, "", "and no table");
	text = text_of(bk_age_json, &s, &f);
	is_str(text, "{\"status\":\"UNKNOWN\",\"code\":3,\"time\":"
	    "\"2027-01-15T08:00:00Z\",\"subjects\":[]}\n", "none in JSON");
	free(text);
	text = text_of(metrics, &s, &f);
	ok(strncmp(text, "# HELP bk_age_last_run_timestamp_seconds ", 41) == 0,
	    "the last run alone");
	free(text);
}

struct sample {
	const struct bk_subjects *s;
	const struct bk_fresh *f;
	form *form;
	const char *json;
};

static int
print(void *arg, struct bk_err *e)
{
	const struct sample *p = arg;
	struct bk_buf b = {0};
	int rc = p->form(p->s, p->f, &b, e);

	bk_buf_free(&b);
	return rc;
}

static int
parse(void *arg, struct bk_err *e)
{
	const struct sample *p = arg;
	struct bk_subjects s = {0};
	struct bk_fresh f;
	int rc = bk_age_parse(p->json, strlen(p->json), &s, &f, e);

	bk_subjects_free(&s);
	return rc == 1 ? 0 : -1;
}

int
main(void)
{
	struct bk_subjects s = {0};
	struct bk_fresh f;
	struct sample p = { &s, &f, NULL, NULL };
	char *json;
	size_t i;

	alarm(120);
	json_set_alloc_funcs(malloc, free);
	make(&s, &f);
	test_round(&s, &f, "one of each");
	add(&s, BK_SUBJECT_WAL, "a\xff");
	test_forms(&s, &f);
	test_others(&s, &f);
	test_many();
	test_table();
	test_none();
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		p.form = forms[i];
		starve_all("a form", print, &p);
	}
	p.json = json = text_of(bk_age_json, &s, &f);
	starve_all("reading JSON", parse, &p);
	free(json);
	bk_subjects_free(&s);
	return tap_done();
}
