/* Linux: the limit on system calls, see sandbox.h and HACKING.md. */
#define _GNU_SOURCE		/* CLONE_THREAD, MAP_ and F_ constants */
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_in.h"

#ifdef BK_SANDBOX_LINUX
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef ARCH
/* Younger than some headers; one number on all machines. */
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/*
 * Calls with higher numbers are younger than this list: the C library has
 * another way where the kernel is older than they are.
 */
#define KNOWN_MAX 450

/* Under which condition a call is allowed. */
enum check {
	ALWAYS,
	READABLE,	/* of a descriptor other than 1 and 2 */
	WRITABLE,	/* of one other than 0 */
	OTHER,		/* of a descriptor other than 0, 1 and 2 */
	OWN,		/* the first argument is this process */
	THREAD,		/* clone(2): a thread, not a process */
	PLAIN,		/* memory that is not executable */
	OPENED,		/* newfstatat(2): of a descriptor */
	ASKING,		/* prlimit64(2): sets nothing */
	FLAGS1, FLAGS2,	/* open flags to read, in this argument */
	DOMAIN,		/* socket(2): IP, and netlink for getaddrinfo(3) */
	DOMAIN_LOCAL,	/* the same, or local for name services */
	STREAM,		/* socketpair(2): no one that connect(2) can turn */
	CONTROL,	/* ioctl(2): questions, and FIONBIO */
	FILE_CONTROL,	/* fcntl(2): flags, pipes' sizes, locks */
	ABSENT,		/* ENOSYS: the C library has another way */
	HOSTILE,	/* kills */
};

struct rule {
	int call;
	enum check check;
	unsigned need;	/* one of these in may; 0: nothing */
};

#define READ (BK_SANDBOX_READ | BK_SANDBOX_WRITE | BK_SANDBOX_CONNECT)
#define WRITE BK_SANDBOX_WRITE
#define CONNECT BK_SANDBOX_CONNECT
#define LOCAL BK_SANDBOX_LOCAL

