#include "notify/change.h"

#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

struct news {
	struct bk_notify_message *m;
	const struct bk_notify_reports *past;
	uint64_t remind;
	struct bk_notify_reports now;	/* what the message says */
	int *is_news;			/* of each of now */
	size_t *index;			/* in now, of each of m->subjects */
	int partial;		/* what is missing may be as it was */
	struct bk_buf notes;
	struct bk_err *e;
};

/* Note what is said of a subject, the worst if that is several things. */
static size_t
note(struct news *w, const char *subject, size_t n, enum bk_state state)
{
	struct bk_notify_report *r = bk_notify_reports_find(&w->now, subject,
	    n);

	if (r == NULL && (r = bk_notify_reports_add(&w->now, subject, n,
	    w->e)) != NULL)
		r->state = state;
	if (r == NULL)
		return NONE;
	r->state = bk_state_worse(r->state, state);
	w->partial |= state == BK_STATE_UNKNOWN;
	return (size_t)(r - w->now.v);
}

/* Its name, as a line of the file of what was told can have it. */
static int
clean_name(const char *name, struct bk_buf *out, struct bk_err *e)
{
	char *p;

	out->len = 0;
	if (bk_notify_message_clean(out, name, strlen(name), e) == -1)
		return -1;
	for (p = out->data; p != NULL && *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = '?';
	return bk_buf_puts(out, "", e);
}

static int
read_subjects(struct news *w)
{
	const struct bk_subjects *s = &w->m->subjects;
	struct bk_buf name = {0};
	size_t i;
	int rc = 0;

	if ((w->index = calloc(s->n + 1, sizeof(*w->index))) == NULL)
		return bk_fail_memory(w->e);
	for (i = 0; rc == 0 && i < s->n; i++) {
		rc = clean_name(s->v[i].name, &name, w->e);
		if (rc == 0 && (w->index[i] = note(w, name.data, name.len,
		    s->v[i].state)) == NONE)
			rc = -1;
	}
	bk_buf_free(&name);
	return rc;
}

/* "shop: still CRITICAL, first reported at 2026-11-21T05:27:19Z" */
static int
add_note(struct news *w, const struct bk_notify_report *r, const char *what)
{
	char since[BK_UTCTIME_TEXT];

	bk_utctime_format(r->since, since);
	return bk_buf_printf(&w->notes, w->e, "\n%s%s%s %s, first reported "
	    "at %s", r->subject, *r->subject == '\0' ? "" : ": ", what,
	    bk_state_name(r->state), since);
}

/* 1 if the state of now.v[i] is news, 0 if not, -1. */
static int
judge(struct news *w, const struct bk_notify_report *now)
{
	const struct bk_notify_report *was = bk_notify_reports_find(w->past,
	    now->subject, strlen(now->subject));
	int whole = *now->subject == '\0' || w->m->job.len > 0;

	if (was == NULL)
		return now->state != BK_STATE_OK;
	if (now->state == BK_STATE_OK)
		return add_note(w, was, whole ? "Recovered; it was" :
		    "recovered; it was") == -1 ? -1 : 1;
	if (now->state != was->state &&
	    bk_state_worse(now->state, was->state) == now->state)
		return 1;
	/* a time to come was written by a wrong clock */
	if (w->remind == 0 || (w->m->now >= was->told &&
	    (uint64_t)(w->m->now - was->told) < w->remind))
		return 0;
	return add_note(w, was, whole ? "Still" : "still") == -1 ? -1 : 1;
}

/* What the message does not mention: -1, or 1 if that is news. */
static int
judge_missing(struct news *w, struct bk_notify_reports *told)
{
	const struct bk_notify_report *was;
	struct bk_notify_report *same;
	int news = 0;

	for (was = w->past->v; was < w->past->v + w->past->n; was++) {
		if (bk_notify_reports_find(&w->now, was->subject,
		    strlen(was->subject)) != NULL)
			continue;
		/* a run that failed before it knew its job may be this one's */
		if (!w->partial || (*was->subject == '\0' &&
		    w->m->state == BK_STATE_OK)) {
			if (add_note(w, was, *was->subject != '\0' ?
			    "no longer reported; it was" :
			    w->m->state == BK_STATE_OK ? "Recovered; it was" :
			    "No longer reported; it was") == -1)
				return -1;
			news = 1;
			continue;
		}
		same = bk_notify_reports_add(told, was->subject,
		    strlen(was->subject), w->e);
		if (same == NULL)
			return -1;
		same->state = was->state;
		same->since = was->since;
		same->told = was->told;
	}
	return news;
}

/* What is to be remembered of what the message mentions. */
static int
remember(const struct news *w, struct bk_notify_reports *told)
{
	const struct bk_notify_report *now, *was;
	struct bk_notify_report *r;

	for (now = w->now.v; now < w->now.v + w->now.n; now++) {
		if (now->state == BK_STATE_OK)
			continue;
		was = bk_notify_reports_find(w->past, now->subject,
		    strlen(now->subject));
		r = bk_notify_reports_add(told, now->subject,
		    strlen(now->subject), w->e);
		if (r == NULL)
			return -1;
		r->state = was == NULL ? now->state :
		    bk_state_worse(now->state, was->state);
		r->since = was == NULL ? w->m->now : was->since;
		r->told = w->m->now;
	}
	return 0;
}

/* The text again, with the lines that are news first. */
static int
arrange_lines(struct news *w)
{
	const struct bk_subjects *s = &w->m->subjects;
	struct bk_subjects shown = {0};
	size_t i;
	int rc, pass;

	if ((shown.v = calloc(s->n, sizeof(*shown.v))) == NULL)
		return bk_fail_memory(w->e);
	for (pass = 1; pass >= 0; pass--)
		for (i = 0; i < s->n; i++)
			if (w->is_news[w->index[i]] == pass)
				shown.v[shown.n++] = s->v[i];
	rc = bk_notify_message_lines(w->m, &shown, w->e);
	free(shown.v);			/* what it points to is the message's */
	return rc;
}

/* The text, and the notes after it. */
static int
arrange(struct news *w)
{
	struct bk_buf *text = &w->m->text;

	if (w->m->subjects.n > 0 && arrange_lines(w) == -1)
		return -1;
	if (w->notes.len > 0 && bk_buf_puts(text, text->len > 0 ?
	    w->notes.data : w->notes.data + strlen("\n"), w->e) == -1)
		return -1;
	return bk_notify_message_finish(w->m, w->e);
}

static int
compare(struct news *w, struct bk_notify_reports *told)
{
	int news = 0, rc;
	size_t i;

	if (w->m->subjects.n > 0 && read_subjects(w) == -1)
		return -1;
	if (w->now.n == 0) {
		if (note(w, w->m->job.len > 0 ? w->m->job.data : "",
		    w->m->job.len, w->m->state) == NONE)
			return -1;
		w->partial = w->m->state != BK_STATE_OK || w->m->job.len > 0;
	}
	if ((w->is_news = calloc(w->now.n + 1, sizeof(*w->is_news))) == NULL)
		return bk_fail_memory(w->e);
	for (i = 0; i < w->now.n; i++) {
		if ((rc = judge(w, &w->now.v[i])) == -1)
			return -1;
		news |= w->is_news[i] = rc;
	}
	if ((rc = judge_missing(w, told)) == -1)
		return -1;
	news |= rc;
	if (!news)
		return 0;
	return remember(w, told) == -1 || arrange(w) == -1 ? -1 : 1;
}

int
bk_notify_news(struct bk_notify_message *m,
    const struct bk_notify_reports *past, uint64_t remind,
    struct bk_notify_reports *told, struct bk_err *e)
{
	struct news w = { .m = m, .past = past, .remind = remind, .e = e };
	int rc = compare(&w, told);

	bk_notify_reports_free(&w.now);
	bk_buf_free(&w.notes);
	free(w.is_news);
	free(w.index);
	return rc;
}
