/* BK_DEBUG: where lib's debug lines (base/debug.h) go, see tool.h */
#include <stdio.h>
#include <unistd.h>

#include "base/debug.h"
#include "base/utf8.h"
#include "tool.h"

static const char *name;

static void
write_line(const char *topic, const char *text)
{
	char line[BK_DEBUG_MAX + 100];
	size_t n;
	int len;

	len = snprintf(line, sizeof(line) - 1, "%s: debug: %s: %s", name,
	    topic, text);
	if (len < 0)
		return;
	n = (size_t)len < sizeof(line) - 2 ? (size_t)len : sizeof(line) - 2;
	bk_utf8_clean(line, n);
	line[n++] = '\n';
	/* nowhere to report that stderr is gone */
	if (write(STDERR_FILENO, line, n) == -1)
		return;
}

void
tool_debug(const char *tool)
{
	const char *list = tool_env("BK_DEBUG");
	struct bk_err e = {0};
	unsigned topics;

	if (list == NULL)
		return;
	if (bk_debug_parse(list, &topics, &e) == -1)
		tool_usage("BK_DEBUG: %s", e.msg);
	name = tool;
	bk_debug_set(topics, write_line);
}
