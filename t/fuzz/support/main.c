/*
 * All targets in one program:
 *
 *	fuzz.t			TAP: every seed, its beginnings, and some
 *				hundreds of mutations of them
 *	fuzz.t NAME FILE ...	one target, these inputs
 *	fuzz.t --unpack DIR	the seeds as DIR/NAME/FILE
 *	fuzz.t --pack <IN >OUT	a file as it stands among the seeds
 *
 * No word of a mark may stand in a tracked file, so seeds have as many other
 * characters in its place.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../unit/tap.h"
#include "../fuzz.h"
#include "base/io.h"
#include "stream/seal.h"

#define SEEDS "t/fuzz/corpus"
#define WORD 32			/* characters of a mark's word */
#define MUTATIONS 400		/* for each target */
#define CUTS 200		/* beginnings of a seed, at most */
#define SEED_MAX (1 << 20)

#define X(name) int target_##name(const uint8_t *p, size_t n);
FUZZ_TARGETS
#undef X

static const struct target {
	const char *name;
	int (*run)(const uint8_t *p, size_t n);
} targets[] = {
#define X(name) { #name, target_##name },
	FUZZ_TARGETS
#undef X
};
#define NTARGETS (sizeof(targets) / sizeof(targets[0]))

static const char placeholder[2][WORD + 1] = {
	"<the word of an opening mark...>", "<the word of a closing mark....>",
};

struct seed {
	char *name;
	struct bk_buf b;
};

struct seeds {
	struct seed *v;
	size_t n;
};

static struct {			/* for whoever looks at a crash */
	const char *target, *seed;
	const uint8_t *p;
	size_t n;
} now;

static uint64_t state = 88172645463325252U;
static struct bk_err e;

static size_t
below(size_t max)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state >> 11) % max;
}

/* Keep the input that we are about to die of. */
static void
leave(int sig)
{
	char path[PATH_MAX + 20], line[PATH_MAX + 200];
	const char *dir = getenv("TMPDIR");
	int fd, len;

	(void)snprintf(path, sizeof(path), "%s/fuzz-crash-%s",
	    dir != NULL ? dir : "/tmp", now.target);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600)) != -1) {
		(void)!write(fd, now.p, now.n);
		(void)close(fd);
	}
	len = snprintf(line, sizeof(line), "# %s: by %s; its input is in %s\n",
	    now.target, now.seed, path);
	(void)!write(STDERR_FILENO, line, (size_t)len);
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

/* Exchange words and placeholders; a word is as long as a placeholder. */
static void
translate(struct bk_buf *b, int pack)
{
	static const struct bk_seal s = { .nonce = "" };
	char mark[2][BK_SEAL_OPENING];
	size_t i, k;

	(void)bk_seal_open(&s, mark[0]);
	bk_seal_close(&s, 0, mark[1]);
	for (i = 0; i + WORD <= b->len; i++)
		for (k = 0; k < 2; k++)
			if (memcmp(b->data + i, pack ? mark[k] : placeholder[k],
			    WORD) == 0)
				memcpy(b->data + i, pack ? placeholder[k] :
				    mark[k], WORD);
}

static void
stop(const char *what)
{
	printf("Bail out! %s: %s %s\n", what, strerror(errno), e.msg);
	exit(1);
}

static void
add_seed(struct seeds *s, const char *dir, const char *name)
{
	char path[2 * PATH_MAX];
	struct seed *seed;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((s->v = realloc(s->v, (s->n + 1) * sizeof(*s->v))) == NULL)
		stop("memory");
	seed = &s->v[s->n++];
	*seed = (struct seed){ .name = strdup(name) };
	if (seed->name == NULL || bk_buf_puts(&seed->b, "", &e) == -1 ||
	    bk_io_slurp(path, SEED_MAX, &seed->b, &e) == -1)
		stop(path);
	translate(&seed->b, 0);
}

static int
by_name(const void *a, const void *b)
{
	const struct seed *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct seeds
load(const char *target)
{
	struct seeds s = {0};
	char dir[PATH_MAX];
	struct dirent *d;
	DIR *list;

	(void)snprintf(dir, sizeof(dir), SEEDS "/%s", target);
	if ((list = opendir(dir)) == NULL)
		stop(dir);
	while ((d = readdir(list)) != NULL)
		if (*d->d_name != '.')
			add_seed(&s, dir, d->d_name);
	(void)closedir(list);
	if (s.n == 0)
		stop(dir);
	qsort(s.v, s.n, sizeof(*s.v), by_name);
	return s;
}

static void
unload(struct seeds *s)
{
	while (s->n > 0) {
		bk_buf_free(&s->v[--s->n].b);
		free(s->v[s->n].name);
	}
	free(s->v);
}

/* On the heap, with no byte to spare, so that a sanitizer sees its end. */
static void
run(const struct target *t, const char *seed, const void *p, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	if (copy == NULL)
		stop("memory");
	if (n > 0)
		memcpy(copy, p, n);
	now.target = t->name;
	now.seed = seed;
	now.p = copy;
	now.n = n;
	(void)t->run(copy, n);
	now.p = NULL;
	now.n = 0;
	free(copy);
}

static void
change(char *p, size_t n)
{
	static const uint8_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, '0', '9', '%',
	    '\\', '"', '\n', '\t', ' ', '-', '/', '.' };

	if (below(2) == 0)
		p[below(n)] ^= (char)(1U << below(8));
	else
		p[below(n)] = (char)odd[below(sizeof(odd))];
}