/* In the order in which they are compared: the first that matches counts. */
static const struct rule rules[] = {
	{ SYS_read, READABLE, 0 },
	{ SYS_write, WRITABLE, 0 },
	{ SYS_futex, ALWAYS, 0 },
	{ SYS_readv, READABLE, 0 },
	{ SYS_writev, WRITABLE, 0 },
	{ SYS_pread64, READABLE, 0 },
	{ SYS_pwrite64, WRITABLE, 0 },
	{ SYS_ppoll, ALWAYS, 0 },
	{ SYS_pselect6, ALWAYS, 0 },
	{ SYS_recvfrom, READABLE, 0 },
	{ SYS_sendto, WRITABLE, 0 },
	/* memory */
	{ SYS_brk, ALWAYS, 0 },
	{ SYS_mmap, ALWAYS, CONNECT },
	{ SYS_mmap, PLAIN, 0 },
	{ SYS_mprotect, ALWAYS, CONNECT },
	{ SYS_mprotect, PLAIN, 0 },
	{ SYS_munmap, ALWAYS, 0 },
	{ SYS_mremap, ALWAYS, 0 },
	{ SYS_madvise, ALWAYS, 0 },
	{ SYS_mlock, ALWAYS, 0 },
	{ SYS_munlock, ALWAYS, 0 },
	{ SYS_membarrier, ALWAYS, 0 },
	/* threads, signals, the end */
	{ SYS_clone3, ABSENT, 0 },	/* its flags are out of reach */
	{ SYS_clone, THREAD, 0 },
	{ SYS_set_robust_list, ALWAYS, 0 },
	{ SYS_rseq, ALWAYS, 0 },
	{ SYS_set_tid_address, ALWAYS, 0 },
	{ SYS_sched_yield, ALWAYS, 0 },
	{ SYS_sched_getaffinity, ALWAYS, 0 },
	{ SYS_sched_getparam, ALWAYS, 0 },
	{ SYS_sched_getscheduler, ALWAYS, 0 },
	{ SYS_getpid, ALWAYS, 0 },
	{ SYS_getppid, ALWAYS, 0 },
	{ SYS_gettid, ALWAYS, 0 },
	{ SYS_getuid, ALWAYS, 0 },
	{ SYS_geteuid, ALWAYS, 0 },
	{ SYS_getgid, ALWAYS, 0 },
	{ SYS_getegid, ALWAYS, 0 },
	{ SYS_getrusage, ALWAYS, 0 },
	{ SYS_uname, ALWAYS, 0 },
	{ SYS_sysinfo, ALWAYS, 0 },
	{ SYS_prlimit64, ASKING, 0 },
	{ SYS_tgkill, OWN, 0 },
	{ SYS_kill, OWN, 0 },
	{ SYS_rt_sigaction, ALWAYS, 0 },
	{ SYS_rt_sigprocmask, ALWAYS, 0 },
	{ SYS_rt_sigreturn, ALWAYS, 0 },
	{ SYS_rt_sigtimedwait, ALWAYS, 0 },
	{ SYS_rt_sigpending, ALWAYS, 0 },
	{ SYS_rt_sigsuspend, ALWAYS, 0 },
	{ SYS_sigaltstack, ALWAYS, 0 },
	{ SYS_restart_syscall, ALWAYS, 0 },
	{ SYS_wait4, ALWAYS, 0 },	/* for the recorder of the run */
	{ SYS_waitid, ALWAYS, 0 },
	{ SYS_exit, ALWAYS, 0 },
	{ SYS_exit_group, ALWAYS, 0 },
	/* time and chance, where the vDSO leaves them to the kernel */
	{ SYS_clock_gettime, ALWAYS, 0 },
	{ SYS_clock_getres, ALWAYS, 0 },
	{ SYS_clock_nanosleep, ALWAYS, 0 },
	{ SYS_nanosleep, ALWAYS, 0 },
	{ SYS_gettimeofday, ALWAYS, 0 },
	{ SYS_getrandom, ALWAYS, 0 },
	/* descriptors that are open */
	{ SYS_close, ALWAYS, 0 },
	{ SYS_fstat, ALWAYS, 0 },
	{ SYS_newfstatat, ALWAYS, READ },
	{ SYS_newfstatat, OPENED, 0 },
	{ SYS_lseek, ALWAYS, 0 },
	{ SYS_fsync, ALWAYS, 0 },
	{ SYS_fdatasync, ALWAYS, 0 },
	{ SYS_ftruncate, WRITABLE, 0 },
	{ SYS_fchmod, WRITABLE, 0 },
	{ SYS_fcntl, FILE_CONTROL, 0 },
	{ SYS_ioctl, CONTROL, 0 },
	{ SYS_pipe2, ALWAYS, 0 },
	{ SYS_shutdown, ALWAYS, 0 },
	/* files */
	{ SYS_openat, ALWAYS, WRITE },
	{ SYS_openat, FLAGS2, READ },
	{ SYS_openat2, ABSENT, 0 },	/* its flags are out of reach */
	{ SYS_statx, ALWAYS, READ },
	{ SYS_faccessat, ALWAYS, READ },
	{ SYS_faccessat2, ALWAYS, READ },
	{ SYS_readlinkat, ALWAYS, READ },
	{ SYS_getdents64, ALWAYS, READ },
	{ SYS_statfs, ALWAYS, 0 },	/* how much room there is */
	{ SYS_fstatfs, ALWAYS, 0 },
	{ SYS_getcwd, ALWAYS, READ },
	{ SYS_fadvise64, ALWAYS, READ },
	{ SYS_renameat, ALWAYS, WRITE },
	{ SYS_renameat2, ALWAYS, WRITE },
	{ SYS_unlinkat, ALWAYS, WRITE },
	{ SYS_linkat, ALWAYS, WRITE },
	{ SYS_mkdirat, ALWAYS, WRITE },
	{ SYS_fchown, ALWAYS, WRITE },
	{ SYS_flock, ALWAYS, WRITE },
	{ SYS_dup, OTHER, WRITE },
	{ SYS_umask, ALWAYS, WRITE },
	{ SYS_fallocate, ALWAYS, WRITE },
	{ SYS_utimensat, ALWAYS, WRITE },
	/* sockets; local ones for some modules of nsswitch.conf(5) */
	{ SYS_socket, DOMAIN_LOCAL, LOCAL },
	{ SYS_socket, DOMAIN, CONNECT },
	{ SYS_socketpair, STREAM, CONNECT },
	{ SYS_connect, ALWAYS, CONNECT },
	{ SYS_bind, ALWAYS, CONNECT },	/* getaddrinfo(3)'s netlink(7) */
	{ SYS_sendmsg, ALWAYS, CONNECT },
	{ SYS_sendmmsg, ALWAYS, CONNECT },
	{ SYS_recvmsg, ALWAYS, CONNECT },
	{ SYS_recvmmsg, ALWAYS, CONNECT },
	{ SYS_getsockopt, ALWAYS, CONNECT },
	{ SYS_setsockopt, ALWAYS, CONNECT },
	{ SYS_getsockname, ALWAYS, CONNECT },
	{ SYS_getpeername, ALWAYS, CONNECT },
	{ SYS_eventfd2, ALWAYS, CONNECT },
	{ SYS_epoll_create1, ALWAYS, CONNECT },
	{ SYS_epoll_ctl, ALWAYS, CONNECT },
	{ SYS_epoll_pwait, ALWAYS, CONNECT },
	/* what arm64 never had */
#ifdef SYS_poll
	{ SYS_poll, ALWAYS, 0 },
	{ SYS_select, ALWAYS, 0 },
	{ SYS_pause, ALWAYS, 0 },
	{ SYS_time, ALWAYS, 0 },
	{ SYS_pipe, ALWAYS, 0 },
	{ SYS_getdents, ALWAYS, READ },
	{ SYS_stat, ALWAYS, READ },
	{ SYS_lstat, ALWAYS, READ },
	{ SYS_access, ALWAYS, READ },
	{ SYS_readlink, ALWAYS, READ },
	{ SYS_open, ALWAYS, WRITE },
	{ SYS_open, FLAGS1, READ },
	{ SYS_rename, ALWAYS, WRITE },
	{ SYS_unlink, ALWAYS, WRITE },
	{ SYS_link, ALWAYS, WRITE },
	{ SYS_mkdir, ALWAYS, WRITE },
	{ SYS_rmdir, ALWAYS, WRITE },
	{ SYS_epoll_wait, ALWAYS, CONNECT },
	{ SYS_eventfd, ALWAYS, CONNECT },
	{ SYS_alarm, ALWAYS, CONNECT },
#endif
	/* no tool of ours does this */
	{ SYS_execve, HOSTILE, 0 },
	{ SYS_execveat, HOSTILE, 0 },
	{ SYS_ptrace, HOSTILE, 0 },
	{ SYS_process_vm_readv, HOSTILE, 0 },
	{ SYS_process_vm_writev, HOSTILE, 0 },
};

