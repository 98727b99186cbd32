#include "wal/put.h"

#include <sys/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file_sha256.h"
#include "base/grow.h"
#include "base/hex.h"
#include "base/io.h"
#include "base/thread.h"
#include "stream/store.h"
#include "wal/outgoing.h"
#include "wal/sending.h"

#define LOCK ".bk-walput.lock"
#define STORED ".stored"
#define READY ".ready"
#define RECORD_MAX 256		/* bytes of a record, and to spare */

struct bk_wal_put {
	struct bk_wal_put_options o;
	struct bk_wal_runs runs;
	char command[BK_SHA256_HEX];	/* its digest */
	int lock;		/* the spool's; -1: none */
	char *dir;		/* of the file: pg_wal */
	char (*ready)[BK_WAL_NAME];	/* in the order of sending */
	size_t n_ready;
	pthread_mutex_t mutex;	/* for all that follows */
	size_t next;
	int over;		/* take no more of them */
	struct bk_err unrecorded;
	char second[200];	/* "" */
};

static int
lock_spool(struct bk_wal_put *p, struct bk_err *e)
{
	struct bk_buf path = {0};

	if (bk_buf_printf(&path, e, "%s/" LOCK, p->o.spool) == -1)
		return -1;
	p->lock = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bk_buf_free(&path);
	if (p->lock == -1)
		return bk_fail_errno(e, "%s: the spool", p->o.spool);
	if (bk_io_lock(p->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? bk_fail(e, BK_BUSY, "%s: the spool is "
	    "in use by another bk-walput; the server will try again",
	    p->o.spool) : bk_fail_errno(e, "%s: lock", p->o.spool);
}

/* The SHA-256 of the words of COMMAND, each with its NUL. */
static void
digest(const struct bk_wal_command *c, char hex[BK_SHA256_HEX])
{
	char *const *word = c->words != NULL ? c->words : c->argv;
	uint8_t sum[SHA256_DIGEST_LENGTH];
	SHA2_CTX ctx;

	SHA256Init(&ctx);
	for (; *word != NULL; word++)
		SHA256Update(&ctx, (const uint8_t *)*word, strlen(*word) + 1);
	SHA256Final(sum, &ctx);
	bk_hex(sum, sizeof(sum), hex);
}

struct bk_wal_put *
bk_wal_put_open(const struct bk_wal_put_options *o, struct bk_err *e)
{
	struct bk_wal_put *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	p->o = *o;
	p->lock = -1;
	digest(o->command, p->command);
	bk_wal_runs_init(&p->runs);
	pthread_mutex_init(&p->mutex, NULL);
	if (o->spool != NULL && lock_spool(p, e) == -1) {
		bk_wal_put_free(p);
		return NULL;
	}
	return p;
}

/* --- what was stored before */

static int
record_path(const struct bk_wal_put *p, const char *name, struct bk_buf *out,
    struct bk_err *e)
{
	return bk_buf_printf(out, e, "%s/%s" STORED, p->o.spool, name);
}

/*
 * 1: name is recorded, with this digest; 0: it is not, or was stored by another
 * COMMAND, or the record cannot be read, and it will be sent again; -1 with *e
 * set: with another one.
 */
static int
is_recorded(const struct bk_wal_put *p, const struct bk_wal_outgoing *out,
    struct bk_err *e)
{
	struct bk_err ignored = {0};
	struct bk_buf path = {0}, text = {0};
	char by[BK_SHA256_HEX + 2];
	int rc = 0;

	(void)snprintf(by, sizeof(by), " %s\n", p->command);
	if (record_path(p, out->name, &path, &ignored) == 0 &&
	    bk_io_slurp(path.data, RECORD_MAX, &text, &ignored) == 0 &&
	    text.len == BK_WAL_DIGEST - 1 + strlen(by) &&
	    strcmp(text.data + BK_WAL_DIGEST - 1, by) == 0) {
		rc = strncmp(text.data, out->digest, BK_WAL_DIGEST - 1) == 0 ?
		    1 : bk_fail(e, BK_FAIL, "%s: other content was stored "
		    "under this name, says %s; nothing is overwritten",
		    out->name, path.data);
	}
	bk_buf_free(&path);
	bk_buf_free(&text);
	return rc;
}

static void
record(struct bk_wal_put *p, const struct bk_wal_outgoing *out)
{
	struct bk_err e = {0};
	struct bk_buf path = {0}, text = {0};

	if (bk_buf_printf(&text, &e, "%s %s\n", out->digest,
	    p->command) == 0 &&
	    record_path(p, out->name, &path, &e) == 0)
		(void)bk_store_replace(path.data, 0600, &text, &e);
	bk_buf_free(&path);
	bk_buf_free(&text);
	pthread_mutex_lock(&p->mutex);
	if (e.code != BK_OK && p->unrecorded.code == BK_OK)
		p->unrecorded = e;
	pthread_mutex_unlock(&p->mutex);
}

/* Remove the records of what the server no longer asks for. */
static void
clean(const struct bk_wal_put *p, const char *own)
{
	DIR *d = opendir(p->o.spool);
	struct dirent *entry;
	struct bk_buf path = {0};
	struct bk_err ignored = {0};
	char name[BK_WAL_NAME];
	size_t len, i;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		len = strlen(entry->d_name);
		if (len <= strlen(STORED) || len - strlen(STORED) >=
		    sizeof(name) || strcmp(entry->d_name + len -
		    strlen(STORED), STORED) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)(len - strlen(STORED)), entry->d_name);
		for (i = 0; i < p->n_ready; i++)
			if (strcmp(p->ready[i], name) == 0)
				break;
		path.len = 0;
		if (i == p->n_ready && strcmp(name, own) != 0 &&
		    record_path(p, name, &path, &ignored) == 0)
			(void)unlink(path.data);
	}
	if (d != NULL)
		closedir(d);
	bk_buf_free(&path);
}

