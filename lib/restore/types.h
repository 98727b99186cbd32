#ifndef BK_RESTORE_TYPES_H
#define BK_RESTORE_TYPES_H
/* The shapes that the parts of a restore share. */
#include <stdatomic.h>
#include <stdint.h>
#include "archive/archive.h"
#include "archive/manifest.h"
#include "base/progress.h"
#include "pg/bindir.h"
#include "pg/conn.h"

struct bk_restore_table {	/* an entry with data, a table's or objects' */
	const struct bk_toc_entry *te;
	int blobs;		/* large objects: "rows" counts them */
	int skip; /* read, not loaded: a foreign table; not selected */
	int found;		/* its data was in the stream */
	int has_record;
	struct bk_content seen;	/* in the stream */
	struct bk_content record;	/* what bk-dump had counted */
	uint64_t loaded;	/* rows that COPY said it took */
};

struct bk_restore_manifest {	/* "" or 0: it does not say */
	char database[256], system_identifier[64];
	char server_version[128], started[64], ended[64];
	uint64_t tables, rows, bytes, blobs;
	struct bk_digest records;
	char *json;		/* the whole object; NULL: there was none */
};

struct bk_restore_report {
	const struct bk_restore_table
	    *table; /* valid until bk_restore_free() */
	size_t n;
	uint64_t tables, rows, bytes, blobs;	/* loaded; sums */
	const struct bk_restore_manifest *manifest;
	double seconds;		/* all of bk_restore_load() */
};

struct bk_restore_options {
	const struct bk_conn_params *params;	/* the database to load into,
					 * which is empty */
	struct bk_bindir bindir;
	const char *tmpdir;	/* for the table of contents; "/tmp" */
	unsigned jobs;
	const char *role;	/* SET ROLE; or NULL */
	int no_owner, no_acl, no_subscriptions;
	struct bk_progress *progress;	/* items: tables; not NULL */
	atomic_int *child;	/* pid of the child that runs, or 0 */
};

/* How messages call a table: table "public"."orders", or large objects. */
int bk_restore_name(const struct bk_restore_table *t, struct bk_buf *out,
    struct bk_err *e);

#endif
