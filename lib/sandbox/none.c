/* Systems without such a thing, sanitizers, coverage: nothing is given up. */
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_in.h"

#ifdef BK_SANDBOX_NONE
void
bk_sandbox_close(const int *keep, size_t n)
{
	(void)keep;
	(void)n;
}

int
bk_sandbox_prepare(const struct bk_sandbox *s)
{
	(void)s;
	return -1;
}

void
bk_sandbox_files(int handle)
{
	(void)handle;
}

void
bk_sandbox_release(int handle)
{
	(void)handle;
}

void
bk_sandbox_calls(const struct bk_sandbox *s)
{
	(void)s;
}
#endif
