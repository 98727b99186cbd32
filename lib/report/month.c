/* What is kept of the lines; see report/month.h */
#include "report/month.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

/* Kinds that are not kept: counted, or of no interest. */
enum { JOB = BK_FACT_KEY + 1, WAL, OTHER };

static int
kind_of(const struct bk_run *r)
{
	static const struct { const char *type; int kind; } known[] = {
		{ "dump", BK_FACT_MADE }, { "base", BK_FACT_MADE },
		{ "seal", BK_FACT_MADE },
		{ "store", BK_FACT_STORED }, { "upload", BK_FACT_STORED },
		{ "encrypt", BK_FACT_STAGE }, { "compress", BK_FACT_STAGE },
		{ "verify", BK_FACT_PROOF },
		{ "restore", BK_FACT_RESTORE }, { "recover", BK_FACT_RESTORE },
		{ "rollback", BK_FACT_RESTORE }, { "drop", BK_FACT_RESTORE },
		{ "delete", BK_FACT_DELETED },
		{ "key", BK_FACT_KEY }, { "approve", BK_FACT_KEY },
		{ "job", JOB }, { "archive", WAL }, { "receive", WAL },
	};
	size_t i;

	/* of bk-tee, whose sinks have lines of their own */
	if (strcmp(r->operation, "bk-tee") == 0)
		return BK_FACT_STAGE;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].type, r->type) == 0)
			return known[i].kind;
	return OTHER;
}

/* What is before the period matters only for what is in it. */
static int
is_kept(const struct bk_month *m, const struct bk_run *r, int kind)
{
	if (kind > BK_FACT_KEY || r->ended >= m->to)
		return 0;
	if (kind == BK_FACT_STAGE && (*r->run == '\0' || (!r->failed &&
	    strcmp(r->type, "encrypt") != 0)))
		return 0;
	return r->ended >= m->from || kind == BK_FACT_MADE ||
	    (!r->failed && (kind == BK_FACT_PROOF || (kind == BK_FACT_STORED &&
	    *r->run != '\0')));
}

static void
count(struct bk_month *m, const struct bk_run *r, int kind)
{
	if (r->ended < m->from || r->ended >= m->to)
		return;
	m->lines++;
	if (kind == JOB) {
		m->jobs++;
		m->jobs_failed += (uint64_t)r->failed;
	} else if (kind == WAL) {
		m->wal++;
		m->wal_failed += (uint64_t)r->failed;
	} else if (kind == OTHER)
		m->others_failed += (uint64_t)r->failed;
}

/* Copy the strings of r into one piece, which f->operation begins. */
static int
copy_texts(struct bk_fact *f, const struct bk_run *r, struct bk_err *e)
{
	const char *from[] = { r->operation, r->type, r->source, r->destination,
	    r->error, r->user, r->host, r->run, r->backup, r->proof };
	const char **to[] = { &f->operation, &f->type, &f->source,
	    &f->destination, &f->error, &f->user, &f->host, &f->run,
	    &f->backup, &f->proof };
	size_t i, n = 0, length;
	char *text;

	for (i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		n += strlen(from[i]) + 1;
	if ((text = malloc(n)) == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		length = strlen(from[i]) + 1;
		memcpy(text, from[i], length);
		*to[i] = text;
		text += length;
	}
	return 0;
}

static int
keep(struct bk_month *m, const struct bk_run *r, enum bk_fact_kind kind,
    struct bk_err *e)
{
	struct bk_fact *v = bk_grow(m->facts, m->nfacts, &m->facts_cap,
	    sizeof(*v), e);

	if (v == NULL)
		return -1;
	m->facts = v;
	v += m->nfacts;
	*v = (struct bk_fact){ .kind = kind, .ended = r->ended,
	    .nth = m->nfacts, .took = r->duration_seconds,
	    .bytes = r->size_bytes, .failed = r->failed,
	    .deleted = r->deleted, .oldest = r->oldest, .newest = r->newest };
	if (copy_texts(v, r, e) == -1)
		return -1;
	m->nfacts++;
	return 0;
}

static int
add_host(struct bk_month *m, const char *host, struct bk_err *e)
{
	char **v;
	size_t i = 0;

	while (i < m->nhosts && strcmp(m->hosts[i], host) < 0)
		i++;
	if (*host == '\0' || (i < m->nhosts && strcmp(m->hosts[i], host) == 0))
		return 0;
	if ((v = bk_grow(m->hosts, m->nhosts, NULL, sizeof(*v), e)) == NULL)
		return -1;
	m->hosts = v;
	memmove(v + i + 1, v + i, (m->nhosts - i) * sizeof(*v));
	m->nhosts++;
	if ((v[i] = strdup(host)) == NULL)
		return bk_fail_memory(e);
	return 0;
}

int
bk_month_log(struct bk_month *m, const char *name, struct bk_err *e)
{
	struct bk_month_log *v = bk_grow(m->logs, m->nlogs, NULL, sizeof(*v),
	    e);

	if (v == NULL)
		return -1;
	m->logs = v;
	v += m->nlogs++;
	*v = (struct bk_month_log){ .name = strdup(name) };
	return v->name == NULL ? bk_fail_memory(e) : 0;
}

int
bk_month_add(struct bk_month *m, const struct bk_run *r, struct bk_err *e)
{
	struct bk_month_log *log = &m->logs[m->nlogs - 1];
	int kind = kind_of(r);

	if (log->first == 0 || r->ended < log->first)
		log->first = r->ended;
	if (r->ended > log->last)
		log->last = r->ended;
	count(m, r, kind);
	if (r->ended >= m->from && r->ended < m->to &&
	    add_host(m, r->host, e) == -1)
		return -1;
	return is_kept(m, r, kind) ? keep(m, r, (enum bk_fact_kind)kind, e) : 0;
}

void
bk_month_refuse(struct bk_month *m)
{
	m->logs[m->nlogs - 1].refused++;
}

int
bk_month_chain(struct bk_month *m, size_t lines, const char *hash,
    size_t broken, const char *reason, struct bk_err *e)
{
	struct bk_month_log *log = &m->logs[m->nlogs - 1];

	log->lines = lines;
	log->broken = broken;
	(void)snprintf(log->hash, sizeof(log->hash), "%s", hash);
	return (log->reason = strdup(reason)) == NULL ? bk_fail_memory(e) : 0;
}

void
bk_month_free(struct bk_month *m)
{
	size_t i;

	for (i = 0; i < m->nfacts; i++)
		free((void *)(uintptr_t)m->facts[i].operation);
	for (i = 0; i < m->nlogs; i++) {
		free(m->logs[i].name);
		free(m->logs[i].reason);
	}
	for (i = 0; i < m->nhosts; i++)
		free(m->hosts[i]);
	for (i = 0; i < m->nbackups; i++)
		free(m->backups[i].owner);
	for (i = 0; i < m->ndatabases; i++)
		free(m->databases[i].name);
	for (i = 0; i < m->nplaces; i++)
		free(m->places[i].series);
	for (i = 0; i < m->npruned; i++)
		free(m->pruned[i].series);
	free(m->facts);
	free(m->logs);
	free(m->hosts);
	free(m->backups);
	free(m->databases);
	free(m->places);
	free(m->restores);
	free(m->pruned);
	free(m->failures);
	*m = (struct bk_month){0};
}
