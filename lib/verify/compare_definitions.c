/* What a restored database defines (compare.h). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/majors.h"
#include "json/json_parse.h"
#include "restore/ddl.h"
#include "restore/target.h"
#include "verify/catalog.h"
#include "verify/compare.h"

#define TARGET "bk_verify"	/* the reference is TARGET_new_UTC */

struct run {
	const struct bk_compare_definitions *o;
	struct bk_verdict *v;
	struct bk_catalog catalog;
	int quoted;		/* the dump's quote_all_identifiers */
	struct bk_toc copy, reference;
	struct bk_definitions found;
};

/* The definitions without what is computed from rows. */
static int
without_refresh(const struct bk_toc *toc, struct bk_toc *out,
    struct bk_err *e)
{
	size_t i;

	*out = *toc;
	out->n = 0;
	if ((out->entry = calloc(toc->n + 1, sizeof(*out->entry))) == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < toc->n; i++)
		if (toc->entry[i].desc == NULL || strcmp(toc->entry[i].desc,
		    "MATERIALIZED VIEW DATA") != 0)
			out->entry[out->n++] = toc->entry[i];
	return 0;
}

/* Load the definitions alone, with the options that the copy was. */
static int
load_definitions(const struct run *r, const struct bk_conn_params *params,
    struct bk_err *e)
{
	static const struct bk_restore_list all;
	struct bk_restore_options options = *r->o->options;
	struct bk_restore_ddl ddl;
	struct bk_toc toc;
	int rc = -1;

	options.params = params;
	if (without_refresh(r->o->toc, &toc, e) == -1)
		return -1;
	if (bk_restore_ddl_open(&ddl, &toc, &all, &options,
	    r->catalog.major, e) == 0 &&
	    bk_restore_ddl_pre(&ddl, e) == 0)
		rc = bk_restore_ddl_post(&ddl, e);
	bk_restore_ddl_close(&ddl);
	free(toc.entry);
	return rc;
}

/* Whether the dump's strings were written as before version 9.1. */
static int
has_old_strings(const struct bk_toc *toc)
{
	size_t i;

	for (i = 0; i < toc->n; i++)
		if (toc->entry[i].desc != NULL && toc->entry[i].defn != NULL &&
		    strcmp(toc->entry[i].desc, "STDSTRINGS") == 0)
			return strstr(toc->entry[i].defn, "'off'") != NULL;
	return 0;
}

/* Read what is defined in params' database as the dump has it written. */
static int
read_catalog(const struct run *r, const struct bk_conn_params *params,
    struct bk_toc *toc, struct bk_err *e)
{
	struct bk_conn_params *p = bk_conn_params_copy(params, e);
	struct bk_catalog catalog = r->catalog;
	int rc = p == NULL ? -1 : 0;

	catalog.params = p;
	if (rc == 0)
		rc = bk_conn_params_option(p, r->quoted ?
		    "-c quote_all_identifiers=on" :
		    "-c quote_all_identifiers=off", e);
	if (rc == 0)
		rc = bk_conn_params_option(p, has_old_strings(r->o->toc) ?
		    "-c standard_conforming_strings=off" :
		    "-c standard_conforming_strings=on", e);
	if (rc == 0)
		rc = bk_catalog_toc(&catalog, toc, e);
	bk_conn_params_free(p);
	return rc;
}

/* Make the reference, read it, and drop it. */
static int
read_reference(struct run *r, struct bk_err *e)
{
	const struct bk_compare_definitions *o = r->o;
	const struct bk_newdb_like like = { .target = TARGET,
	    .toc = o->no_locale ? NULL : o->toc, .no_owner = 1,
	    .no_tablespaces = 1 };
	struct bk_conn_params *params = bk_conn_params(o->conn, e);
	struct bk_err ignored = {0};
	int rc = -1, made;

	if (params == NULL)
		return -1;
	o->hold();
	made = bk_newdb_create(o->conn, &like, o->reference, e);
	o->release();
	if (made == 0 && bk_conn_params_database(params, o->reference, e) ==
	    0 && bk_target_settings(o->conn, NULL, o->toc, params, e) == 0 &&
	    load_definitions(r, params, e) == 0)
		rc = read_catalog(r, params, &r->reference, e);
	o->hold();
	if (o->reference[0] != '\0' &&
	    bk_newdb_drop(o->conn, o->reference, &ignored) == 0)
		o->reference[0] = '\0';
	o->release();
	bk_conn_params_free(params);
	return rc;
}

/* More in the database than in a dump of a part of it is not a difference. */
static void
drop_more(struct bk_definitions *d)
{
	size_t i, n = 0;

	for (i = 0; i < d->n; i++)
		if (d->pair[i].was != NULL)
			d->pair[n++] = d->pair[i];
	d->n = n;
}

static int
count_pair(struct run *r, const struct bk_definition_pair *p,
    struct bk_err *e)
{
	struct bk_buf name = {0}, was = {0}, is = {0};
	int rc = -1;

