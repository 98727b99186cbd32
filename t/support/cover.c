/*
 * For make cover: what a process ran is written down also where it ends by
 * _exit() or of a signal that it sends itself.  Linked with --wrap.  The faults
 * of t/torture/fault.c end before: the counts are not to suffer them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <gcov.h>

_Noreturn void __real__exit(int);
_Noreturn void __wrap__exit(int);
int __real_raise(int);
int __wrap_raise(int);

/* Destructors run from the highest priority down; that of the counts is 100. */
static __attribute__((destructor(65000))) void
end_faults(void)
{
	union { void *object; void (*function)(void); } end =
	    { .object = dlsym(RTLD_DEFAULT, "fault_end") };

	if (end.object != 0)
		end.function();
}

void
__wrap__exit(int status)
{
	end_faults();
	__gcov_dump();
	__real__exit(status);
}

int
__wrap_raise(int sig)
{
	end_faults();
	__gcov_dump();
	return __real_raise(sig);
}
