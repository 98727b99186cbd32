#include "verify/receipt.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/num.h"
#include "base/utctime.h"
#include "base/version.h"
#include "json/json_write.h"
#include "listing/template.h"
#include "stream/store.h"

/* The result as text: exit status 0, 3 and 1. */
static const char *
outcome(const struct bk_receipt *r)
{
	if (r->result->code == BK_OK)
		return "proven";
	return r->result->code == BK_DATA ? "not proven" : "could not tell";
}

int
bk_receipt_is_named(const struct bk_receipt *r)
{
	return *r->name != '\0' ||
	    (r->label.kind != BK_LABEL_NONE && r->label.at != 0);
}

const char *
bk_receipt_subject(const struct bk_receipt *r)
{
	return *r->name != '\0' ? r->name :
	    r->label.kind != BK_LABEL_NONE ? r->label.name :
	    r->v->database != NULL ? r->v->database : "";
}

/* Which backup it is. */
static int
add_identity(struct bk_buf *b, const struct bk_receipt *r, struct bk_err *e)
{
	enum bk_label_kind kind = r->label.kind;
	const char *cluster = *r->v->cluster != '\0' ? r->v->cluster : NULL;

	if (bk_json_member(b, "name", r->name, e) == -1 ||
	    bk_json_member(b, "database", kind == BK_LABEL_DB ?
	    r->label.name : r->v->database, e) == -1 || bk_json_member(b,
	    "cluster", kind == BK_LABEL_CLUSTER ? r->label.name : cluster,
	    e) == -1 || bk_json_member(b, "host", *r->label.host != '\0' ?
	    r->label.host : NULL, e) == -1)
		return -1;
	return bk_json_time(b, "at", r->label.at, e);
}

static int
add_lsn(struct bk_buf *b, const char *key, uint64_t lsn, struct bk_err *e)
{
	char text[BK_LSN_TEXT] = "";

	if (lsn != 0)
		bk_lsn_format(lsn, text);
	return bk_json_member(b, key, text, e);
}

/* Of a base backup: where its WAL begins and ends. */
static int
add_wal(struct bk_buf *b, const struct bk_verdict *v, struct bk_err *e)
{
	if (v->timeline == 0)
		return bk_json_member(b, "timeline", NULL, e) == -1 ||
		    bk_json_member(b, "start_lsn", NULL, e) == -1 ||
		    bk_json_member(b, "end_lsn", NULL, e) == -1 ? -1 : 0;
	if (bk_json_number(b, "timeline", v->timeline, e) == -1 ||
	    add_lsn(b, "start_lsn", v->start, e) == -1)
		return -1;
	return add_lsn(b, "end_lsn", v->end, e);
}

/* The contents of the backup. */
static int
add_verdict(struct bk_buf *b, const struct bk_verdict *v, struct bk_err *e)
{
	if (bk_json_member(b, "kind", v->kind, e) == -1 ||
	    bk_json_time(b, "time", v->time, e) == -1 ||
	    bk_json_member(b, "made_by", v->tool, e) == -1 ||
	    bk_json_member(b, "server_version", v->server_version,
	    e) == -1 ||
	    bk_json_member(b, "restored_on", v->restored_on, e) == -1 ||
	    bk_json_number(b, "tables", v->tables, e) == -1 ||
	    bk_json_number(b, "rows", v->rows, e) == -1 ||
	    bk_json_number(b, "blobs", v->blobs, e) == -1 ||
	    bk_json_number(b, "files", v->files, e) == -1 ||
	    add_wal(b, v, e) == -1 ||
	    bk_json_number(b, "bytes", v->bytes, e) == -1 ||
	    bk_json_member(b, "manifest", v->manifest, e) == -1 ||
	    bk_json_member(b, "definitions", v->definitions == NULL ?
	    "not" : v->definitions, e) == -1 ||
	    bk_json_member(b, "not_covered", v->uncovered, e) == -1 ||
	    bk_json_number(b, "trusted_code", v->trusted, e) == -1)
		return -1;
	return bk_json_number(b, "differences", v->ndiff, e);
}

int
bk_receipt_json(const struct bk_receipt *r, struct bk_buf *out,
    struct bk_err *e)
{
	const char *proof = r->result->code == BK_OK ? r->v->proof : NULL;

