#include "job/stages.h"

#include <sys/wait.h>

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/pipelines.h"
#include "base/grow.h"

#define SINK_MAX 999	/* the highest number of a sink */
#define LINE_MAX_BYTES 8192	/* what is longer is none of ours */
#define EXITED(n) ((int)(n) << 8)	/* waitpid(2)'s status */
#define NOT_FOUND 127		/* a shell's status: no such command */

/* --- what they report */

static int
add(struct bk_stages *s, const char *tool, long pid,
    const struct bk_spared *of, struct bk_err *e)
{
	struct bk_stage *more = bk_grow(s->v, s->n, &s->cap, sizeof(*more), e);

	if (more == NULL)
		return -1;
	s->v = more;
	more = &s->v[s->n++];
	*more = (struct bk_stage){ .pid = pid, .tee = of->tee,
	    .sink = of->sink };
	(void)snprintf(more->tool, sizeof(more->tool), "%s", tool);
	return 0;
}

static int
end(struct bk_stages *s, const char *tool, long pid, char mark, uint64_t bytes,
    const char *text, struct bk_err *e)
{
	struct bk_stage *v = NULL;
	size_t i;

	for (i = 0; v == NULL && i < s->n; i++)
		if (!s->v[i].ended && s->v[i].pid == pid &&
		    strcmp(s->v[i].tool, tool) == 0)
			v = &s->v[i];
	/* its start was lost in what a stranger has written */
	if (v == NULL && add(s, tool, pid, &(struct bk_spared){0}, e) == -1)
		return -1;
	if (v == NULL)
		v = &s->v[s->n - 1];
	if ((v->text = strdup(text)) == NULL)
		return bk_fail_memory(e);
	v->ended = 1;
	v->nth = s->ended++;
	v->empty = mark == '-';
	v->code = v->empty ? BK_DATA : (enum bk_code)(mark - '0');
	v->bytes = bytes;
	return 0;
}

/* A blank and a number; 0, or -1 if there is none. */
static int
take_number(const char **at, uint64_t max, uint64_t *n)
{
	char *end;

	if ((*at)[0] != ' ' || !isdigit((unsigned char)(*at)[1]))
		return -1;
	errno = 0;
	*n = strtoull(*at + 1, &end, 10);
	*at = end;
	return errno == 0 && *n <= max ? 0 : -1;
}

static int
spare(struct bk_stages *s, const struct bk_spared *sink, struct bk_err *e)
{
	struct bk_spared *more = bk_grow(s->spared, s->nspared, &s->spared_cap,
	    sizeof(*more), e);

	if (more == NULL)
		return -1;
	s->spared = more;
	s->spared[s->nspared++] = *sink;
	return 0;
}

/*
 * "+ bk-save 4712"; "+ bk-save 4712 4711 0", sink 0 of bk-tee 4711;
 * "~ bk-tee 4711 0", which that can spare; "1 bk-save 4712 1048576 CAUSE"
 */
static int
take_line(struct bk_stages *s, const char *line, struct bk_err *e)
{
	char mark = *line, tool[BK_STAGE_TOOL];
	uint64_t pid, bytes, tee = 0, sink = 0;
	size_t n;

	if (mark == '\0' || strchr("+-~012345", mark) == NULL ||
	    line[1] != ' ')
		return 0;
	line += 2;
	n = strcspn(line, " ");
	if (n >= sizeof(tool))
		return 0;
	memcpy(tool, line, n);
	tool[n] = '\0';
	line += n;
	if (take_number(&line, INT_MAX, &pid) == -1 || pid == 0)
		return 0;
	if (mark == '~')
		return take_number(&line, SINK_MAX, &sink) == -1 ? 0 :
		    spare(s, &(struct bk_spared){ (long)pid, (unsigned)sink },
		    e);
	if (mark == '+' && (*line == '\0' ||
	    (take_number(&line, INT_MAX, &tee) == 0 &&
	    take_number(&line, SINK_MAX, &sink) == 0)))
		return add(s, tool, (long)pid, &(struct bk_spared){ (long)tee,
		    (unsigned)sink }, e);
	if (mark == '+' || take_number(&line, UINT64_MAX, &bytes) == -1)
		return 0;
	return end(s, tool, (long)pid, mark, bytes, *line == ' ' ? line + 1 :
	    line, e);
}