/* Change bytes of b, take some out, or put some of another seed in. */
static void
mutate(struct bk_buf *b, const struct seed *other)
{
	size_t at = below(b->len + 1), n = 1 + below(16), from;

	switch (below(5)) {
	case 0:
		if (n > b->len - at)
			n = b->len - at;
		memmove(b->data + at, b->data + at + n, b->len - at - n);
		b->len -= n;
		break;
	case 1:
		if (n > other->b.len)
			n = other->b.len;
		from = below(other->b.len - n + 1);
		if (bk_buf_reserve(b, n, &e) == -1)
			stop("memory");
		memmove(b->data + at + n, b->data + at, b->len - at);
		memcpy(b->data + at, other->b.data + from, n);
		b->len += n;
		break;
	default:
		if (b->len > 0)
			change(b->data, b->len);
	}
}

static void
run_mutations(const struct target *t, const struct seeds *s)
{
	const struct seed *one, *other;
	size_t i, k, times;

	for (i = 0; i < MUTATIONS; i++) {
		struct bk_buf b = {0};

		one = &s->v[i % s->n];
		other = &s->v[below(s->n)];
		if (bk_buf_add(&b, one->b.data, one->b.len, &e) == -1 ||
		    bk_buf_reserve(&b, 1, &e) == -1)
			stop("memory");
		times = 1 + below(4);
		for (k = 0; k < times; k++)
			mutate(&b, other);
		run(t, one->name, b.data, b.len);
		bk_buf_free(&b);
	}
}

static void
run_target(const struct target *t)
{
	struct seeds s = load(t->name);
	size_t i, n, step;

	for (i = 0; i < s.n; i++) {
		step = s.v[i].b.len * s.n / CUTS + 1;
		for (n = 0; n < s.v[i].b.len; n += step)
			run(t, s.v[i].name, s.v[i].b.data, n);
		run(t, s.v[i].name, s.v[i].b.data, s.v[i].b.len);
	}
	run_mutations(t, &s);
	ok(1, "%s: %zu seeds, their beginnings and %d mutations", t->name,
	    s.n, MUTATIONS);
	unload(&s);
}

/* fuzz.t NAME FILE ...: with "-", everything but the name of a file. */
static void
run_files(const char *name, char *file[])
{
	struct bk_buf b;
	size_t i;

	for (i = 0; i < NTARGETS && strcmp(name, targets[i].name) != 0; i++)
		continue;
	if (i == NTARGETS)
		stop(name);
	for (; *file != NULL; file++) {
		b = (struct bk_buf){0};
		if (bk_io_slurp(*file, SEED_MAX, &b, &e) == -1)
			stop(*file);
		translate(&b, 0);
		run(&targets[i], *file, b.data, b.len);
		bk_buf_free(&b);
	}
}

static void
write_file(const char *path, const struct bk_buf *b)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(b->data, 1, b->len, f) != b->len ||
	    fclose(f) != 0)
		stop(path);
}

static void
unpack(const char *dir)
{
	char path[2 * PATH_MAX];
	struct seeds s;
	size_t i, k;

	for (i = 0; i < NTARGETS; i++) {
		s = load(targets[i].name);
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    targets[i].name);
		if (mkdir(path, 0777) == -1 && errno != EEXIST)
			stop(path);
		for (k = 0; k < s.n; k++) {
			(void)snprintf(path, sizeof(path), "%s/%s/%s", dir,
			    targets[i].name, s.v[k].name);
			write_file(path, &s.v[k].b);
		}
		unload(&s);
	}
}

static void
pack(void)
{
	struct bk_buf b = {0};

	if (bk_buf_puts(&b, "", &e) == -1 ||
	    bk_io_slurp("-", SEED_MAX, &b, &e) == -1)
		stop("standard input");
	translate(&b, 1);
	if (fwrite(b.data, 1, b.len, stdout) != b.len || fflush(stdout) != 0)
		stop("standard output");
	bk_buf_free(&b);
}

int
main(int argc, char *argv[])
{
	static const int deadly[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE,
	    SIGALRM };
	size_t i;

	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		(void)signal(deadly[i], leave);
	if (argc == 2 && strcmp(argv[1], "--pack") == 0) {
		pack();
	} else if (argc == 3 && strcmp(argv[1], "--unpack") == 0) {
		unpack(argv[2]);
	} else if (argc > 2) {
		run_files(argv[1], argv + 2);
	} else {
		for (i = 0; i < NTARGETS; i++) {
			/* what hangs is a failure as well */
			(void)alarm(120);
			run_target(&targets[i]);
		}
		return tap_done();
	}
	return 0;
}
