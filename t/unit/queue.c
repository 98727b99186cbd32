/* bk_handover: both sides, with and without waiting, ends and failures. */
#include <stdatomic.h>
#include <unistd.h>

#include "base/queue.h"
#include "base/thread.h"
#include "tap.h"

enum { BUFFERS = 5, FILLERS = 3, TAKERS = 4, EACH = 20000 };

struct item {
	struct bk_link link;
	int number;
};

static struct bk_handover h;
static struct item item[BUFFERS];

static void
start(void)
{
	int i;

	bk_handover_init(&h);
	for (i = BUFFERS; i-- > 0; )
		bk_handover_recycle(&h, &item[i]);
}

/* The fillers' numbers are distinct; the takers add them up. */
static atomic_int filling;
static atomic_llong sum;

static void *
fill(void *arg)
{
	int i, base = *(int *)arg;
	struct item *it;

	for (i = 0; i < EACH && (it = bk_handover_get(&h, BK_WAIT)) != NULL;
	    i++) {
		it->number = base + i;
		bk_handover_put(&h, it);
	}
	if (atomic_fetch_sub(&filling, 1) == 1)
		bk_handover_end(&h);
	return NULL;
}

static int stop_at;	/* the number at which its taker fails */

static void *
take(void *arg)
{
	struct bk_err why = {0};
	struct item *it;

	while ((it = bk_handover_take(&h, BK_WAIT)) != NULL) {
		atomic_fetch_add(&sum, it->number);
		if (it->number == stop_at) {
			bk_fail(&why, BK_DATA, "number %d", it->number);
			bk_handover_stop(&h, &why);
		}
		bk_handover_recycle(&h, it);
	}
	return arg;
}

static int
run(int at, struct bk_err *e)
{
	pthread_t filler[FILLERS], taker[TAKERS];
	int base[FILLERS], i, rc;

	start();
	stop_at = at;
	filling = FILLERS;
	sum = 0;
	for (i = 0; i < TAKERS; i++)
		(void)bk_thread_start(&taker[i], take, NULL, e);
	for (i = 0; i < FILLERS; i++) {
		base[i] = i * EACH;
		(void)bk_thread_start(&filler[i], fill, &base[i], e);
	}
	for (i = 0; i < FILLERS; i++)
		pthread_join(filler[i], NULL);
	for (i = 0; i < TAKERS; i++)
		pthread_join(taker[i], NULL);
	rc = bk_handover_over(&h, e);
	bk_handover_destroy(&h);
	return rc;
}

static void
test_threads(void)
{
	long long n = (long long)FILLERS * EACH;
	struct bk_err e = {0};

	is_int(run(-1, &e), 1, "several fill, several take, to the end");
	is_int(sum, n * (n - 1) / 2, "each once");
	is_int(run(EACH / 2, &e), -1, "one fails: all leave");
	is_str(e.msg, "number 10000", "and it is known why");
}

static void
test_now(void)
{
	struct bk_err e = {0};
	int i, bad = 0;

	start();
	ok(bk_handover_take(&h, BK_NOW) == NULL, "there is nothing to take");
	for (i = 0; i < BUFFERS; i++) {
		bad += bk_handover_get(&h, BK_NOW) != &item[i];
		bk_handover_put(&h, &item[i]);
	}
	ok(!bad && bk_handover_get(&h, BK_NOW) == NULL, "nor, then, to fill");
	bk_handover_end(&h);
	for (i = 0; i < BUFFERS; i++) {
		bad += bk_handover_over(&h, &e) != 0;
		bad += bk_handover_take(&h, BK_NOW) != &item[i];
	}
	is_int(bad, 0, "what was put before the end is taken, in its order");
	is_int(bk_handover_over(&h, &e), 1, "and that is all");
	bk_handover_destroy(&h);
}

static void
test_stop(void)
{
	struct bk_err e = {0}, why = {0};

	start();
	bk_handover_put(&h, bk_handover_get(&h, BK_WAIT));
	bk_handover_end(&h);
	bk_handover_stop(&h, NULL);
	ok(bk_handover_get(&h, BK_WAIT) == NULL &&
	    bk_handover_take(&h, BK_WAIT) == NULL, "when stopped, all leave");
	is_int(bk_handover_over(&h, &e), 0, "which is no end");
	bk_fail(&why, BK_FAIL, "late");
	bk_handover_stop(&h, &why);
	is_int(bk_handover_over(&h, &e), 0, "nor do failures behind it count");
	bk_handover_destroy(&h);
}

int
main(void)
{
	alarm(300);		/* a hang is a failure */
	test_threads();
	test_now();
	test_stop();
	return tap_done();
}
