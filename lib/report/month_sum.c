/* What the lines that were kept come to; see report/month.h */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/pipelines.h"
#include "base/grow.h"
#include "listing/stamp.h"
#include "policy/group.h"
#include "policy/series.h"
#include "report/month.h"

static int
is_in(const struct bk_month *m, const struct bk_fact *f)
{
	return f->ended >= m->from && f->ended < m->to;
}

static int
compare_facts(const void *a, const void *b)
{
	const struct bk_fact *x = a, *y = b;

	return x->ended != y->ended ? (x->ended > y->ended) -
	    (x->ended < y->ended) : (x->nth > y->nth) - (x->nth < y->nth);
}

/* By run; of one run, what bk-seal passed on comes last. */
static int
compare_backups(const void *a, const void *b)
{
	const struct bk_fact *x = ((const struct bk_month_backup *)a)->made;
	const struct bk_fact *y = ((const struct bk_month_backup *)b)->made;
	int c = strcmp(x->run, y->run);
	int i = strcmp(x->type, "seal") == 0, j = strcmp(y->type, "seal") == 0;

	return c != 0 ? c : i != j ? i - j : compare_facts(x, y);
}

static int
find_backups(struct bk_month *m, struct bk_err *e)
{
	const struct bk_fact *f;
	struct bk_month_backup *v;
	size_t i, n;

	for (f = m->facts; f < m->facts + m->nfacts; f++) {
		if (f->kind != BK_FACT_MADE)
			continue;
		if ((v = bk_grow(m->backups, m->nbackups, &m->backups_cap,
		    sizeof(*v), e)) == NULL)
			return -1;
		m->backups = v;
		v[m->nbackups++] = (struct bk_month_backup){ .made = f };
	}
	if (m->nbackups == 0)
		return 0;
	qsort(m->backups, m->nbackups, sizeof(*v), compare_backups);
	for (i = n = 1; i < m->nbackups; i++)
		if (*m->backups[i].made->run == '\0' ||
		    strcmp(m->backups[i].made->run,
		    m->backups[n - 1].made->run) != 0)
			m->backups[n++] = m->backups[i];
	m->nbackups = n;
	return 0;
}

static int
compare_run(const void *run, const void *b)
{
	return strcmp(run, ((const struct bk_month_backup *)b)->made->run);
}

/* The backup of this run, or NULL. */
static struct bk_month_backup *
backup_of(const struct bk_month *m, const char *run)
{
	return *run == '\0' || m->nbackups == 0 ? NULL : bsearch(run,
	    m->backups, m->nbackups, sizeof(*m->backups), compare_run);
}

static void
note_cause(struct bk_month_backup *b, const struct bk_fact *f)
{
	if (f->failed && (b->cause == NULL ||
	    (bk_error_is_consequence(b->cause->error) &&
	    !bk_error_is_consequence(f->error))))
		b->cause = f;
}

/* What the other stages of its run did. */
static void
join_stages(struct bk_month *m)
{
	const struct bk_fact *f;
	struct bk_month_backup *b;

	for (f = m->facts; f < m->facts + m->nfacts; f++) {
		if (f->kind > BK_FACT_STAGE ||
		    (b = backup_of(m, f->run)) == NULL)
			continue;
		note_cause(b, f);
		if (f->failed)
			continue;
		if (strcmp(f->type, "encrypt") == 0)
			b->encrypted = 1;
		if (f->kind == BK_FACT_STORED) {
			b->copies++;
			if (b->stored == NULL)
				b->stored = f;
		}
	}
}

/*
 * Whose backup a file or object is, by its name; "": not known, or the name is
 * that of a database.
 */
static int
owner_of(const char *name, char **owner, struct bk_err *e)
{
	struct bk_buf b = {0};
	struct bk_stamp stamp;

	if ((strchr(name, '/') != NULL || bk_stamp_find(name, &stamp)) &&
	    bk_series_owner(NULL, name, &b, e) == -1)
		return -1;
	if (b.len == 0 && bk_buf_puts(&b, "", e) == -1)
		return -1;
	*owner = b.data;
	return 0;
}

