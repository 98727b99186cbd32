#ifndef BK_RESTORE_PROGRAM_H
#define BK_RESTORE_PROGRAM_H
/* The installed pg_restore, run with a restore's options. */
#include "pg/client_feed.h"
#include "restore/types.h"

struct bk_restore_program {
	const struct bk_restore_options *o;
	struct bk_buf program;	/* its path: the caller finds it */
	struct bk_buf conninfo, role;
	char **env;
};

/* Set all but the program; call bk_restore_program_close() in any case. */
int bk_restore_program_open(struct bk_restore_program *c,
    const struct bk_restore_options *o, struct bk_err *e);
void bk_restore_program_close(struct bk_restore_program *c);

/*
 * Start pg_restore, which reads from us, with these options (NULL-terminated,
 * at most 8) before those that o implies.
 */
struct bk_client_feed *bk_restore_program_feed(struct bk_restore_program *c,
    char *const options[], struct bk_err *e);

#endif
