/*
 * Preloaded into a tool: when it ends, by itself or in the thread that a signal
 * ends it in, it tries what the tool should have given up, and writes the
 * outcome of each to the file $PROBE, one per line: "socket EPERM".
 *
 *	$PROBE_TOOL	the tool, as others may be started before it, or by it
 *	$PROBE_SECRET	a file that the tool has no reason to read
 *	$PROBE_DIR	a directory that it has no reason to write in
 *	$PROBE_MAY	a file that it may read, or NULL
 *	$PROBE_KILL	exec, ptrace or peek: what kills, tried first
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/netlink.h>

static int out = -1;	/* closed on exec, so it is taken for the tool's own */

static void
tell(const char *what, long rc)
{
	const char *why = rc == -1 ? strerrorname_np(errno) : "ok";
	char line[80];
	int n = snprintf(line, sizeof(line), "%s %s\n", what, why);

	if (write(out, line, (size_t)n) != n)
		_exit(99);
}

static void
tell_open(const char *what, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	tell(what, fd);
	if (fd != -1)
		close(fd);
}

static void
try_files(void)
{
	const char *dir = getenv("PROBE_DIR"), *may = getenv("PROBE_MAY");
	char path[4096];

	tell_open("secret", getenv("PROBE_SECRET"), O_RDONLY);
	tell_open("passwd", "/etc/passwd", O_RDONLY);
	(void)snprintf(path, sizeof(path), "%s/made", dir);
	tell_open("create", path, O_WRONLY | O_CREAT);
	tell_open("append", getenv("PROBE_SECRET"), O_WRONLY | O_APPEND);
	if (may != NULL)
		tell_open("may", may, O_RDONLY);
	tell("inherited", fcntl(9, F_GETFD));
	tell("unlink", unlink(path));
}

static void
try_sockets(void)
{
	struct sockaddr_in there = { .sin_family = AF_INET,
	    .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];

	tell("socket", fd);
	if (fd != -1) {
		tell("connect", connect(fd, (struct sockaddr *)&there,
		    sizeof(there)));
		tell("listen", listen(fd, 1));
		close(fd);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	tell("unix", fd);
	if (fd != -1)
		close(fd);
	tell("datagrams", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	tell("packet", socket(AF_PACKET, SOCK_RAW, 0));
	tell("netfilter", socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
	tell("vsock", socket(AF_VSOCK, SOCK_STREAM, 0));
}

static void
try_processes(void)
{
	static const struct rlimit limit = { 100, 100 };
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	tell("fork", pid);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	tell("kill", kill(getppid(), 0));
	tell("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
}

static void
try_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char c;

	tell("execmem", p == MAP_FAILED ? -1 : 0);
	tell("read1", read(1, &c, 0));
	tell("write0", write(0, "", 0));
	tell("dup", dup2(0, 20));
	tell("new", syscall(1000));
}

static void
try_all(void)
{
	const char *deadly = getenv("PROBE_KILL");
	char *argv[] = { "true", NULL };

	if (out == -1)
		return;
	if (deadly != NULL && strcmp(deadly, "exec") == 0)
		(void)execv("/bin/true", argv);
	if (deadly != NULL && strcmp(deadly, "ptrace") == 0)
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	if (deadly != NULL && strcmp(deadly, "peek") == 0)
		(void)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL,
		    0, 1);
	try_files();
	try_sockets();
	try_memory();
}

__attribute__((constructor)) static void
begin(void)
{
	const char *path = getenv("PROBE");

	const char *tool = getenv("PROBE_TOOL");

	if (path != NULL && tool != NULL &&
	    strcmp(tool, program_invocation_short_name) == 0)
		out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0600);
}

__attribute__((destructor)) static void
end(void)
{
	try_all();
	if (out != -1)
		try_processes();
	out = -1;
}

/* How a signal ends a tool, in the thread that waits for it. */
int
raise(int sig)
{
	int (*next)(int) = (int (*)(int))(intptr_t)dlsym(RTLD_NEXT, "raise");

	if (out != -1)
		try_files();
	return next(sig);
}
