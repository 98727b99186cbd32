#ifndef BK_RESTORE_TYPES_H
#define BK_RESTORE_TYPES_H
/* Types shared by the parts of a restore. */
#include <stdatomic.h>
#include <stdint.h>
#include "archive/archive.h"
#include "archive/manifest.h"
#include "base/progress.h"
#include "pg/bindir.h"
#include "pg/conn.h"
#include "restore/failures.h"

struct bk_restore_table {	/* an entry with data: table, large objects */
	const struct bk_toc_entry *te;
	int blobs;		/* large objects, counted as "rows" */
	int skip;		/* not loaded: 1 foreign, 2 not selected */
	char *staged;		/* COPY statement in place of te's (guard.h) */
	int prepared;		/* its part of a live database */
	_Atomic int failed;	/* to load, and passed by */
	int found;		/* its data was in the stream */
	int has_record;
	struct bk_content seen;	/* in the stream */
	struct bk_content record;	/* as counted by bk-dump */
	uint64_t loaded;	/* rows, as reported by COPY */
};

struct bk_restore_manifest {	/* "" or 0: not given */
	char database[256], system_identifier[64];
	char server_version[128], started[64], ended[64];
	uint64_t tables, rows, bytes, blobs;
	struct bk_digest records;
	char *json;		/* the whole object; NULL: no manifest */
};

struct bk_restore_report {
	/* valid until bk_restore_free() */
	const struct bk_restore_table *table;
	size_t n;
	uint64_t tables, rows, bytes, blobs;	/* loaded, in total */
	const struct bk_restore_manifest *manifest;
	const char *notes;	/* for people, a line each; NULL: none */
	unsigned trusted;	/* tables and definitions whose code ran with
				 * the rights of the user who restores
				 * (guard.h) */
	double seconds;		/* all of bk_restore_load() */
};

struct bk_restore_options {
	const struct bk_conn_params *params;	/* of the empty database to
					 * load into */
	struct bk_bindir bindir;
	unsigned jobs;
	const char *role;	/* SET ROLE; or NULL */
	int no_owner, no_acl, no_subscriptions, no_tablespaces;
	int distrust;		/* refuse to run code of the dump as a
				 * superuser (code.h) */
	struct bk_failures *failures;	/* of statements passed by; or NULL */
	struct bk_progress *progress;	/* items: tables; not NULL */
	atomic_int *child;	/* pid of the running child, or 0 */
};

/* Append a table's name for messages: table "public"."orders". */
int bk_restore_name(const struct bk_restore_table *t, struct bk_buf *out,
    struct bk_err *e);

/* Did the server take all rows of t?  0, or -1 with *e set. */
int bk_restore_taken(const struct bk_restore_table *t, struct bk_err *e);

#endif