#define PROGRAM_MAX 512

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short n;
};

static void
emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->n < PROGRAM_MAX)
		p->code[p->n] = (struct sock_filter){ code, jt, jf, k };
	p->n++;
}

#define ALLOWED SECCOMP_RET_ALLOW
#define DENIED (SECCOMP_RET_ERRNO | EPERM)
#define UNKNOWN (SECCOMP_RET_ERRNO | ENOSYS)
#define KILLED SECCOMP_RET_KILL_PROCESS

static void
leave(struct program *p, uint32_t verdict)
{
	emit(p, BPF_RET | BPF_K, verdict, 0, 0);
}

/* An argument's lower half, all that the kernel takes of an int. */
static void
load(struct program *p, unsigned arg)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct
	    seccomp_data, args) + arg * sizeof(uint64_t)), 0, 0);
}

static void
if_equal(struct program *p, uint32_t value, uint32_t verdict)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	leave(p, verdict);
}

static void
unless_equal(struct program *p, uint32_t value, uint32_t verdict)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
	leave(p, verdict);
}

static void
if_any_bit(struct program *p, uint32_t bits, uint32_t verdict)
{
	emit(p, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	leave(p, verdict);
}

static void
one_of(struct program *p, unsigned arg, const uint32_t *value, size_t n)
{
	size_t i;

	load(p, arg);
	for (i = 0; i < n; i++)
		if_equal(p, value[i], ALLOWED);
	leave(p, DENIED);
}

#define ONE_OF(p, arg, list) \
	one_of((p), (arg), (list), sizeof(list) / sizeof((list)[0]))

static void
check_flags(struct program *p, unsigned arg, uint32_t bits)
{
	load(p, arg);
	if_any_bit(p, bits, DENIED);
	leave(p, ALLOWED);
}

/*
 * Of netlink(7) only questions about addresses and routes: the rest of it has
 * been a way into kernels.
 */
static void
check_domain(struct program *p, int local)
{
	load(p, 0);
	if_equal(p, AF_INET, ALLOWED);
	if_equal(p, AF_INET6, ALLOWED);
	if (local)
		if_equal(p, AF_UNIX, ALLOWED);
	unless_equal(p, AF_NETLINK, DENIED);
	load(p, 2);
	unless_equal(p, 0, DENIED);	/* NETLINK_ROUTE */
	leave(p, ALLOWED);
}

/* Of this process (0), and no new value: both halves of the pointer are 0. */
static void
check_asking(struct program *p)
{
	load(p, 0);
	unless_equal(p, 0, DENIED);
	load(p, 2);
	unless_equal(p, 0, DENIED);
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct
	    seccomp_data, args) + 2 * sizeof(uint64_t) + sizeof(uint32_t)),
	    0, 0);
	unless_equal(p, 0, DENIED);
	leave(p, ALLOWED);
}

