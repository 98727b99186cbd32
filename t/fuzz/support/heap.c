#define _GNU_SOURCE
#include "heap.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static atomic_size_t used, peak;

size_t
heap_peak(void)
{
	return atomic_load(&peak);
}

__attribute__((unused)) static void
add(size_t n)
{
	size_t now = atomic_fetch_add(&used, n) + n, was = atomic_load(&peak);

	/* below zero: what was there before the hooks is gone */
	while (now > was && now < SIZE_MAX / 2 &&
	    !atomic_compare_exchange_weak(&peak, &was, now))
		continue;
}

__attribute__((unused)) static void
subtract(size_t n)
{
	atomic_fetch_sub(&used, n);
}

#ifdef SANITIZED

/* Of the runtimes, which have them all; gcc brings no header. */
int __sanitizer_install_malloc_and_free_hooks(
    void (*allocated)(const volatile void *, size_t),
    void (*freed)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);

static void
was_allocated(const volatile void *p, size_t n)
{
	(void)p;
	add(n);
}

static void
is_freed(const volatile void *p)
{
	if (p != NULL)
		subtract(__sanitizer_get_allocated_size(p));
}

size_t
heap_watch(void)
{
	static int installed;
	size_t now;

	if (!installed)
		installed = __sanitizer_install_malloc_and_free_hooks(
		    was_allocated, is_freed) + 1;
	if ((now = atomic_load(&used)) > SIZE_MAX / 2)
		atomic_store(&used, now = 0);
	atomic_store(&peak, now);
	return now;
}

#else

size_t
heap_watch(void)
{
	size_t now = atomic_load(&used);

	atomic_store(&peak, now);
	return now;
}

#ifdef __GLIBC__

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t each);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

static void *
counted(void *p)
{
	if (p != NULL)
		add(malloc_usable_size(p));
	return p;
}

void *
malloc(size_t n)
{
	return counted(__libc_malloc(n));
}

void *
calloc(size_t n, size_t each)
{
	return counted(__libc_calloc(n, each));
}

void *
realloc(void *p, size_t n)
{
	size_t was = p == NULL ? 0 : malloc_usable_size(p);
	void *q = __libc_realloc(p, n);

	if (q != NULL || n == 0)
		subtract(was);
	return counted(q);
}

void *
memalign(size_t align, size_t n)
{
	return counted(__libc_memalign(align, n));
}

void *
aligned_alloc(size_t align, size_t n)
{
	return memalign(align, n);
}

int
posix_memalign(void **p, size_t align, size_t n)
{
	void *q = memalign(align, n);

	if (q == NULL)
		return 12;	/* ENOMEM */
	*p = q;
	return 0;
}

void
free(void *p)
{
	if (p != NULL)
		subtract(malloc_usable_size(p));
	__libc_free(p);
}

#endif
#endif
