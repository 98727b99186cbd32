#include "pg/tls_trust.h"

#include <string.h>

int
bk_authority_lacks(PGconn *conn)
{
	PQconninfoOption *opts = PQconninfo(conn), *o;
	int full = 0, named = 0;

	for (o = opts; o != NULL && o->keyword != NULL; o++) {
		if (strcmp(o->keyword, "sslmode") == 0)
			full = o->val != NULL &&
			    strcmp(o->val, "verify-full") == 0;
		if (strcmp(o->keyword, "sslrootcert") == 0)
			named = o->val != NULL && *o->val != '\0';
	}
	PQconninfoFree(opts);
	return full && !named;
}
