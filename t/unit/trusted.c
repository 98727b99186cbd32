/* Whose files decide: base/trusted. */
#define _XOPEN_SOURCE 700	/* S_ISVTX, chown */
#include "base/trusted.h"

#include <sys/stat.h>
#if defined(__linux__)
#include <sys/xattr.h>
#endif

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "starve.h"
#include "tap.h"

#define OTHER 65534

/* "" if it can be opened, else the message. */
static const char *
opened(const char *path)
{
	static struct bk_err e;
	int fd;

	e = (struct bk_err){0};
	if ((fd = bk_trusted_open(path, &e)) == -1)
		return e.msg;
	close(fd);
	return "";
}

static void
refused(const char *path, const char *cause, const char *what)
{
	const char *msg = opened(path);

	if (!ok(strstr(msg, cause) != NULL, "%s", what))
		printf("# got '%s'\n# want '%s'\n", msg, cause);
}

static void
make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd == -1 || fchmod(fd, 0644) == -1 || close(fd) == -1)
		exit(1);
}

static int
exists(const char *path)
{
	struct bk_err e = {0};

	return bk_trusted_exists(path, &e);
}

static void
test_files(void)
{
	char here[4096];

	is_str(opened("d/jobs/x"), "", "ours");
	is_str(opened("./d//jobs/../jobs/x"), "", "by a detour");
	ok(getcwd(here, sizeof(here) - 9) != NULL, "where we are");
	strcat(here, "/d/jobs/x");
	is_str(opened(here), "", "from the root on");
	refused("d/jobs", "d/jobs: not a regular file", "a directory");
	refused("/", "/: not a regular file", "the root");
	ok(mkfifo("d/jobs/fifo", 0600) == 0, "a FIFO");
	refused("d/jobs/fifo", "not a regular file", "is not waited for");
	refused("d/jobs/none", "d/jobs/none: No such file", "none");
	refused("d/jobs/x/y", "d/jobs/x/y: Not a directory", "below a file");
	ok(exists("d/jobs/x") == 1 && exists("d/jobs/none") == 0 &&
	    exists("none/x") == 0 && exists("d/jobs/x/y") == -1,
	    "what there is");
	ok(chmod("d/jobs/x", 0664) == 0, "chmod");
	refused("d/jobs/x", "d/jobs/x: others may write to it",
	    "a file that others write");
	ok(chmod("d/jobs/x", 0644) == 0, "chmod");
}

/* As group or others may write to it; one's own group counts, too. */
static void
test_directories(const char *dir)
{
	char cause[64];

	(void)snprintf(cause, sizeof(cause), "/%s: others may write to it",
	    dir);
	ok(chmod(dir, 0757) == 0, "chmod o+w %s", dir);
	refused("d/jobs/x", cause, "others could swap it");
	ok(exists("d/jobs/none") == -1, "or take it away");
	ok(chmod(dir, 0775) == 0 && chown(dir, (uid_t)-1, getgid() != 0 ?
	    getgid() : OTHER) == 0, "chmod g+w %s", dir);
	refused("d/jobs/x", cause, "so could its group");
	if (getuid() == 0) {
		ok(chown(dir, 0, 0) == 0, "root's group");
		is_str(opened("d/jobs/x"), "", "may");
		ok(chown(dir, OTHER, 0) == 0 && chmod(dir, 0755) == 0,
		    "somebody else's");
		refused("d/jobs/x", ": belongs to another user", "is not");
		ok(chown(dir, 0, 0) == 0, "chown");
	}
	ok(chmod(dir, 0755) == 0, "chmod %s", dir);
	is_str(opened("d/jobs/x"), "", "as it was");
}

