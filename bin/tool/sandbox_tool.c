#define _XOPEN_SOURCE 700	/* realpath */
#include "tool/sandbox_tool.h"

#include <sys/stat.h>

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/num.h"
#include "sandbox/sandbox.h"
#include "tool/rehearsal.h"
#include "tool/signals.h"
#include "tool/tool.h"

static struct bk_sandbox_path *path;	/* n of them, names owned */
static size_t n;
static int *keep;			/* nkeep descriptors */
static size_t nkeep;
static unsigned may;

/*
 * What the C library, OpenSSL and libcurl read when they look up a name or
 * check a certificate, on the distributions that we know.
 */
static const char *const network[] = {
	"/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
	"/etc/services", "/etc/protocols", "/etc/networks", "/etc/passwd",
	"/etc/resolv.conf", "/etc/localtime", "/etc/mdns.allow",
	"/etc/ld.so.cache", "/lib", "/lib64", "/usr/lib", "/usr/lib64",
	"/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/crypto-policies",
	"/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
	"/usr/share/pki", "/usr/share/crypto-policies",
	"/var/lib/ca-certificates", "/usr/share/zoneinfo",
	"/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf",
	"/run/nscd", "/var/run/nscd", "/run/avahi-daemon",
	"/dev/null",
	"/proc/self", "/proc/net", "/proc/sys/net", "/proc/sys/crypto",
	"/sys/devices/system/cpu",
};

static void
add(const char *name, int writable)
{
	struct bk_err ignored = {0};
	struct bk_sandbox_path *more = bk_grow(path, n, NULL, sizeof(*path),
	    &ignored);

	if (more == NULL || (more[n].name = strdup(name)) == NULL)
		tool_no_memory();
	path = more;
	path[n++].writable = writable;
}

static void
keep_open(int fd)
{
	struct bk_err ignored = {0};
	int *more = bk_grow(keep, nkeep, NULL, sizeof(*keep), &ignored);

	if (more == NULL)
		tool_no_memory();
	keep = more;
	keep[nkeep++] = fd;
}

/* A shell's <(...) is the name of a descriptor that we inherited. */
static void
keep_named(const char *name)
{
	static const char *const dirs[] = { "/dev/fd/", "/proc/self/fd/" };
	struct bk_err ignored = {0};
	uint64_t fd;
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (strncmp(name, dirs[i], strlen(dirs[i])) == 0 &&
		    bk_num_parse(name + strlen(dirs[i]), 0, INT_MAX, name, &fd,
		    &ignored) == 0)
			keep_open((int)fd);
}

static void
directory_of(const char *name, char dir[PATH_MAX])
{
	char copy[PATH_MAX];

	(void)snprintf(copy, sizeof(copy), "%s", name);
	(void)snprintf(dir, PATH_MAX, "%s", dirname(copy));
}

void
narrow_read_around(const char *name)
{
	char dir[PATH_MAX];

	directory_of(name, dir);
	narrow_read(dir);
}

void
narrow_read(const char *name)
{
	if (name == NULL)
		return;
	may |= BK_SANDBOX_READ;
	add(name, 0);
	keep_named(name);
}

void
narrow_write_in(const char *directory)
{
	if (directory == NULL)
		return;
	may |= BK_SANDBOX_READ | BK_SANDBOX_WRITE;
	add(directory, 1);
	keep_named(directory);
}

void
narrow_write(const char *name)
{
	char dir[PATH_MAX];
	struct stat st;

	if (name == NULL)
		return;
	directory_of(name, dir);
	/* /dev/stdout may be any kind of file */
	if (stat(name, &st) == 0 && (!S_ISREG(st.st_mode) ||
	    strcmp(dir, "/dev") == 0))
		narrow_write_in(name);
	else
		narrow_write_in(dir);
}

/*
 * Where resolv.conf(5) is a file of /etc itself, its renewal puts another in
 * its place, which a permission for this one would not cover: from then on no
 * name would be found.
 */
