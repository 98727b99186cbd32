#include "answers.h"

#include <libpq-fe.h>

#include "../fuzz.h"
#include "s3/client.h"
#include "s3/cred_http.h"

#define COLUMNS 4
#define TEXT 256		/* of a row, at most */

static const uint8_t *answer;
static size_t len, at;
static unsigned requests;

void
answers_are(const uint8_t *p, size_t n)
{
	answer = p;
	len = n;
	at = requests = 0;
}

size_t
answers_left(void)
{
	return len - at;
}

#define WRAP(type, name, ...) \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

WRAP(const char *, bk_s3_place, const struct bk_s3 *s3)
{
	return answer == NULL ? __real_bk_s3_place(s3) : "s3://fuzz";
}

WRAP(int, bk_s3_do, struct bk_s3 *s3, const struct bk_s3_request *rq,
    struct bk_s3_reply *reply, struct bk_err *e)
{
	if (answer == NULL)
		return __real_bk_s3_do(s3, rq, reply, e);
	/* a listing that does not end is to end by itself */
	CHECK(++requests < 2000);
	reply->status = 200;
	return bk_buf_add(&reply->body, answer, len, e);
}

WRAP(int, bk_cred_http, const struct bk_http_ask *ask, struct bk_buf *body,
    long *status, struct bk_err *e)
{
	if (answer == NULL)
		return __real_bk_cred_http(ask, body, status, e);
	CHECK(++requests < 20);
	*status = 200;
	return bk_buf_add(body, answer, len, e);
}

/* The next two bytes are a length: as many of the bytes as there are. */
static const uint8_t *
take(size_t *n)
{
	const uint8_t *p;

	if (len - at < 2) {
		at = len;
		return NULL;
	}
	*n = (size_t)answer[at] << 8 | answer[at + 1];
	at += 2;
	if (*n > len - at)
		*n = len - at;
	p = answer + at;
	at += *n;
	return p;
}

/* The next kind, which stays; 0: none. */
static int
kind(void)
{
	if (at == 0 && len > 0)
		at = 1;		/* the version */
	return at < len ? answer[at] : 0;
}

static void
set_row(PGresult *res, int row, const char *line, size_t n)
{
	char text[TEXT], *word;
	int column = 0;
	size_t width;

	if (n >= sizeof(text))
		n = sizeof(text) - 1;
	memcpy(text, line, n);
	text[n] = '\0';
	for (word = text; column < COLUMNS && *word != '\0'; column++) {
		width = strcspn(word, " ");
		CHECK(PQsetvalue(res, row, column, width == 0 ? NULL : word,
		    width == 0 ? -1 : (int)width));
		word += width + (word[width] != '\0');
	}
	for (; column < COLUMNS; column++)
		CHECK(PQsetvalue(res, row, column, NULL, -1));
}

static PGresult *
rows(const uint8_t *p, size_t n)
{
	static char name[COLUMNS][2] = { "a", "b", "c", "d" };
	PGresAttDesc columns[COLUMNS] = { { .name = name[0] },
	    { .name = name[1] }, { .name = name[2] }, { .name = name[3] } };
	PGresult *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	const uint8_t *nl;
	int row;

	CHECK(res != NULL && PQsetResultAttrs(res, COLUMNS, columns));
	for (row = 0; n > 0; row++) {
		nl = memchr(p, '\n', n);
		nl = nl == NULL ? p + n : nl;
		set_row(res, row, (const char *)p, (size_t)(nl - p));
		n -= (size_t)(nl - p) + (nl < p + n);
		p = nl + 1;
	}
	return res;
}

WRAP(PGresult *, bk_sql_result, PGconn *conn)
{
	const uint8_t *p;
	size_t n = 0;
	int k;

	if (answer == NULL)
		return __real_bk_sql_result(conn);
	while ((k = kind()) != 0) {
		at++;
		p = take(&n);
		if (p != NULL && k == 'R')
			return rows(p, n);
		if (k == 'C' || k == 'K' || k == 'E' || k == 'B')
			return PQmakeEmptyPGresult(NULL, k == 'C' ?
			    PGRES_COPY_OUT : k == 'K' ? PGRES_COMMAND_OK :
			    k == 'B' ? PGRES_COPY_BOTH : PGRES_FATAL_ERROR);
	}
	return NULL;
}

WRAP(PGresult *, bk_sql_exec, PGconn *conn, const char *sql)
{
	return answer == NULL ? __real_bk_sql_exec(conn, sql) :
	    __wrap_bk_sql_result(conn);
}

WRAP(int, bk_sql_send, PGconn *conn, const char *sql)
{
	return answer == NULL ? __real_bk_sql_send(conn, sql) : 1;
}

WRAP(int, PQserverVersion, const PGconn *conn)
{
	if (answer == NULL)
		return __real_PQserverVersion(conn);
	return len == 0 ? 0 : answer[0] * 10000;
}

WRAP(int, PQgetCopyData, PGconn *conn, char **buf, int async)
{
	const uint8_t *p;
	size_t n = 0;
	int k;

	if (answer == NULL)
		return __real_PQgetCopyData(conn, buf, async);
	if (!async) {
		/* libpq gives no empty message */
		if ((k = kind()) != 'd') {
			at += k != 0;
			return k == 'c' && take(&n) != NULL ? -1 : -2;
		}
		at++;
	}
	if ((p = take(&n)) == NULL || n == 0)
		return -1;
	CHECK((*buf = malloc(n)) != NULL);
	memcpy(*buf, p, n);
	return (int)n;
}