#if defined(__linux__)
/* A list that lets another user write, as setfacl -m u:OTHER:rwx makes it. */
static void
test_acl(void)
{
	static const struct { uint16_t tag, perm; uint32_t id; } entry[] = {
		{ 0x01, 7, UINT32_MAX }, { 0x02, 7, OTHER },
		{ 0x04, 5, UINT32_MAX }, { 0x10, 7, UINT32_MAX },
		{ 0x20, 5, UINT32_MAX } };
	const uint32_t version = 2;
	uint8_t acl[sizeof(version) + sizeof(entry)];

	memcpy(acl, &version, sizeof(version));
	memcpy(acl + sizeof(version), entry, sizeof(entry));
	if (setxattr("d", "system.posix_acl_access", acl, sizeof(acl), 0) == -1)
		return;		/* not on each file system */
	refused("d/jobs/x", "/d: others may write to it", "a list of rights");
	ok(removexattr("d", "system.posix_acl_access") == 0 &&
	    chmod("d", 0755) == 0, "it is gone");
}
#endif

static void
test_sticky(void)
{
	ok(chmod("d", 01777) == 0, "a directory as /tmp");
	is_str(opened("d/jobs/x"), "", "with one of ours in it");
	make("d/x");
	refused("d/x", "d/x: is where everybody may make files",
	    "with a file in it");
	ok(symlink("jobs/x", "d/link") == 0, "a link");
	refused("d/link", "d/link: is where everybody may make files", "in it");
	ok(chmod("d", 0755) == 0, "chmod");
	is_str(opened("d/link"), "", "and elsewhere");
}

static void
test_links(void)
{
	ok(mkdir("e", 0755) == 0 && symlink("../d/jobs", "e/jobs") == 0 &&
	    symlink("e", "f") == 0, "links of directories");
	is_str(opened("f/jobs/x"), "", "are followed");
	ok(exists("f/jobs/none") == 0, "there is nothing");
	ok(chmod("e", 0777) == 0, "one that others may put elsewhere");
	refused("f/jobs/x", "/e: others may write to it", "is found");
	ok(chmod("e", 0755) == 0 && chmod("d", 0777) == 0, "where it leads");
	refused("f/jobs/x", "/d: others may write to it", "is, too");
	ok(chmod("d", 0755) == 0 && symlink("../none/x", "e/none") == 0 &&
	    symlink("none", "e/twice") == 0, "a link to nothing");
	refused("e/none", "e/none: a link to ", "is an error");
	refused("e/none", "/none, which is not there", "with its cause");
	refused("e/twice", "/none, which is not there", "by two links");
	ok(exists("e/none") == -1, "not the same as nothing");
	ok(symlink("none", "g") == 0 && exists("g/jobs/x") == -1,
	    "nor is a directory that is not there");
	ok(symlink("b", "a") == 0 && symlink("a", "b") == 0, "a circle");
	refused("a", "symbolic links", "is an error");
}

static int
job(void *arg, struct bk_err *e)
{
	int fd = bk_trusted_open(arg, e);

	if (fd == -1)
		return -1;
	close(fd);
	return 0;
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");
	struct bk_buf dir = {0};
	struct bk_err e = {0};
	char path[] = "d/jobs/x", *remove[] = { "d/jobs/fifo", "d/jobs/x",
	    "d/jobs", "d/x", "d/link", "d", "e/jobs", "e/none", "e/twice", "e",
	    "f", "g", "a", "b" };
	size_t i;

	if (bk_buf_printf(&dir, &e, "%s/bk-trusted.XXXXXX", tmp != NULL ? tmp :
	    "/tmp") == -1 || mkdtemp(dir.data) == NULL ||
	    chdir(dir.data) == -1 || mkdir("d", 0755) == -1 ||
	    mkdir("d/jobs", 0755) == -1)
		return 1;
	make("d/jobs/x");
	test_files();
	test_directories("d/jobs");
	test_directories("d");
#if defined(__linux__)
	test_acl();
#endif
	test_sticky();
	test_links();
	starve("memory", STARVE_BUFFER, job, path);
	starve("the file", STARVE_OPEN, job, path);
	starve("a look", STARVE_STAT, job, path);
	for (i = 0; i < sizeof(remove) / sizeof(*remove); i++)
		ok(unlinkat(AT_FDCWD, remove[i], 0) == 0 ||
		    rmdir(remove[i]) == 0, "%s", remove[i]);
	ok(rmdir(dir.data) == 0, "nothing is left");
	bk_buf_free(&dir);
	return tap_done();
}
