#include "pitr_input.h"

#include <unistd.h>

int
pitr_input_open(struct pitr_input *i, struct bk_err *e)
{
	char shell[] = "/bin/sh", option[] = "-c";
	char *argv[] = { shell, option, i->command, NULL };
	int fd = STDIN_FILENO;

	i->child = (struct bk_child)BK_CHILD_NONE;
	i->child.watch = i->watch;
	if (i->command != NULL) {
		if (bk_child_start(&i->child, argv, i->env, e) == -1)
			return -1;
		i->child.name = i->name;
		fd = i->child.out;
	}
	i->in = bk_reader_open(fd, i->name, BK_READER_NONEMPTY, e);
	return i->in == NULL ? -1 : 0;
}

static ssize_t
read_stream(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	return bk_reader_read(ctx, buf, n, e);
}

int
pitr_input_start(void *ctx, struct bk_source *src, struct bk_err *e)
{
	struct pitr_input *i = ctx;

	if (i->in == NULL && pitr_input_open(i, e) == -1)
		return -1;
	*src = (struct bk_source){ read_stream, i->in };
	return 0;
}

int
pitr_input_end(void *ctx, struct bk_err *e)
{
	struct pitr_input *i = ctx;

	if (bk_reader_drain(i->in, e) == -1)
		return -1;
	return i->command == NULL ? 0 : bk_child_wait(&i->child, e);
}

const char *
pitr_input_prior(void *ctx)
{
	const struct pitr_input *i = ctx;

	return bk_reader_label(i->in)->prior;
}

void
pitr_input_free(struct pitr_input *i)
{
	bk_reader_free(i->in);
	i->in = NULL;
	if (i->command != NULL)
		bk_child_free(&i->child);
}
