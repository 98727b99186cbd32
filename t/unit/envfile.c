/* Files of settings. */
#include "base/envfile.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "tap.h"

static int
collect(void *arg, const char *name, const char *value, struct bk_err *e)
{
	if (strcmp(name, "BAD") == 0)
		return bk_fail(e, BK_USAGE, "not this one");
	return bk_buf_printf(arg, e, "%s=<%s>", name, value);
}

/* The variables, or the error. */
static const char *
parsed(const char *text, size_t n)
{
	static char out[4096];
	struct bk_buf b = {0};
	struct bk_err e = {0};
	int rc = bk_envfile_parse(text, n, "f", collect, &b, &e);

	(void)snprintf(out, sizeof(out), "%s", rc == -1 ? e.msg :
	    b.data == NULL ? "" : b.data);
	bk_buf_free(&b);
	return out;
}

static void
is(const char *text, const char *want)
{
	(void)is_str(parsed(text, strlen(text)), want, "a file of settings");
}

static void
test_values(void)
{
	is("", "");
	is("\n \n# A=1\n;B=2\n\t# C=3", "");
	is("A=1", "A=<1>");
	is("A=1\nB=2\n", "A=<1>B=<2>");
	is("A=\nB=", "A=<>B=<>");
	is("A = 1", "A=<1>");
	is("  A=  one  two \t\n", "A=<one  two>");
	is("A=a#b;c", "A=<a#b;c>");
	is("A=b=c", "A=<b=c>");
	is("A=$HOME `x` $(y) %f", "A=<$HOME `x` $(y) %f>");
	is("A=it's \"so\"", "A=<it's \"so\">");
	is("A=one\\\ntwo", "A=<onetwo>");
	is("A=a\\ \nB=\\\\\\n", "A=<a >B=<\\n>");
	is("A=x\\", "A=<x>");
	is("A=one \\\n two \\\nthree", "A=<one  two three>");
	is("A='one ' \\\n\nB=1", "A=<one >B=<1>");
	is("# C:\\dir\nA=1", "A=<1>");
	is("A=\xe2\x82\xac\xf0\x9f\x98\x80",
	    "A=<\xe2\x82\xac\xf0\x9f\x98\x80>");
	is("A=1\nA=2", "A=<1>A=<2>");
	is("_a9=\xc3\xa4", "_a9=<\xc3\xa4>");
}

static void
test_quotes(void)
{
	is("A='a  \"b\\n\n $c '", "A=<a  \"b\\n\n $c >");
	is("A=\"a\\\"b\\\\c\\`\\$d\\e\\\nf\ng\"", "A=<a\"b\\c`$d\\ef\ng>");
	is("A=''", "A=<>");
	is("A='a' 'b'", "A=<ab>");
	is("A='a'\"b\" c d ", "A=<abc d>");
	is("A='a ' \nB=1", "A=<a >B=<1>");
	is("A='x' # y", "A=<x# y>");
}

static void
test_errors(void)
{
	is("A=1\nB\nC=2", "f: line 2: no NAME=VALUE");
	is("A", "f: line 1: no NAME=VALUE");
	is("=1", "f: line 1: not a variable's name");
	is("1A=1", "f: line 1: not a variable's name");
	is("A-B=1", "f: line 1: not a variable's name");
	is("\xef\xbb\xbf" "A=1", "f: line 1: not a variable's name");
	is("export A=1", "f: line 1: no shell reads it; leave 'export' out");
	is("A='x\ny\n", "f: line 1: a quote without its end");
	is("\n\nA=\"x\\", "f: line 3: a quote without its end");
	is("A='x\ny'\nBAD=1", "f: line 3: not this one");
	(void)is_str(parsed("\nA=\0B", 5), "f: line 2: has a NUL byte",
	    "a NUL byte");
}

/* What releases of systemd take otherwise. */
static void
test_others(void)
{
	static const char cr[] = "f: line 2: has a carriage return, as files "
	    "of Windows; dos2unix it", text[] = "f: line 2: not UTF-8",
	    blank[] = "f: line 2: a value that ends in a blank and a "
	    "backslash; put it into quotes", comment[] = "f: line 2: a comment "
	    "that ends in a backslash; take it out";

	is("\nA=1\r\nB=2\r\n", cr);
	is("\nA=1\rB=2", cr);
	is("\nA='1\r2'", cr);
	is("\n# it\r", cr);
	is("\nA=\xe4", text);
	is("\n# \xff", text);
	is("\nA=\xe2\x82", text);
	is("\nA=\xed\xa0\x80", text);
	is("\nA=x \\\n\nB=1", blank);
	is("\nA=x \\", blank);
	is("\nA=x\t\\\n  \\\n", blank);
	is("\n# C:\\\nA=1", comment);
	is("\n;\\\nA=1", comment);
	is("\n#\\", comment);
}

static void
test_rights(void)
{
	char dir[] = "/tmp/bk-envfile.XXXXXX", path[sizeof(dir) + 2];
	struct bk_buf b = {0};
	struct bk_err e = {0};
	int fd;

	ok(mkdtemp(dir) != NULL && snprintf(path, sizeof(path), "%s/f",
	    dir) > 0, "a directory");
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	ok(fd != -1 && write(fd, "A=1\n", 4) == 4, "a file");
	ok(bk_envfile_load(path, collect, &b, &e) == 0 &&
	    strcmp(b.data, "A=<1>") == 0, "ours is read");
	ok(fchmod(fd, 0644) == 0 && bk_envfile_load(path, collect, &b,
	    &e) == -1 && e.code == BK_DATA, "not if others may read it");
	e = (struct bk_err){0};
	ok(ftruncate(fd, 0) == 0 && fchmod(fd, 0600) == 0 &&
	    bk_envfile_load(path, collect, &b, &e) == 0, "an empty one");
	ok(unlink(path) == 0 && bk_envfile_load(path, collect, &b, &e) == -1 &&
	    e.code == BK_FAIL, "nor if it is not there");
	ok(rmdir(dir) == 0, "nothing is left");
	bk_buf_free(&b);
	close(fd);
}

int
main(void)
{
	test_values();
	test_quotes();
	test_errors();
	test_others();
	test_rights();
	return tap_done();
}