	if (bk_definition_name(p->was != NULL ? p->was : p->is, &name, e) ==
	    0 && bk_definition_describe(p, &r->o->rules, &was, &is, e) == 0)
		rc = bk_verdict_differs(r->v, was.data == NULL ? "" : was.data,
		    is.data == NULL ? "" : is.data, e, "%s", name.data);
	bk_buf_free(&name);
	bk_buf_free(&was);
	bk_buf_free(&is);
	return rc;
}

/* What the comparison left out. */
static int
say_uncovered(struct run *r, uint64_t passed, struct bk_err *e)
{
	const struct bk_definitions_rules *rules = &r->o->rules;
	const struct bk_toc *toc = r->o->toc;
	const struct {
		int is_left_out;
		const char *text;
	} parts[] = {
		{ rules->no_owner, "owners" },
		{ rules->no_acl, "privileges" },
		{ rules->no_tablespaces &&
		    bk_definitions_have(toc, BK_PART_TABLESPACES),
		    "tablespaces" },
		{ rules->no_database &&
		    bk_definitions_have(toc, BK_PART_DATABASE),
		    "settings and privileges of the database itself" },
		{ rules->no_subscriptions &&
		    bk_definitions_have(toc, BK_PART_SUBSCRIPTIONS),
		    "subscriptions" },
	};
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].is_left_out &&
		    bk_verdict_uncovered(r->v, e, "%s", parts[i].text) == -1)
			return -1;
	return passed == 0 ? 0 : bk_verdict_uncovered(r->v, e, "%" PRIu64
	    " definitions that pg_restore does not make on this server",
	    passed);
}

static long
major(const char *version)
{
	return version == NULL ? 0 : strtol(version, NULL, 10);
}

/* Pass over what the reference has as well. */
static int
excuse(struct run *r, uint64_t *passed, struct bk_err *e)
{
	struct bk_err why = {0};

	if (read_reference(r, &why) == 0)
		return bk_definitions_excuse(&r->found, &r->reference,
		    &r->o->rules, passed, e);
	/* a part of a database need not be restorable by itself */
	if (r->o->others && why.code == BK_FAIL)
		return bk_verdict_uncovered(r->v, e, "which definitions "
		    "PostgreSQL rewrites (%.150s)", why.msg);
	*e = why;
	return -1;
}

static int
compare(struct run *r, struct bk_err *e)
{
	const struct bk_compare_definitions *o = r->o;
	uint64_t passed = 0;
	size_t i;

	if (read_catalog(r, o->params, &r->copy, e) == -1 ||
	    bk_definitions_compare(&r->found, o->toc, &r->copy, &o->rules,
	    e) == -1)
		return -1;
	if (o->others)
		drop_more(&r->found);
	bk_definitions_drop_rewritten(&r->found, &o->rules);
	/* on one version a restore loses nothing, and changes nothing more */
	if (r->found.n > 0 && !o->read_only &&
	    major(o->toc->server) != major(r->copy.server) &&
	    excuse(r, &passed, e) == -1)
		return -1;
	for (i = 0; i < r->found.n; i++)
		if (count_pair(r, &r->found.pair[i], e) == -1)
			return -1;
	r->v->definitions = major(o->toc->server) == major(r->copy.server) &&
	    major(o->toc->dumper) == major(r->copy.dumper) ? "compared" :
	    "names";
	return say_uncovered(r, passed, e);
}

int
bk_compare_definitions(const struct bk_compare_definitions *o,
    struct bk_verdict *v, struct bk_err *e)
{
	struct run r = { .o = o, .v = v };
	const char *quoted;
	json_t *manifest = o->manifest == NULL ? NULL :
	    bk_json_parse(o->manifest, strlen(o->manifest), 0, NULL, e);
	int rc;

	if (manifest == NULL && e->code != BK_OK)
		return -1;
	/* a connection that was lost has no version */
	if (PQstatus(o->conn) != CONNECTION_OK) {
		json_decref(manifest);
		return bk_conn_fail(o->conn, NULL, NULL, e);
	}
	r.catalog = (struct bk_catalog){
	    .major = BK_PG_MAJOR(PQserverVersion(o->conn)),
	    .bindir = o->options->bindir, .child = o->options->child,
	    .encoding = bk_toc_encoding(o->toc) };
	bk_dump_options_repeat(json_object_get(manifest, "options"),
	    r.catalog.major, r.catalog.options);
	quoted = json_string_value(json_object_get(json_object_get(manifest,
	    "settings"), "quote_all_identifiers"));
	r.quoted = quoted != NULL && strcmp(quoted, "on") == 0;
	rc = compare(&r, e);
	bk_definitions_free(&r.found);
	bk_toc_free(&r.copy);
	bk_toc_free(&r.reference);
	json_decref(manifest);
	return rc;
}
