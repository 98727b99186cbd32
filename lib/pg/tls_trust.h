#ifndef BK_PG_TLS_TRUST_H
#define BK_PG_TLS_TRUST_H
/* Whom a connection trusts to say who a server is. */
#include <libpq-fe.h>

/*
 * 1 if conn verifies the server's name (sslmode=verify-full) and nobody has
 * said by which authority, as libpq has it from all that it reads; else 0.  By
 * one of the public authorities, a certificate is worth nothing without the
 * name: so verify-ca is not meant, nor does require turn into that.
 */
int bk_authority_lacks(PGconn *conn);

#endif