int
bk_stages_take(struct bk_stages *s, const char *text, size_t n,
    struct bk_err *e)
{
	char *line, *next;

	if (bk_buf_add(&s->part, text, n, e) == -1)
		return -1;
	for (line = s->part.data; (next = strchr(line, '\n')) != NULL;
	    line = next) {
		*next++ = '\0';
		if (take_line(s, line, e) == -1)
			return -1;
	}
	s->part.len = strlen(line);
	memmove(s->part.data, line, s->part.len + 1);
	if (s->part.len > LINE_MAX_BYTES)
		s->part.len = 0;
	return 0;
}

void
bk_stages_free(struct bk_stages *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->v[i].text);
	free(s->v);
	free(s->spared);
	bk_buf_free(&s->part);
	*s = (struct bk_stages){0};
}

/* --- the first cause */

/* What says most of a failure comes last. */
enum { DONE, EMPTY, CONSEQUENCE, OWN, KILLED };

static int
kind(const struct bk_stage *v)
{
	if (!v->ended)
		return KILLED;
	if (v->code == BK_OK)
		return DONE;
	/* of an empty listing the tool that made it has to say that it is */
	if (v->empty || (v->code == BK_NONE &&
	    strstr(v->text, "empty listing") != NULL))
		return EMPTY;
	return bk_error_is_consequence(v->text) ? CONSEQUENCE : OWN;
}

static int
is_spared_sink(const struct bk_stages *s, const struct bk_stage *v)
{
	size_t i;

	for (i = 0; i < s->nspared; i++)
		if (s->spared[i].tee == v->tee &&
		    s->spared[i].sink == v->sink)
			return 1;
	return 0;
}

/* The bk-tee that v is a part of a sink of, or NULL. */
static const struct bk_stage *
find_tee(const struct bk_stages *s, const struct bk_stage *v)
{
	size_t i;

	for (i = 0; v->tee != 0 && i < s->n; i++)
		if (s->v[i].pid == v->tee &&
		    strcmp(s->v[i].tool, "bk-tee") == 0)
			return &s->v[i];
	return NULL;
}

/* Had its bk-tee, or one that this is a sink of, enough without it? */
static int
is_spare(const struct bk_stages *s, const struct bk_stage *v)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (v->tee != 0 && is_spared_sink(s, v))
			return 1;
		if ((v = find_tee(s, v)) == NULL)
			break;
	}
	return 0;
}

static int
is_none(const struct bk_stage *v)
{
	return kind(v) == OWN && v->code == BK_NONE;
}

/* Does a failure of this kind say more? */
static int
says_more(const struct bk_stage *v, const struct bk_stage *than)
{
	int a, b;

	if (kind(v) != kind(than))
		return kind(v) > kind(than);
	if (kind(v) == CONSEQUENCE) {
		/* that of a writer only says that its reader has gone */
		a = strstr(v->text, strerror(EPIPE)) != NULL;
		b = strstr(than->text, strerror(EPIPE)) != NULL;
		if (a != b)
			return b;
	}
	return v->ended && v->nth < than->nth;
}

/* NULL: none has failed. */
static const struct bk_stage *
first_cause(const struct bk_stages *s, int none_is_ok)
{
	const struct bk_stage *v, *cause = NULL;
	size_t i;

	for (i = 0; i < s->n; i++) {
		v = &s->v[i];
		if (kind(v) == DONE || is_spare(s, v) ||
		    (none_is_ok && is_none(v)))
			continue;
		if (cause == NULL || says_more(v, cause))
			cause = v;
	}
	return cause;
}

