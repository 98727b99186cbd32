#include "pg/conn_in.h"

#include <string.h>

#include "base/debug.h"

void
bk_conn_first_line(const char *msg, char *out, size_t cap)
{
	static const char *const heads[] = { "ERROR:  ", "FATAL:  ",
	    "PANIC:  " };
	size_t n, i;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (strncmp(msg, heads[i], strlen(heads[i])) == 0)
			msg += strlen(heads[i]);
	n = strcspn(msg, "\n");
	if (n >= cap)
		n = cap - 1;
	memcpy(out, msg, n);
	out[n] = '\0';
}

/* libpq would print the server's notices: "NOTICE: ...". */
static void
ignore_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

PGconn *
bk_conn_start(const char *const *keys, const char *const *values, int expand)
{
	PGconn *conn = PQconnectStartParams(keys, values, expand);

	if (conn == NULL || PQstatus(conn) == CONNECTION_BAD)
		return conn;
	(void)PQsetNoticeReceiver(conn, ignore_notice, NULL);
	PQreset(conn);
	return conn;
}

/* Start of the last line before msg[end], newlines at its end skipped. */
static size_t
line_before(const char *msg, size_t end)
{
	while (end > 0 && msg[end - 1] == '\n')
		end--;
	while (end > 0 && msg[end - 1] != '\n')
		end--;
	return end;
}

/* A line that libpq writes below a cause. */
static int
is_appendix(const char *line)
{
	static const char *const heads[] = { "password retrieved from file",
	    "DETAIL: ", "HINT: ", "CONTEXT: ", "Either provide the file" };
	size_t i;

	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (strncmp(line, heads[i], strlen(heads[i])) == 0)
			return 1;
	return 0;
}

int
bk_conn_started(PGconn *conn, struct bk_err *e)
{
	const char *host, *msg;
	char line[512];
	size_t n;

	if (conn == NULL)
		return bk_fail_memory(e);
	host = PQhost(conn) == NULL ? "" : PQhost(conn);
	if (PQstatus(conn) == CONNECTION_OK) {
		bk_debug(BK_DEBUG_SQL, "%d at %s:%s: connected to database %s "
		    "as %s, server %d, %s", PQbackendPID(conn), host,
		    PQport(conn), PQdb(conn), PQuser(conn),
		    PQserverVersion(conn), PQsslInUse(conn) ? "TLS" :
		    "no TLS");
		return 0;
	}
	bk_debug(BK_DEBUG_SQL, "not connected: %s", PQerrorMessage(conn));
	if (PQconnectionNeedsPassword(conn))
		return bk_fail(e, BK_FAIL, "server %s: user \"%s\" needs a "
		    "password; put it in ~/.pgpass or PGPASSWORD",
		    host, PQuser(conn));
	msg = PQerrorMessage(conn);
	n = strlen(msg);
	do		/* back from the last line to one that is a cause */
		n = line_before(msg, n);
	while (n > 0 && is_appendix(msg + n));
	if (msg[n] == '\t' && strncmp(msg, "connection to server", 20) == 0)
		n = 0;		/* "\tIs the server running ...?" */
	bk_conn_first_line(msg + n, line, sizeof(line));
	bk_fail(e, BK_FAIL, "%s", line);
	if (strstr(line, "root certificate file") != NULL)
		bk_fail_add(e, "; give sslrootcert, or set SSL_CERT_FILE");
	else if (strstr(line, "local user ") != NULL)
		bk_fail_add(e, "; set PGUSER");
	return -1;
}