	if (bk_buf_puts(out, "{", e) == -1 ||
	    bk_json_member(out, "bk", "receipt", e) == -1 ||
	    bk_json_number(out, "version", 1, e) == -1 ||
	    add_identity(out, r, e) == -1 ||
	    bk_json_member(out, "result", outcome(r), e) == -1 ||
	    bk_json_member(out, "error", r->result->msg, e) == -1 ||
	    bk_json_number(out, "level", (uint64_t)r->level, e) == -1 ||
	    bk_json_member(out, "proof", proof, e) == -1 ||
	    bk_json_key(out, "sealed", e) == -1 ||
	    bk_buf_puts(out, r->sealed ? "true" : "false", e) == -1 ||
	    bk_json_member(out, "signer", r->signer, e) == -1 ||
	    add_verdict(out, r->v, e) == -1 ||
	    bk_json_time(out, "started", r->started, e) == -1 ||
	    bk_json_time(out, "finished", r->finished, e) == -1 ||
	    bk_json_seconds(out, "seconds", r->seconds, e) == -1 ||
	    (r->v->restore_seconds > 0 ? bk_json_seconds(out,
	    "restore_seconds", r->v->restore_seconds, e) :
	    bk_json_member(out, "restore_seconds", NULL, e)) == -1 ||
	    bk_json_time(out, "reached", r->v->reached, e) == -1 ||
	    bk_json_member(out, "tool", "bk-verify " BK_VERSION, e) == -1)
		return -1;
	return bk_buf_puts(out, "}\n", e);
}

/* A table cell; "|" would end it. */
static int
add_cell(struct bk_buf *b, const char *s, struct bk_err *e)
{
	if (bk_buf_puts(b, " ", e) == -1)
		return -1;
	for (; s != NULL && *s != '\0'; s++)
		if (bk_buf_printf(b, e, *s == '|' ? "\\%c" : "%c",
		    (unsigned char)*s < 0x20 ? ' ' : *s) == -1)
			return -1;
	return bk_buf_puts(b, " |", e);
}

int
bk_receipt_markdown(const struct bk_receipt *r, struct bk_buf *out,
    struct bk_err *e)
{
	char finished[BK_UTCTIME_TEXT], time[BK_UTCTIME_TEXT] = "";

	bk_utctime_format(r->finished, finished);
	if (r->v->time != 0)
		bk_utctime_format(r->v->time, time);
	else if (r->label.kind != BK_LABEL_NONE)	/* of what is damaged */
		bk_utctime_format(r->label.at, time);
	if (bk_buf_puts(out, "|", e) == -1 ||
	    add_cell(out, finished, e) == -1 ||
	    add_cell(out, bk_receipt_subject(r), e) == -1 ||
	    add_cell(out, time, e) == -1 ||
	    add_cell(out, outcome(r), e) == -1)
		return -1;
	return bk_buf_printf(out, e, " %d | %" PRIu64 " | %" PRIu64 " | %"
	    PRIu64 " | %.1f |\n", r->level, r->v->tables, r->v->rows,
	    r->v->bytes, r->seconds);
}