/* No bk tool has failed. */
static int
judge_shell(int status, struct bk_err *e)
{
	if (WIFSIGNALED(status))
		return bk_fail(e, BK_FAIL, "the pipeline's shell was killed by "
		    "signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == NOT_FOUND)
		return bk_fail(e, BK_FAIL, "a command of the pipeline was not "
		    "found; the shell has said which");
	if (WEXITSTATUS(status) != 0)
		return bk_fail(e, BK_FAIL, "the pipeline ended with exit "
		    "status %d, of a command that has said why",
		    WEXITSTATUS(status));
	return 0;
}

/* Is the shell's status that of a stage that has failed? */
static int
is_a_stages(const struct bk_stages *s, int status)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (kind(&s->v[i]) != DONE && status == EXITED(s->v[i].code))
			return 1;
	return 0;
}

/* Has a reader failed that is none of ours? */
static int
is_strangers(const struct bk_stages *s, const struct bk_stage *cause,
    int status)
{
	return kind(cause) == CONSEQUENCE && status != 0 &&
	    !is_a_stages(s, status) &&
	    strstr(cause->text, strerror(EPIPE)) != NULL;
}

static int
found_nothing(const struct bk_stages *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (is_none(&s->v[i]))
			return 1;
	return 0;
}

int
bk_stages_judge(const struct bk_stages *s, int status, int none_is_ok,
    struct bk_err *e)
{
	const struct bk_stage *cause = first_cause(s, none_is_ok);

	/* of nothing there follows that the others got nothing */
	if (none_is_ok && found_nothing(s) && (cause == NULL ||
	    kind(cause) == EMPTY || kind(cause) == CONSEQUENCE))
		return is_a_stages(s, status) ? 0 : judge_shell(status, e);
	if (cause == NULL || is_strangers(s, cause, status))
		return judge_shell(status, e);
	switch (kind(cause)) {
	case KILLED:
		return bk_fail(e, BK_FAIL, "%s: was killed; if nobody did, the "
		    "system's log may say why", cause->tool);
	case EMPTY:
		return bk_fail(e, BK_DATA, "%s: the command before it wrote "
		    "nothing: it failed, or was not found", cause->tool);
	default:
		return bk_fail(e, cause->code, "%s: %s", cause->tool,
		    cause->text);
	}
}

/* --- what was done */

/* A shell starts them from left to right. */
static int
by_pid(const void *a, const void *b)
{
	const struct bk_stage *const *v = a, *const *w = b;

	return ((*v)->pid > (*w)->pid) - ((*v)->pid < (*w)->pid);
}

int
bk_stages_names(const struct bk_stages *s, struct bk_buf *out,
    struct bk_err *e)
{
	const struct bk_stage **order = calloc(s->n + 1, sizeof(*order));
	size_t i;
	int rc = 0;

	if (order == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < s->n; i++)
		order[i] = &s->v[i];
	qsort(order, s->n, sizeof(*order), by_pid);
	for (i = 0; rc == 0 && i < s->n; i++)
		rc = bk_buf_printf(out, e, "%s%s", i == 0 ? "" : " | ",
		    order[i]->tool);
	free(order);
	return rc;
}

int
bk_stages_stored(const struct bk_stages *s, struct bk_buf *out,
    uint64_t *bytes, struct bk_err *e)
{
	const struct bk_stage *v;
	const char *between = "";
	size_t i;

	*bytes = 0;
	for (i = 0; i < s->n; i++) {
		v = &s->v[i];
		if (kind(v) != DONE || *v->text == '\0')
			continue;
		*bytes = v->bytes;
		if (bk_buf_printf(out, e, "%s%s", between, v->text) == -1)
			return -1;
		between = ", ";
	}
	return 0;
}

int
bk_stages_missing(const struct bk_stages *s, struct bk_buf *out,
    struct bk_err *e)
{
	const struct bk_stage *v;
	size_t i;

	for (i = 0; i < s->n; i++) {
		v = &s->v[i];
		if (kind(v) == DONE || !is_spare(s, v))
			continue;
		if (bk_buf_printf(out, e, "%s%s: %s", out->len > 0 ? "; " : "",
		    v->tool, v->ended ? v->text : "was killed") == -1)
			return -1;
	}
	return 0;
}