static void
add_resolver(void)
{
	char target[PATH_MAX];
	struct stat file, dir;

	if (realpath("/etc/resolv.conf", target) == NULL)
		return;
	if (stat(target, &file) == 0 && stat(dirname(target), &dir) == 0 &&
	    file.st_dev == dir.st_dev)	/* else it is mounted there */
		add(target, 0);
}

#if defined(__GLIBC__)
/*
 * Is a word of the line "hosts:" in nsswitch.conf(5) a module that may be the
 * only one to know a name, and asks a service of this host for it?  What
 * resolve(8) would know, "dns" does without it.
 */
static int
is_service(const char *word)
{
	static const char *const others[] = { "files", "dns", "myhostname",
	    "mymachines", "db", "compat", "resolve" };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(word, others[i]) == 0)
			return 0;
	return 1;
}

/* Of "hosts: files mdns4 [NOTFOUND=return] dns" what follows the colon. */
static int
has_service(char *line)
{
	static const char blanks[] = " \t\n";
	char *save, *word;
	int action = 0, dns = 0, resolve = 0;

	line[strcspn(line, "#")] = '\0';
	for (word = strtok_r(line, blanks, &save); word != NULL;
	    word = strtok_r(NULL, blanks, &save)) {
		action |= *word == '[';
		if (!action && is_service(word))
			return 1;
		dns |= strcmp(word, "dns") == 0;
		resolve |= strcmp(word, "resolve") == 0;
		if (word[strlen(word) - 1] == ']')
			action = 0;
	}
	return resolve && !dns;
}

/* Do names take a socket of this host? */
static int
names_are_local(void)
{
	char line[1024], *list;
	FILE *f = fopen("/etc/nsswitch.conf", "re");
	int local = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		list = line + strspn(line, " \t");
		if (strncmp(list, "hosts:", 6) == 0)
			local = has_service(list + 6);
	}
	if (f != NULL)
		(void)fclose(f);
	return local;
}
#else
static int
names_are_local(void)
{
	return 0;		/* no modules in this C library */
}
#endif

void
narrow_connect(void)
{
	size_t i;

	may |= BK_SANDBOX_READ | BK_SANDBOX_CONNECT;
	if (names_are_local())
		may |= BK_SANDBOX_LOCAL;
	for (i = 0; i < sizeof(network) / sizeof(network[0]); i++)
		add(network[i], 0);
	add_resolver();
	narrow_read(tool_env("SSL_CERT_FILE"));
	narrow_read(tool_env("SSL_CERT_DIR"));
}

static void
apply_files(void *ruleset)
{
	bk_sandbox_files(*(int *)ruleset);
}

/* Everything that has been allowed, for nothing else. */
static void
forget(void)
{
	while (n > 0)
		free((char *)(uintptr_t)path[--n].name);
	free(path);
	free(keep);
	path = NULL;
	keep = NULL;
	nkeep = 0;
}

void
tool_narrow(void)
{
	struct bk_sandbox s;
	int ruleset;

	if (tool_env("BK_NO_SANDBOX") != NULL) {
		tool_say("BK_NO_SANDBOX: not sandboxed");
		forget();
		return;
	}
	tool_reserve_log();
	if (tool_status_fd() != -1)
		keep_open(tool_status_fd());
	if (rehearsing())
		keep_open(rehearsal_fd());
	bk_sandbox_close(keep, nkeep);
	if (may != 0)
		add("/dev/urandom", 0);	/* jansson seeds its tables */
	s = (struct bk_sandbox){ .may = may, .path = path, .npaths = n };
	ruleset = bk_sandbox_prepare(&s);
	signals_in_thread(apply_files, &ruleset);
	apply_files(&ruleset);
	bk_sandbox_release(ruleset);
	bk_sandbox_calls(&s);
	forget();
}