/* The proof as plain text. */
static const char *
meaning(const struct bk_receipt *r)
{
	static const struct {
		const char *proof, *text;
	} proofs[] = {
		{ "seal", "complete, by its seal" },
		{ "structure", "complete, as far as a foreign dump can show" },
		{ "content", "agrees with its manifest" },
		{ "restore", "restored, every row compared" },
		{ "recovery", "recovered, and started" },
	};
	size_t i;

	for (i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
		if (r->v->proof != NULL &&
		    strcmp(proofs[i].proof, r->v->proof) == 0)
			return proofs[i].text;
	return "";
}

/* What is known of the definitions, as a part of that. */
static const char *
definitions(const char *word)
{
	if (strcmp(word, "compared") == 0)
		return ", and every definition";
	return strcmp(word, "names") == 0 ? ", definitions by name" : "";
}

int
bk_receipt_text(const struct bk_receipt *r, struct bk_buf *out,
    struct bk_err *e)
{
	const struct bk_verdict *v = r->v;
	const char *kind = strcmp(v->kind, "base") == 0 ? "base backup" :
	    v->kind;
	const char *subject = bk_receipt_subject(r);
	char size[BK_NUM_TEXT];

	bk_size_format(v->bytes, size);
	if (bk_buf_printf(out, e, "%s%sproven: %s%s%s, ", subject,
	    *subject == '\0' ? "" : ": ", kind, v->database == NULL ? "" :
	    " of ", v->database == NULL ? "" : v->database) == -1)
		return -1;
	if (v->files > 0 ? bk_buf_printf(out, e, "%" PRIu64 " files, ",
	    v->files) == -1 : bk_buf_printf(out, e, "%" PRIu64 " table%s, %"
	    PRIu64 " row%s, ", v->tables, v->tables == 1 ? "" : "s", v->rows,
	    v->rows == 1 ? "" : "s") == -1)
		return -1;
	if (bk_buf_printf(out, e, "%s: %s%s; %s", size, meaning(r),
	    v->definitions == NULL ? "" : definitions(v->definitions),
	    r->sealed ? "sealed" : "not sealed") == -1)
		return -1;
	return v->uncovered == NULL ? 0 :
	    bk_buf_printf(out, e, "; not covered: %s", v->uncovered);
}

int
bk_receipt_is_s3(const char *where)
{
	return strncmp(where, "s3://", 5) == 0;
}

int
bk_receipt_save(const char *path, mode_t mode, const struct bk_buf *text,
    struct bk_err *e)
{
	struct stat st;
	int rc, fd;

	/* a terminal, a pipe, /dev/fd/3: nothing to rename over */
	if (stat(path, &st) == -1 || S_ISREG(st.st_mode))
		return bk_store_replace(path, mode, text, e);
	if ((fd = open(path, O_WRONLY | O_CLOEXEC)) == -1)
		return bk_fail_errno(e, "%s", path);
	rc = bk_io_write(fd, text->data, text->len, path, e);
	return bk_io_close(fd, path, e) == -1 ? -1 : rc;
}

int
bk_receipt_check_dir(const char *where, struct bk_err *e)
{
	struct stat st;

	if (bk_receipt_is_s3(where))
		return 0;
	if (stat(where, &st) == -1)
		return bk_fail_errno(e, "%s: receipt directory", where);
	if (!S_ISDIR(st.st_mode))
		return bk_fail(e, BK_FAIL, "%s: not a directory; receipts need "
		    "one",
		    where);
	return access(where, W_OK | X_OK) == 0 ? 0 :
	    bk_fail_errno(e, "%s: receipt directory", where);
}

/* bk-s3put in the directory of the program self, or in PATH. */
static int
find_s3put(const char *self, struct bk_buf *out, struct bk_err *e)
{
	const char *slash = strrchr(self, '/');

	if (slash == NULL)
		return bk_buf_puts(out, "bk-s3put", e);
	return bk_buf_printf(out, e, "%.*s/bk-s3put", (int)(slash - self),
	    self);
}

/* Run program url with text as its input. */
static int
run_put(const char *program, char *const env[], const char *url,
    const struct bk_buf *text, struct bk_err *e)
{
	char *argv[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)url,
	    NULL };
	int p[2], fds[3] = { -1, -1, -1 }, rc, status;
	atomic_int pid;

	if (bk_io_pipe(p, e) == -1)
		return -1;
	fds[STDIN_FILENO] = p[0];
	rc = bk_child_spawn(&pid, argv, env, fds, -1, e);
	close(p[0]);
	if (rc == -1) {
		close(p[1]);
		return -1;
	}
	rc = bk_io_write(p[1], text->data, text->len, program, e);
	close(p[1]);
	if (bk_child_reap(&pid, &status) == -1)
		return bk_fail_errno(e, "%s: wait", program);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		*e = (struct bk_err){0};	/* more useful than EPIPE */
		return bk_fail(e, BK_FAIL, "%s: receipt not stored", url);
	}
	return rc;
}

int
bk_receipt_store(const char *where, mode_t mode, const char *self,
    char *const env[], const struct bk_receipt *r, const struct bk_buf *text,
    struct bk_err *e)
{
	struct bk_template_vars vars = { .now = r->finished };
	struct bk_buf path = {0}, program = {0}, name = {0};
	char at[BK_UTCTIME_TEXT] = "";
	size_t n = strlen(where);
	int rc = -1;

	if (*r->name == '\0')
		bk_utctime_compact(r->label.at, at);
	if (bk_buf_printf(&name, e, "%s%s%s", bk_receipt_subject(r),
	    *at == '\0' ? "" : "-", at) == -1)
		goto done;
	vars.db = name.data;
	if (bk_buf_printf(&path, e, "%s%s", where,
	    n > 0 && where[n - 1] == '/' ? "" : "/") == -1 ||
	    bk_template_expand("{db}.{utc}.receipt.json", &vars, &path,
	    e) == -1)
		goto done;
	if (!bk_receipt_is_s3(where))
		rc = bk_receipt_save(path.data, mode, text, e);
	else if (find_s3put(self, &program, e) == 0)
		rc = run_put(program.data, env, path.data, text, e);
 done:
	bk_buf_free(&program);
	bk_buf_free(&path);
	bk_buf_free(&name);
	return rc;
}
