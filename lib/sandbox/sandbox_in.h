#ifndef BK_SANDBOX_SANDBOX_IN_H
#define BK_SANDBOX_SANDBOX_IN_H
/* Which of the sources is compiled to something. */

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define BK_SANDBOX_NONE
#endif
#endif

/* BK_COVERAGE: at its end the process writes what it has counted */
#if defined(BK_SANDBOX_NONE) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__) || defined(BK_COVERAGE)
#undef BK_SANDBOX_NONE
#define BK_SANDBOX_NONE
#elif defined(__linux__)
#define BK_SANDBOX_LINUX
#else
#define BK_SANDBOX_NONE
#endif

#endif