/* --- what else is ready */

/* As the server does: histories first, then by name. */
static int
compare(const void *a, const void *b)
{
	const char *x = a, *y = b;
	int hx = bk_wal_file_kind(x) == BK_WAL_FILE_HISTORY;
	int hy = bk_wal_file_kind(y) == BK_WAL_FILE_HISTORY;

	return hx != hy ? hy - hx : strcmp(x, y);
}

static int
add_ready(struct bk_wal_put *p, const char *name)
{
	struct bk_err ignored = {0};
	void *more = bk_grow(p->ready, p->n_ready, NULL, sizeof(*p->ready),
	    &ignored);

	if (more == NULL)
		return -1;
	p->ready = more;
	(void)snprintf(p->ready[p->n_ready++], sizeof(*p->ready), "%s", name);
	return 0;
}

/*
 * List what is ready but own.  Where there is no archive_status, or no memory,
 * only own is stored: 0.
 */
static int
list_ready(struct bk_wal_put *p, const char *own)
{
	struct bk_buf path = {0};
	struct bk_err ignored = {0};
	struct dirent *entry;
	char name[BK_WAL_NAME];
	size_t len;
	DIR *d = NULL;

	if (bk_buf_printf(&path, &ignored, "%s/archive_status", p->dir) == 0)
		d = opendir(path.data);
	bk_buf_free(&path);
	if (d == NULL)
		return 0;
	while ((entry = readdir(d)) != NULL) {
		len = strlen(entry->d_name);
		if (len <= strlen(READY) || len - strlen(READY) >= sizeof(name))
			continue;
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)(len - strlen(READY)), entry->d_name);
		if (strcmp(entry->d_name + len - strlen(READY), READY) == 0 &&
		    bk_wal_file_kind(name) != BK_WAL_FILE_OTHER &&
		    strcmp(name, own) != 0 && add_ready(p, name) == -1)
			break;
	}
	closedir(d);
	if (p->n_ready > 0)	/* without, there is no array */
		qsort(p->ready, p->n_ready, sizeof(*p->ready), compare);
	return 1;
}

/* --- sending */

/* For people: it is stored, but not where it is looked for. */
static void
note_second(struct bk_wal_put *p, const char *name, const char *second)
{
	pthread_mutex_lock(&p->mutex);
	(void)snprintf(p->second, sizeof(p->second), "%s: the archive has "
	    "other WAL under this name; stored as %s", name, second);
	pthread_mutex_unlock(&p->mutex);
}

static int
send_one(struct bk_wal_put *p, struct bk_wal_outgoing *out, struct bk_err *e)
{
	struct bk_wal_sending s = { p->o.command, out->fd, out->size,
	    out->label, 0 };
	struct bk_wal_run r;
	int rc;

	/* its kind was checked: it is plain */
	(void)bk_label_wal(&s.label, out->name);
	bk_label_host(&s.label, p->o.host);
	(void)snprintf(s.label.run, sizeof(s.label.run), "%s", p->o.run);
	if (bk_wal_run_begin(&p->runs, &r, e) == -1)
		return -1;
	rc = bk_wal_send(&s, &r.pid, e);
	bk_wal_run_end(&p->runs, &r);
	if (rc == 0 && strcmp(s.label.wal, out->name) != 0)
		note_second(p, out->name, s.label.wal);
	if (rc == 0 && p->o.spool != NULL)
		record(p, out);
	return rc;
}

