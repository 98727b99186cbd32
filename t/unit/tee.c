/* One stream to several commands: complete, cut short, refused. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream/seal.h"
#include "stream/tee.h"
#include "tap.h"

#define SIZE (3 * BK_TEE_RING + 12345)	/* the ring wraps */

static char dir[] = "/tmp/bk-tee.XXXXXX";

/* A file of n bytes that depend on their offset, between these marks. */
static int
make_input(size_t n, const char *opening, const char *closing)
{
	char *text = malloc(n + 2 * BK_SEAL_OPENING), *p = text;
	size_t i;
	int fd = open("input", O_RDWR | O_CREAT | O_TRUNC, 0600);

	memcpy(p, opening, strlen(opening));
	p += strlen(opening);
	for (i = 0; i < n; i++)
		*p++ = (char)(i * 7 + i / 1000);
	memcpy(p, closing, strlen(closing));
	p += strlen(closing);
	ok(write(fd, text, (size_t)(p - text)) == p - text, "an input");
	(void)lseek(fd, 0, SEEK_SET);
	free(text);
	return fd;
}

/* Copy the input to the commands; their results in r. */
static enum bk_code
copy(int fd, const char *const *command, struct bk_tee_result *r)
{
	struct bk_err e = {0};
	struct bk_tee *tee = bk_tee_new(&e);
	struct bk_reader *in = bk_reader_open(fd, "input", 0, &e);
	unsigned i;

	for (i = 0; command[i] != NULL; i++)
		(void)bk_tee_start(tee, command[i], &e);
	(void)bk_tee_copy(tee, in, &e);
	for (i = 0; command[i] != NULL; i++)
		r[i] = bk_tee_result(tee, i);
	bk_reader_free(in);
	bk_tee_free(tee);
	close(fd);
	return e.code;
}

/* 1 if file equals the input, -1 if it is a prefix of it, 0 if neither. */
static int
is_input(const char *file)
{
	FILE *a = fopen("input", "r"), *b = fopen(file, "r");
	int x, y;

	do {
		x = getc(a);
		y = getc(b);
	} while (x == y && x != EOF);
	fclose(a);
	fclose(b);
	return x == y ? 1 : y == EOF ? -1 : 0;
}

static void
test_whole(void)
{
	static const char *const commands[] = { "cat >one", "dd bs=4097 of=two "
	    "2>/dev/null", "head -c 100 >three", "cat >four; exit 7", NULL };
	struct bk_tee_result r[4];

	is_int(copy(make_input(SIZE, "", ""), commands, r), BK_OK,
	    "a stream to four");
	is_int(is_input("one"), 1, "the first has it");
	is_int(is_input("two"), 1, "and one that reads odd pieces");
	is_int(
	    is_input("three"), -1, "and who left early as much as it wanted");
	ok(r[0].status == 0 && !r[0].cut && r[1].status == 0 && !r[1].cut,
	    "which is told");
	ok(r[2].status == 0 && r[2].cut, "of who left, too");
	ok(WIFEXITED(r[3].status) && WEXITSTATUS(r[3].status) == 7 &&
	    !r[3].cut, "and of who failed having read all");
	is_str(r[3].command, commands[3], "and what it was");
}

static void
test_all_leave(void)
{
	static const char *const commands[] = { "exec true", "exec false",
	    NULL };
	struct bk_tee_result r[2];

	is_int(copy(make_input(SIZE, "", ""), commands, r), BK_OK,
	    "nobody wants it");
	ok(r[0].cut && r[1].cut && r[0].status == 0 && r[1].status != 0,
	    "and that is told");
}

/* The last bytes of an unfinished stream are not passed on. */
static void
test_unfinished(void)
{
	static const char *const commands[] = { "cat >one", NULL };
	struct bk_tee_result r[1];
	struct stat st;
	char tail[BK_SEAL_TAIL], opening[BK_SEAL_OPENING],
	    closing[BK_SEAL_CLOSING + 1];
	struct bk_label label = { .at = 1000 };
	struct bk_seal seal;
	struct bk_err e = {0};
	struct bk_reader *in;
	ssize_t n;
	int fd;

	(void)unlink("one");
	(void)bk_seal_new(&seal, &label, &e);
	(void)bk_seal_open(&seal, opening);
	bk_seal_close(&seal, 0, closing);
	is_int(copy(make_input(100000, opening, ""), commands, r),
	    BK_DATA, "an unfinished stream");
	/* it is killed sooner or later, and may not have made the file yet */
	fd = open("one", O_RDONLY | O_CREAT, 0600);
	ok(fstat(fd, &st) == 0 && st.st_size < 100000, "is not given whole");
	n = pread(fd, tail, sizeof(tail), st.st_size > BK_SEAL_TAIL ?
	    st.st_size - BK_SEAL_TAIL : 0);
	ok(n >= 0 && bk_seal_find_closing(tail, (size_t)n) == -1,
	    "and has no closing mark");
	ok(WIFSIGNALED(r[0].status) && WTERMSIG(r[0].status) == SIGTERM,
	    "nor sees the end of it");
	close(fd);
	is_int(copy(make_input(100000, opening, closing), commands, r), BK_OK,
	    "a finished one in an envelope");
	fd = open("one", O_RDONLY);
	in = bk_reader_open(fd, "one", BK_READER_SEALED, &e);
	ok(in != NULL && bk_reader_label(in)->at == 1000,
	    "is given in one with its label");
	ok(bk_reader_drain(in, &e) == 0 && bk_reader_bytes(in) == 100000,
	    "and finished");
	bk_reader_free(in);
	close(fd);
}

static void
test_bounds(void)
{
	struct bk_err e = {0};
	struct bk_tee *tee = bk_tee_new(&e);
	int i, started = 0;

	for (i = 0; i < BK_TEE_MAX; i++)
		started += bk_tee_start(tee, "cat >/dev/null", &e) == 0;
	is_int(started, BK_TEE_MAX, "as many as may be");
	is_int(bk_tee_start(tee, "cat", &e), -1, "and not one more");
	is_int(e.code, BK_FAIL, "which is said");
	bk_tee_free(tee);
	bk_tee_free(NULL);
}

int
main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	ok(mkdtemp(dir) != NULL && chdir(dir) == 0, "a directory");
	test_whole();
	test_all_leave();
	test_unfinished();
	test_bounds();
	(void)unlink("input");
	(void)unlink("one");
	(void)unlink("two");
	(void)unlink("three");
	(void)unlink("four");
	ok(chdir("/") == 0 && rmdir(dir) == 0, "and it is empty again");
	return tap_done();
}
