#include "tool/progress_line.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/thread.h"
#include "base/utctime.h"

static const char *tool_name;
static const struct bk_progress *progress;	/* NULL: not shown */
static double since;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static int over;

static void
draw(const char *ending)
{
	char line[BK_PROGRESS_TEXT];

	bk_progress_format(progress, bk_monotonic() - since, line);
	fprintf(stderr, "\r%s: %s\033[K%s", tool_name, line, ending);
}

static void *
draw_until_over(void *arg)
{
	struct timespec t;

	(void)arg;
	pthread_mutex_lock(&lock);
	while (!over) {
		(void)clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 500 * 1000 * 1000;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		(void)pthread_cond_timedwait(&wake, &lock, &t);
		if (!over)
			draw("");
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

void
progress_line_start(const char *name, const struct bk_progress *p,
    double began, int verbosity)
{
	struct bk_err ignored = {0};

	if (verbosity < 0 || (verbosity == 0 && !isatty(STDERR_FILENO)))
		return;
	tool_name = name;
	progress = p;
	since = began;
	if (bk_thread_start(&thread, draw_until_over, NULL, &ignored) == -1)
		progress = NULL;	/* run without a progress line */
}

void
progress_line_stop(void)
{
	if (progress == NULL)
		return;
	pthread_mutex_lock(&lock);
	over = 1;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	draw("\n");
	progress = NULL;
}