/* Store one that was not asked for yet; its failure is its own call's. */
static int
send_ready(struct bk_wal_put *p, const char *name)
{
	struct bk_wal_outgoing out = BK_WAL_OUTGOING_NONE;
	struct bk_err ignored = {0};
	struct bk_buf path = {0};
	int rc = -1;

	if (bk_buf_printf(&path, &ignored, "%s/%s", p->dir, name) == 0 &&
	    bk_wal_outgoing_open(&out, path.data, p->o.sysid, &ignored) == 0 &&
	    (rc = is_recorded(p, &out, &ignored)) == 0)
		rc = send_one(p, &out, &ignored);
	bk_wal_outgoing_close(&out);
	bk_buf_free(&path);
	return rc;
}

/* The threads that store what is ready, while own is under way. */
static void *
run_ready(void *arg)
{
	struct bk_wal_put *p = arg;
	const char *name;
	int failed = 0;

	pthread_mutex_lock(&p->mutex);
	while (!p->over && p->next < p->n_ready) {
		name = p->ready[p->next++];
		pthread_mutex_unlock(&p->mutex);
		failed = send_ready(p, name) == -1;
		pthread_mutex_lock(&p->mutex);
		if (failed)
			p->over = 1;
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

static void
end_ready(struct bk_wal_put *p)
{
	pthread_mutex_lock(&p->mutex);
	p->over = 1;
	pthread_mutex_unlock(&p->mutex);
}

/* Store own, and meanwhile others; all that was begun has ended then. */
static int
send_all(struct bk_wal_put *p, struct bk_wal_outgoing *own, struct bk_err *e)
{
	unsigned n = p->o.spool == NULL ? 0 : p->o.jobs - 1, i = 0;
	pthread_t *thread = calloc(n + 1, sizeof(*thread));
	struct bk_err ignored = {0};
	int rc;

	if (n > p->n_ready)
		n = (unsigned)p->n_ready;
	/* without threads it goes one by one */
	while (thread != NULL && i < n && bk_thread_start(&thread[i],
	    run_ready, p, &ignored) == 0)
		i++;
	rc = send_one(p, own, e);
	end_ready(p);
	while (i > 0)
		pthread_join(thread[--i], NULL);
	free(thread);
	return rc;
}

static int
name_dir(struct bk_wal_put *p, const char *path, struct bk_err *e)
{
	const char *slash = strrchr(path, '/');

	free(p->dir);
	p->dir = slash == NULL ? strdup(".") : slash == path ? strdup("/") :
	    strndup(path, (size_t)(slash - path));
	return p->dir != NULL ? 0 : bk_fail_memory(e);
}

int
bk_wal_put(struct bk_wal_put *p, const char *path, struct bk_err *e)
{
	struct bk_wal_outgoing own = BK_WAL_OUTGOING_NONE;
	int rc = -1, known = 0;

	if (name_dir(p, path, e) == 0 &&
	    bk_wal_outgoing_open(&own, path, p->o.sysid, e) == 0)
		rc = 0;
	if (rc == 0 && p->o.spool != NULL) {
		if (list_ready(p, own.name))
			clean(p, own.name);
		known = is_recorded(p, &own, e);
		rc = known == -1 ? -1 : 0;
	}
	if (rc == 0 && !known)
		rc = send_all(p, &own, e);
	bk_wal_outgoing_close(&own);
	return rc;
}

const struct bk_err *
bk_wal_put_unrecorded(const struct bk_wal_put *p)
{
	return p->unrecorded.code == BK_OK ? NULL : &p->unrecorded;
}

const char *
bk_wal_put_second(const struct bk_wal_put *p)
{
	return *p->second == '\0' ? NULL : p->second;
}

void
bk_wal_put_stop(struct bk_wal_put *p)
{
	end_ready(p);
	bk_wal_runs_stop(&p->runs);
}

void
bk_wal_put_free(struct bk_wal_put *p)
{
	if (p == NULL)
		return;
	if (p->lock != -1)
		close(p->lock);
	free(p->dir);
	free(p->ready);
	pthread_mutex_destroy(&p->mutex);
	bk_wal_runs_destroy(&p->runs);
	free(p);
}
