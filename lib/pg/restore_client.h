#ifndef BK_PG_RESTORE_CLIENT_H
#define BK_PG_RESTORE_CLIENT_H
/* The installed pg_restore and psql, told what options say and where to. */
#include "pour.h"
#include "restore.h"

struct bk_restore_client {
	const struct bk_restore_options *o;
	struct bk_buf program;	/* its path: the caller finds it */
	struct bk_buf conninfo, role;
	char **env;
};

/* All but the program; bk_restore_client_close() in any case. */
int bk_restore_client_open(struct bk_restore_client *c,
    const struct bk_restore_options *o, struct bk_err *e);
void bk_restore_client_close(struct bk_restore_client *c);

/*
 * Run pg_restore on a file with these options (ended by NULL, at most 8)
 * before those that o implies.
 */
int bk_restore_client_run(struct bk_restore_client *c, char *const options[],
    const char *file, struct bk_err *e);

/* The same with no database: append the script that pg_restore writes. */
int bk_restore_client_script(struct bk_restore_client *c,
    char *const options[], const char *file, struct bk_buf *sql,
    struct bk_err *e);

/* Start pg_restore, or psql (which has none of o's options), to be fed. */
struct bk_pour *bk_restore_client_pour(struct bk_restore_client *c,
    int is_psql, char *const options[], struct bk_err *e);

#endif
