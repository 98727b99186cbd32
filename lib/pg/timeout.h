#ifndef BK_PG_TIMEOUT_H
#define BK_PG_TIMEOUT_H
/*
 * How long a thread waits for the answer to a statement.  Without a limit it
 * waits as PQexec() does: until there is one, or the connection is lost, which
 * a server that was stopped, or a network that swallows what is sent, puts off
 * for as long as it likes.  An answer that libpq has no memory for is to it one
 * that is still coming: it is asked again each second.
 */
#include <libpq-fe.h>

enum bk_patience {
	BK_PATIENCE_LEFT,
	BK_PATIENCE_OVER,	/* the server was silent for too long */
	BK_PATIENCE_STOPPED,	/* the descriptor was readable */
};

/*
 * From now on statements of this thread (sql.h) are given up after so many
 * seconds of silence, and when stop is readable; seconds 0: never.
 */
void bk_patience_set(int stop, unsigned seconds);

/*
 * Wait until PQgetResult() would not.  0, also if the connection is lost, which
 * PQgetResult() tells; -1 if the limit is reached, and the connection is of no
 * further use.
 */
int bk_patience_wait(PGconn *conn);

/* How the last wait of this thread ended. */
enum bk_patience bk_patience(void);

#endif
