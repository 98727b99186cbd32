/* The message and its state. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/utf8.h"
#include "notify/message.h"
#include "report/age_report.h"

#define SUBJECT_MAX 160		/* bytes taken from the text's first line */

int
bk_notify_message_clean(struct bk_buf *out, const char *s, size_t n,
    struct bk_err *e)
{
	const char *end = s + n;
	size_t len;
	int rc = 0;

	for (; rc == 0 && s < end; s += len) {
		len = bk_utf8_len(s);
		if (len == 0 || len > (size_t)(end - s)) {
			rc = bk_buf_puts(out, "\xef\xbf\xbd", e);
			len = 1;
		} else if (*s == '\r') {
			if (s + 1 == end || s[1] != '\n')
				rc = bk_buf_puts(out, "\n", e);
		} else if (*s != '\n' && *s != '\t' && bk_utf8_hidden(s) > 0)
			rc = bk_buf_puts(out, "?", e);
		else
			rc = bk_buf_add(out, s, len, e);
	}
	while (rc == 0 && out->len > 0 && strchr(" \t\n",
	    out->data[out->len - 1]) != NULL)
		out->data[--out->len] = '\0';
	return rc;
}

int
bk_notify_state_parse(const char *s, size_t n, enum bk_state *state)
{
	int i;

	for (i = BK_STATE_OK; i <= BK_STATE_UNKNOWN; i++)
		if (strlen(bk_state_name((enum bk_state)i)) == n &&
		    strncmp(s, bk_state_name((enum bk_state)i), n) == 0) {
			*state = (enum bk_state)i;
			return 1;
		}
	return 0;
}

/* Parse the first line of a monitoring plugin: "BACKUP CRITICAL - ...". */
static int
read_state(const char *line, enum bk_state *state)
{
	size_t service = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	if (service == 0 || line[service] != ' ')
		return 0;
	line += service + 1;
	return bk_notify_state_parse(line, strcspn(line, " :-\n"), state);
}

/* Remove performance data, after a bar in the first line. */
static void
drop_perfdata(struct bk_buf *text)
{
	size_t line = strcspn(text->data, "\n"), bar;

	for (bar = 0; bar < line && text->data[bar] != '|'; bar++)
		continue;
	if (bar == line)
		return;
	while (bar > 0 && text->data[bar - 1] == ' ')
		bar--;
	memmove(text->data + bar, text->data + line, text->len - line + 1);
	text->len -= line - bar;
}

/* The length of the text's first line, truncated for a subject. */
static size_t
first_line(const char *text)
{
	size_t n = strcspn(text, "\n");

	return n > SUBJECT_MAX ? bk_utf8_cut(text, SUBJECT_MAX) : n;
}

int
bk_notify_message_finish(struct bk_notify_message *m, struct bk_err *e)
{
	if (m->text.len == 0 && (m->title == NULL || !m->known)) {
		if (!m->known)
			m->state = BK_STATE_UNKNOWN;
		if (bk_buf_puts(&m->text, m->known ? bk_state_name(m->state) :
		    "no message: standard input is empty", e) == -1)
			return -1;
		m->known = 1;
	}
	bk_utctime_format(m->now, m->utc);
	m->subject.len = 0;
	if (m->title != NULL)
		return bk_notify_message_clean(&m->subject, m->title,
		    strlen(m->title), e);
	if (bk_buf_printf(&m->subject, e, "%s: ", m->host) == -1)
		return -1;
	return bk_buf_add(&m->subject, m->text.data, first_line(m->text.data),
	    e);
}

/* Read standard input to its end, keeping BK_NOTIFY_TEXT_MAX bytes. */
static int
read_all(struct bk_buf *raw, uintmax_t *all, struct bk_err *e)
{
	static char buf[BK_IO_BUFSZ];
	ssize_t n;
	size_t room;

	*all = 0;
	while ((n = bk_io_read(STDIN_FILENO, buf, sizeof(buf),
	    "standard input", e)) > 0) {
		*all += (uintmax_t)n;
		room = (raw->len > 0 ? *raw->data : *buf) == '{' ?
		    BK_NOTIFY_JSON_MAX : BK_NOTIFY_TEXT_MAX;
		room -= raw->len;
		if (bk_buf_add(raw, buf, (size_t)n < room ? (size_t)n : room,
		    e) == -1)
			return -1;
	}
	return (int)n;
}

int
bk_notify_message_lines(struct bk_notify_message *m,
    const struct bk_subjects *s, struct bk_err *e)
{
	struct bk_buf lines = {0};
	int rc = bk_age_lines(s, &m->fresh, &lines, e);

	m->text.len = 0;
	if (rc == 0)
		rc = bk_notify_message_clean(&m->text, lines.data, lines.len,
		    e);
	bk_buf_free(&lines);
	return rc;
}

/* 1 if raw is of bk-age --json, 0 if not, -1. */
static int
read_report(struct bk_notify_message *m, const struct bk_buf *raw,
    struct bk_err *e)
{
	int rc = bk_age_parse(raw->data, raw->len, &m->subjects, &m->fresh, e);

	if (rc != 1 || m->subjects.n == 0)
		return rc == -1 ? -1 : 0;
	if (bk_notify_message_lines(m, &m->subjects, e) == -1)
		return -1;
	if (m->known)
		bk_subjects_free(&m->subjects);
	else
		m->state = bk_subjects_state(&m->subjects);
	m->known = 1;
	return 1;
}

/* Any other text; its state is in the first line, or is not known. */
static int
read_text(struct bk_notify_message *m, struct bk_buf *raw, uintmax_t all,
    struct bk_err *e)
{
	enum bk_state state;

	if (raw->len > BK_NOTIFY_TEXT_MAX)
		raw->len = BK_NOTIFY_TEXT_MAX;
	raw->data[raw->len] = '\0';
	if (bk_notify_message_clean(&m->text, raw->data, raw->len, e) == -1)
		return -1;
	if (m->text.len > 0 && read_state(m->text.data, &state)) {
		drop_perfdata(&m->text);
		if (!m->known)
			m->state = state;
		m->known = 1;
	}
	return all == raw->len ? 0 : bk_buf_printf(&m->text, e, "\n(the first "
	    "%zu of %ju bytes)", raw->len, all);
}

int
bk_notify_message_read(struct bk_notify_message *m, struct bk_err *e)
{
	struct bk_buf raw = {0};
	uintmax_t all;
	int rc = read_all(&raw, &all, e);

	if (rc == 0 && raw.len > 0 && *raw.data == '{' && all == raw.len)
		rc = read_report(m, &raw, e);
	if (rc == 0 && raw.len > 0)
		rc = read_text(m, &raw, all, e);
	bk_buf_free(&raw);
	return rc == -1 ? -1 : bk_notify_message_finish(m, e);
}

int
bk_notify_message_failed(struct bk_notify_message *m,
    const struct bk_err *reason, struct bk_err *e)
{
	bk_buf_free(&m->text);
	bk_subjects_free(&m->subjects);
	if (!m->known)
		m->state = BK_STATE_UNKNOWN;
	m->known = 1;
	if (bk_buf_puts(&m->text, "no message: ", e) == -1 ||
	    bk_notify_message_clean(&m->text, reason->msg, strlen(reason->msg),
	    e) == -1)
		return -1;
	return bk_notify_message_finish(m, e);
}

void
bk_notify_message_free(struct bk_notify_message *m)
{
	bk_buf_free(&m->text);
	bk_buf_free(&m->subject);
	bk_buf_free(&m->job);
	bk_subjects_free(&m->subjects);
}
