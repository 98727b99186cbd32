#include "tool/programs.h"

#include "tool/own_dir.h"
#include "tool/tool.h"

extern char **environ;

struct bk_bindir
programs_places(char *const env[])
{
	static struct bk_buf own;	/* until we end */
	struct bk_err ignored = {0};

	if (own.data == NULL && own_dir("bk-pg", &own, &ignored) == -1)
		bk_buf_free(&own);
	return (struct bk_bindir){ .dir = tool_env("BK_PG_BINDIR"),
		.path = tool_env("PATH"), .bundled = own.data,
		.env = env == NULL ? environ : env };
}
