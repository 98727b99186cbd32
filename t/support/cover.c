/*
 * For make cover: what a process ran is written down also where it ends by
 * _exit() or of a signal that it sends itself.  Linked with --wrap.
 */
#include <gcov.h>

_Noreturn void __real__exit(int);
_Noreturn void __wrap__exit(int);
int __real_raise(int);
int __wrap_raise(int);

void
__wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

int
__wrap_raise(int sig)
{
	__gcov_dump();
	return __real_raise(sig);
}