/* The verdict on a call whose number has been found. */
static void
judge(struct program *p, enum check check)
{
	static const uint32_t controls[] = { TCGETS, TIOCGWINSZ, FIONREAD,
	    FIONBIO };
	static const uint32_t file_controls[] = { F_GETFD, F_SETFD, F_GETFL,
	    F_SETFL, F_SETPIPE_SZ, F_GETPIPE_SZ, F_SETLK, F_SETLKW };
	static const uint32_t streams[] = { SOCK_STREAM,
	    SOCK_STREAM | SOCK_CLOEXEC, SOCK_STREAM | SOCK_NONBLOCK,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK };
	/* O_TMPFILE comes with one of the first two */
	static const uint32_t writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC |
	    O_APPEND;

	switch (check) {
	case ALWAYS: break;
	case READABLE:
		load(p, 0);
		if_equal(p, STDOUT_FILENO, DENIED);
		if_equal(p, STDERR_FILENO, DENIED);
		break;
	case WRITABLE:
		load(p, 0);
		if_equal(p, STDIN_FILENO, DENIED);
		break;
	case OTHER:
		load(p, 0);
		emit(p, BPF_JMP | BPF_JGT | BPF_K, STDERR_FILENO, 1, 0);
		leave(p, DENIED);
		break;
	case OWN:
		load(p, 0);
		unless_equal(p, (uint32_t)getpid(), DENIED);
		break;
	case THREAD:
		load(p, 0);
		if_any_bit(p, CLONE_THREAD, ALLOWED);
		leave(p, DENIED);
		break;
	case OPENED:
		load(p, 3);
		if_any_bit(p, AT_EMPTY_PATH, ALLOWED);
		leave(p, DENIED);
		break;
	case PLAIN: check_flags(p, 2, PROT_EXEC); break;
	case FLAGS1: check_flags(p, 1, writes); break;
	case FLAGS2: check_flags(p, 2, writes); break;
	case ASKING: check_asking(p); break;
	case DOMAIN: check_domain(p, 0); break;
	case DOMAIN_LOCAL: check_domain(p, 1); break;
	case STREAM: ONE_OF(p, 1, streams); break;
	case CONTROL: ONE_OF(p, 1, controls); break;
	case FILE_CONTROL: ONE_OF(p, 1, file_controls); break;
	case ABSENT: leave(p, UNKNOWN); break;
	case HOSTILE: leave(p, KILLED); break;
	}
	leave(p, ALLOWED);
}

/* How many instructions that takes. */
static uint8_t
length(enum check check)
{
	struct program p = { .n = 0 };

	judge(&p, check);
	return (uint8_t)p.n;
}

static void
compose(struct program *p, unsigned may)
{
	const struct rule *r;

	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch),
	    0, 0);
	unless_equal(p, ARCH, KILLED);
	emit(p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr),
	    0, 0);
	for (r = rules; r < rules + sizeof(rules) / sizeof(rules[0]); r++) {
		if (r->need != 0 && (r->need & may) == 0)
			continue;
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->call, 0,
		    length(r->check));
		judge(p, r->check);
	}
	/* those of x32 as well */
	emit(p, BPF_JMP | BPF_JGT | BPF_K, KNOWN_MAX, 0, 1);
	leave(p, UNKNOWN);
	leave(p, DENIED);
}

/*
 * The filter costs no more than its comparisons: kernels before 5.16 would slow
 * down all code by what they hold against SPECULATION, made for code that its
 * user does not trust.
 */
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif

void
bk_sandbox_calls(const struct bk_sandbox *s)
{
	struct program p = { .n = 0 };
	struct sock_fprog filter = { .filter = p.code };
	long rc;

	compose(&p, s->may);
	if (p.n > PROGRAM_MAX)
		return;		/* t/sandbox.bats would see it */
	filter.len = p.n;
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
	    &filter);
	if (rc == -1 && errno == EINVAL)	/* before Linux 4.17 */
		(void)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_TSYNC, &filter);
}

#else

void
bk_sandbox_calls(const struct bk_sandbox *s)
{
	(void)s;
}
#endif
#endif