/* A command that bk-seal ran is not the name of a database. */
static int
name_backups(struct bk_month *m, struct bk_err *e)
{
	struct bk_month_backup *b;

	for (b = m->backups; b < m->backups + m->nbackups; b++) {
		b->name = b->made->source;
		if (strcmp(b->made->type, "seal") != 0 || b->stored == NULL)
			continue;
		if (owner_of(b->stored->destination, &b->owner, e) == -1)
			return -1;
		if (*b->owner != '\0')
			b->name = b->owner;
	}
	return 0;
}

static struct bk_month_database *
database(struct bk_month *m, const char *name, struct bk_err *e)
{
	struct bk_month_database *v = m->databases;
	size_t i = 0;

	while (i < m->ndatabases && strcmp(v[i].name, name) < 0)
		i++;
	if (i < m->ndatabases && strcmp(v[i].name, name) == 0)
		return &v[i];
	if ((v = bk_grow(v, m->ndatabases, NULL, sizeof(*v), e)) == NULL)
		return NULL;
	m->databases = v;
	memmove(v + i + 1, v + i, (m->ndatabases - i) * sizeof(*v));
	m->ndatabases++;
	v[i] = (struct bk_month_database){ .name = strdup(name) };
	if (v[i].name != NULL)
		return &v[i];
	bk_fail_memory(e);
	return NULL;
}

static int
add_failure(struct bk_month *m, const char *what, const char *name,
    const struct bk_fact *run, struct bk_err *e)
{
	struct bk_month_failure *v = bk_grow(m->failures, m->nfailures, NULL,
	    sizeof(*v), e);

	if (v == NULL)
		return -1;
	m->failures = v;
	v[m->nfailures++] = (struct bk_month_failure){ .run = run,
	    .what = what, .name = name };
	return 0;
}

/* A dump that nothing of ours stored counts: it may have gone elsewhere. */
static int
is_made(const struct bk_month_backup *b)
{
	return !b->made->failed && (b->copies > 0 || b->cause == NULL);
}

static int
count_backup(struct bk_month *m, const struct bk_month_backup *b,
    struct bk_err *e)
{
	struct bk_month_database *d = database(m, b->name, e);

	if (d == NULL)
		return -1;
	if (d->begun == 0 || b->made->ended < d->begun)
		d->begun = b->made->ended;
	if (is_made(b) && (d->last == NULL || b->made->ended >= d->last->ended))
		d->last = b->made;
	if (!is_in(m, b->made))
		return 0;
	if (!is_made(b)) {
		d->failed++;
		return add_failure(m, "backup", b->name, b->cause, e);
	}
	d->made++;
	d->encrypted += (uint64_t)b->encrypted;
	d->bytes += b->made->bytes;
	return 0;
}

static struct bk_month_place *
place(struct bk_month *m, const char *name, const char *series,
    struct bk_err *e)
{
	struct bk_month_place *v = m->places;
	size_t i;
	int c = -1;

	for (i = 0; i < m->nplaces && c < 0; i += c < 0)
		if ((c = strcmp(v[i].name, name)) == 0)
			c = strcmp(v[i].series, series);
	if (c == 0)
		return &v[i];
	if ((v = bk_grow(v, m->nplaces, NULL, sizeof(*v), e)) == NULL)
		return NULL;
	m->places = v;
	memmove(v + i + 1, v + i, (m->nplaces - i) * sizeof(*v));
	m->nplaces++;
	v[i] = (struct bk_month_place){ .name = name,
	    .series = strdup(series) };
	if (v[i].series != NULL)
		return &v[i];
	bk_fail_memory(e);
	return NULL;
}

