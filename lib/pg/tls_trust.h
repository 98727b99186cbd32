#ifndef BK_PG_TLS_TRUST_H
#define BK_PG_TLS_TRUST_H
/* Which authorities a connection trusts to identify a server. */
#include <libpq-fe.h>

/*
 * 1 if sslmode is verify-full and no CA was configured anywhere libpq looks;
 * else 0.  Not for verify-ca: with public CAs a certificate proves nothing
 * unless the name is checked.
 */
int bk_authority_lacks(PGconn *conn);

#endif
