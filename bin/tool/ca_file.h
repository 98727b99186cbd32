#ifndef BK_BIN_TOOL_CA_FILE_H
#define BK_BIN_TOOL_CA_FILE_H
/*
 * The certificates of the authorities that sign servers' certificates: where a
 * library has no place of its own for them, or one that this host lacks, as a
 * static one may.
 */

/* $SSL_CERT_FILE; NULL if unset. */
const char *ca_file_named(void);

/* The first of the usual places of systems that is there, or NULL. */
const char *ca_file_usual(void);

/*
 * For connections to PostgreSQL that nobody gave an sslrootcert: the named
 * file, else the usual one; NULL if there is ~/.postgresql/root.crt, which
 * libpq finds by itself.
 */
const char *ca_file_postgres(void);

#endif