/* Its name without what is a time in it, each tier by itself. */
static int
series_of(const char *name, struct bk_buf *key, struct bk_err *e)
{
	int rc = bk_group_of(NULL, name, key, e);

	if (rc == -1 || (rc == 1 && strcmp(key->data, "*") != 0))
		return rc == -1 ? -1 : 0;
	key->len = 0;
	return bk_buf_puts(key, name, e);	/* it belongs to none */
}

/* A copy that came to nothing because of another stage is not its own. */
static int
count_copy(struct bk_month *m, const struct bk_fact *f, struct bk_err *e)
{
	const struct bk_month_backup *b = backup_of(m, f->run);
	struct bk_buf key = {0};
	struct bk_month_place *p;
	int rc = 0;

	if (f->failed && bk_error_is_consequence(f->error))
		return 0;
	if (b == NULL) {
		*(f->failed ? &m->unowned_failed : &m->unowned) += 1;
		return f->failed ? add_failure(m, "copy", "", f, e) : 0;
	}
	if (series_of(f->destination, &key, e) == -1 ||
	    (p = place(m, b->name, key.data, e)) == NULL)
		rc = -1;
	else if (f->failed) {
		p->failed++;
		rc = is_made(b) ? add_failure(m, "copy", b->name, f, e) : 0;
	} else {
		p->stored++;
		p->bytes += f->bytes;
		p->last = f->ended;
	}
	bk_buf_free(&key);
	return rc;
}

/* The longest time without a restore test may end at this moment. */
static void
note_gap(const struct bk_month *m, struct bk_month_database *d, time_t at)
{
	time_t since = d->test != NULL ? d->test->ended :
	    d->begun > m->from ? d->begun : m->from;

	if (at < m->from || at - since <= d->gap_to - d->gap_from)
		return;
	d->gap_from = since;
	d->gap_to = at;
}

static int
is_test(const struct bk_fact *f)
{
	return strcmp(f->proof, "restore") == 0 ||
	    strcmp(f->proof, "recovery") == 0;
}

static int
count_proof(struct bk_month *m, const struct bk_fact *f, struct bk_err *e)
{
	const struct bk_month_backup *b = backup_of(m, f->backup);
	struct bk_month_database *d = NULL;
	char *owner = NULL;

	/* bk-verify --name gives the name of a file */
	if (b == NULL && owner_of(f->source, &owner, e) == -1)
		return -1;
	d = database(m, b != NULL ? b->name : *owner != '\0' ? owner :
	    f->source, e);
	free(owner);
	if (d == NULL)
		return -1;
	if (f->failed) {
		d->not_proven++;
		return add_failure(m, "proof", d->name, f, e);
	}
	d->proven += (uint64_t)is_in(m, f);
	d->proof = f;
	if (is_test(f)) {
		note_gap(m, d, f->ended);
		d->test = f;
	}
	return 0;
}

static int
add_restore(struct bk_month *m, const struct bk_fact *f, struct bk_err *e)
{
	struct bk_month_restore *v = bk_grow(m->restores, m->nrestores, NULL,
	    sizeof(*v), e);

	if (v == NULL)
		return -1;
	m->restores = v;
	v[m->nrestores++] = (struct bk_month_restore){ .run = f,
	    .from = backup_of(m, f->backup) };
	return 0;
}

static struct bk_month_pruned *
pruned(struct bk_month *m, const char *series, struct bk_err *e)
{
	struct bk_month_pruned *v = m->pruned;
	size_t i = 0;

	while (i < m->npruned && strcmp(v[i].series, series) < 0)
		i++;
	if (i < m->npruned && strcmp(v[i].series, series) == 0)
		return &v[i];
	if ((v = bk_grow(v, m->npruned, NULL, sizeof(*v), e)) == NULL)
		return NULL;
	m->pruned = v;
	memmove(v + i + 1, v + i, (m->npruned - i) * sizeof(*v));
	m->npruned++;
	v[i] = (struct bk_month_pruned){ .series = strdup(series) };
	if (v[i].series != NULL)
		return &v[i];
	bk_fail_memory(e);
	return NULL;
}

