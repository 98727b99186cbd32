#define _GNU_SOURCE		/* memmem */
#include "notify/news.h"

#include <stdlib.h>
#include <string.h>

#define SERVICE "BACKUP "	/* of bk-age's lines */

struct line {
	const char *text;
	size_t len;
	size_t subject;		/* its index in news.now, or NONE */
};
#define NONE SIZE_MAX

struct news {
	struct bk_notify_message *m;
	const struct bk_notify_reports *past;
	uint64_t remind;
	struct bk_notify_reports now;	/* what the message says */
	int *is_news;			/* of each of now */
	struct line *line;
	size_t n;
	int partial;		/* what is missing may be as it was */
	struct bk_buf notes;
	struct bk_err *e;
};

/*
 * The state and the subject, of *n bytes, in "BACKUP CRITICAL - shop: 3d old".
 * 0: the line has none.
 */
static int
parse_line(const char *s, size_t len, const char **subject, size_t *n,
    enum bk_state *state)
{
	const char *end = s + len, *p;

	if (len < strlen(SERVICE) || memcmp(s, SERVICE, strlen(SERVICE)) != 0)
		return 0;
	s += strlen(SERVICE);
	p = memchr(s, ' ', (size_t)(end - s));
	if (p == NULL || !bk_notify_state_parse(s, (size_t)(p - s), state) ||
	    end - p < 3 || memcmp(p, " - ", 3) != 0)
		return 0;
	*subject = p + 3;
	for (p = *subject; p + 1 < end; p++)
		if (p[0] == ':' && p[1] == ' ')
			break;
	*n = p + 1 < end ? (size_t)(p - *subject) : 0;
	return 1;
}

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

/* "and 60 more, all OK": then nothing that was bad is hidden. */
static int
hides(const char *s, size_t n)
{
	static const char more[] = "and ";

	return n >= strlen(more) && memcmp(s, more, strlen(more)) == 0 &&
	    memmem(s, n, ", all OK", strlen(", all OK")) == NULL;
}

static int
read_lines(struct news *w)
{
	const char *s = w->m->text.data, *subject;
	enum bk_state state;
	struct line *l;
	size_t i, n, lines = 1;

	for (i = 0; i < w->m->text.len; i++)
		lines += s[i] == '\n';
	if ((w->line = calloc(lines, sizeof(*w->line))) == NULL)
		return bk_fail_memory(w->e);
	for (; w->n < lines; s = l->text + l->len + 1) {
		l = &w->line[w->n++];
		*l = (struct line){ s, strcspn(s, "\n"), NONE };
		if (!parse_line(s, l->len, &subject, &n, &state))
			w->partial |= hides(s, l->len);
		else if ((l->subject = note(w, subject, n, state)) == NONE)
			return -1;
	}
	return 0;
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
		/* who failed before he knew his job may have had this one */
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

/* The lines with news, the others, the notes. */
static int
arrange(struct news *w)
{
	struct bk_buf text = {0};
	const struct line *l;
	int rc = 0, pass, is_news;

	if (w->n == 0)
		rc = bk_buf_add(&text, w->m->text.data, w->m->text.len, w->e);
	for (pass = 1; pass >= 0; pass--)
		for (l = w->line; rc == 0 && l < w->line + w->n; l++) {
			is_news = l->subject != NONE && w->is_news[l->subject];
			if (is_news != pass)
				continue;
			if (text.len > 0)
				rc = bk_buf_puts(&text, "\n", w->e);
			if (rc == 0)
				rc = bk_buf_add(&text, l->text, l->len, w->e);
		}
	if (rc == 0 && w->notes.len > 0)
		rc = bk_buf_puts(&text, text.len > 0 ? w->notes.data :
		    w->notes.data + strlen("\n"), w->e);
	if (rc == -1) {
		bk_buf_free(&text);
		return -1;
	}
	bk_buf_free(&w->m->text);
	w->m->text = text;
	return bk_notify_message_finish(w->m, w->e);
}

static int
compare(struct news *w, struct bk_notify_reports *told)
{
	int news = 0, rc;
	size_t i;

	if (w->m->by_line && read_lines(w) == -1)
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
	free(w.line);
	return rc;
}
