#include "base/debug.h"

#include <sys/wait.h>

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "base/utctime.h"

#define RAW_MAX 16384		/* bytes of a line before redaction */
#define CHILDREN 64		/* whose start time is kept */

unsigned bk_debug_topics;
static bk_debug_fn *print;

static const struct {
	const char *name;
	enum bk_debug_topic topic;
} topics[] = {
	{ "s3", BK_DEBUG_S3 }, { "sql", BK_DEBUG_SQL },
	{ "child", BK_DEBUG_CHILD },
};
#define TOPICS (sizeof(topics) / sizeof(topics[0]))

/* Start times of the running children; pid 0: free. */
static struct {
	pid_t pid;
	double at;
} started[CHILDREN];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int
bk_debug_parse(const char *list, unsigned *wanted, struct bk_err *e)
{
	size_t n, i;

	for (*wanted = 0; *list != '\0'; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		for (i = 0; i < TOPICS; i++)
			if (strlen(topics[i].name) == n &&
			    strncmp(topics[i].name, list, n) == 0)
				break;
		if (i == TOPICS)
			return bk_fail(e, BK_USAGE, "'%.*s': not a topic; use "
			    "s3, sql, child, or several of them with commas "
			    "between", (int)n, list);
		*wanted |= topics[i].topic;
	}
	return 0;
}

void
bk_debug_set(unsigned wanted, bk_debug_fn *fn)
{
	print = fn;
	bk_debug_topics = fn == NULL ? 0 : wanted;
}

/* Print text, already redacted, as one line. */
static void
emit(enum bk_debug_topic topic, const char *text)
{
	char out[BK_DEBUG_MAX + 1];
	size_t n = 0, i = 0;

	for (; *text != '\0' && n < BK_DEBUG_MAX - 1; text++)
		if (*text == '\n' || *text == '\t') {
			out[n++] = '\\';
			out[n++] = *text == '\n' ? 'n' : 't';
		} else
			out[n++] = *text;
	out[n] = '\0';
	while (topics[i].topic != topic)
		i++;
	print(topics[i].name, out);
}

void
bk_debug_line(enum bk_debug_topic topic, const char *fmt, ...)
{
	char raw[RAW_MAX], clean[RAW_MAX];
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	bk_redact(raw, clean, sizeof(clean));
	emit(topic, clean);
	errno = saved;
}

/*
 * Give pid's slot to new_pid, with the current time: 0 is a free slot.  Returns
 * the seconds since pid took it, -1 if it has none.
 */
static double
set_start(pid_t pid, pid_t new_pid)
{
	double now = bk_monotonic(), seconds = -1;
	size_t i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < CHILDREN && started[i].pid != pid; i++)
		continue;
	if (i < CHILDREN) {
		seconds = now - started[i].at;
		started[i].pid = new_pid;
		started[i].at = now;
	}
	pthread_mutex_unlock(&lock);
	return seconds;
}

/* Append a word, quoted for a shell where needed, cut at cap. */
static size_t
quote(const char *word, char *out, size_t cap)
{
	const char *q = word[0] != '\0' && strpbrk(word, " \t\r\n'\"\\$`*?#~&"
	    ";|<>(){}!") == NULL ? "" : "'";
	size_t n;
	int len;

	len = snprintf(out, cap, " %s", q);
	n = len < 0 || (size_t)len >= cap ? cap : (size_t)len;
	for (; *word != '\0' && n + 6 < cap; word++)
		if (*word == '\'') {
			memcpy(out + n, "'\\''", 4);
			n += 4;
		} else
			out[n++] = *word;
	if (*q != '\0' && n + 1 < cap)
		out[n++] = *q;
	if (n < cap)
		out[n] = '\0';
	return n < cap ? n : cap - 1;
}

void
bk_debug_started(pid_t pid, char *const argv[])
{
	char line[BK_DEBUG_MAX], word[BK_DEBUG_MAX];
	int saved = errno, hidden = 0;
	size_t n;

	if ((bk_debug_topics & BK_DEBUG_CHILD) == 0)
		return;
	(void)set_start(0, pid);
	n = (size_t)snprintf(line, sizeof(line), "%ld started:", (long)pid);
	for (; *argv != NULL && n + 8 < sizeof(line); argv++) {
		if (hidden)
			(void)snprintf(word, sizeof(word), BK_REDACTED);
		else
			bk_redact_word(*argv, word, sizeof(word));
		n += quote(word, line + n, sizeof(line) - n);
		hidden = !hidden && bk_redact_is_option(*argv);
	}
	emit(BK_DEBUG_CHILD, line);
	errno = saved;
}

void
bk_debug_ended(pid_t pid, int status)
{
	double seconds;

	if ((bk_debug_topics & BK_DEBUG_CHILD) == 0)
		return;
	seconds = set_start(pid, 0);
	if (WIFSIGNALED(status))
		bk_debug_line(BK_DEBUG_CHILD, "%ld ended: signal %d, %.3f s",
		    (long)pid, WTERMSIG(status), seconds);
	else
		bk_debug_line(BK_DEBUG_CHILD, "%ld ended: status %d, %.3f s",
		    (long)pid, WEXITSTATUS(status), seconds);
}