/* The series of the first name: the line ends in the number of the others. */
static int
first_series(const struct bk_fact *f, struct bk_buf *key, struct bk_err *e)
{
	struct bk_buf name = {0};
	char others[40];
	int rc = bk_buf_puts(&name, f->destination, e);
	size_t n = (size_t)snprintf(others, sizeof(others), " and %" PRIu64
	    " more", f->deleted - 1);

	if (rc == 0 && f->deleted > 1 && name.len > n &&
	    strcmp(name.data + name.len - n, others) == 0)
		name.data[name.len - n] = '\0';
	if (rc == 0)
		rc = series_of(name.data, key, e);
	bk_buf_free(&name);
	return rc;
}

static void
count_deleted(struct bk_month_pruned *p, const struct bk_fact *f)
{
	uint64_t age;

	p->deleted += f->deleted;
	if (f->oldest != 0 && (p->oldest == 0 || f->oldest < p->oldest))
		p->oldest = f->oldest;
	if (f->newest > p->newest)
		p->newest = f->newest;
	if (f->newest == 0)
		return;
	age = f->newest < f->ended ? (uint64_t)(f->ended - f->newest) : 0;
	if (!p->aged || age < p->youngest)
		p->youngest = age;
	p->aged = 1;
}

static int
count_deletion(struct bk_month *m, const struct bk_fact *f, struct bk_err *e)
{
	struct bk_month_pruned *p = NULL;
	struct bk_buf key = {0};
	int rc = 0;

	if (f->deleted == 0 && !f->failed)
		return 0;		/* the listing was empty */
	if (first_series(f, &key, e) == -1 ||
	    (p = pruned(m, key.len == 0 ? "" : key.data, e)) == NULL)
		rc = -1;
	else {
		p->runs++;
		p->failed += (uint64_t)f->failed;
		if (!f->failed)
			count_deleted(p, f);
		else
			rc = add_failure(m, "deletion", "", f, e);
	}
	bk_buf_free(&key);
	return rc;
}

static int
count_fact(struct bk_month *m, const struct bk_fact *f, struct bk_err *e)
{
	if (f->kind == BK_FACT_PROOF)
		return count_proof(m, f, e);
	if (!is_in(m, f))
		return 0;
	switch (f->kind) {
	case BK_FACT_STORED: return count_copy(m, f, e);
	case BK_FACT_RESTORE: return add_restore(m, f, e);
	case BK_FACT_DELETED: return count_deletion(m, f, e);
	default: return 0;
	}
}

static int
compare_failures(const void *a, const void *b)
{
	return compare_facts(((const struct bk_month_failure *)a)->run,
	    ((const struct bk_month_failure *)b)->run);
}

int
bk_month_end(struct bk_month *m, struct bk_err *e)
{
	size_t i;

	if (m->nfacts > 0)
		qsort(m->facts, m->nfacts, sizeof(*m->facts), compare_facts);
	if (find_backups(m, e) == -1)
		return -1;
	join_stages(m);
	if (name_backups(m, e) == -1)
		return -1;
	for (i = 0; i < m->nbackups; i++)
		if (count_backup(m, &m->backups[i], e) == -1)
			return -1;
	for (i = 0; i < m->nfacts; i++)
		if (count_fact(m, &m->facts[i], e) == -1)
			return -1;
	for (i = 0; i < m->ndatabases; i++)
		note_gap(m, &m->databases[i], m->to);
	if (m->nfailures > 0)
		qsort(m->failures, m->nfailures, sizeof(*m->failures),
		    compare_failures);
	return 0;
}

int
bk_month_is_due(const struct bk_month *m, const struct bk_month_database *d)
{
	return m->drill != 0 && d->last != NULL && d->made + d->failed > 0 &&
	    (d->test == NULL ||
	    (uint64_t)(d->gap_to - d->gap_from) > m->drill);
}
