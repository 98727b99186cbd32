#include "tool/own_tool.h"

#include "base/child.h"
#include "tool/own_dir.h"

int
own_tool(char *argv[], char *const env[], size_t max, struct bk_buf *out,
    struct bk_err *e)
{
	struct bk_buf program = {0};
	atomic_int child = 0;
	int exited = -1, rc = own_dir(argv[0], &program, e);

	if (rc == 0) {
		argv[0] = program.data;
		rc = bk_child_capture(argv, env, max, &child, out, &exited, e);
	}
	if (rc == -1 && exited > BK_FAIL && exited <= BK_BUSY)
		e->code = (enum bk_code)exited;
	bk_buf_free(&program);
	return rc;
}
