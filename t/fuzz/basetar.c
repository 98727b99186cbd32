/*
 * A base backup as bk-verify and bk-pitr read it; as it is, and with the
 * checksums of its tar's headers put right.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "recovery/backup_scan.h"
#include "verify/check.h"

static void
check(const uint8_t *p, size_t n)
{
	static struct bk_progress progress;
	struct fuzz_left left = { p, n };
	struct bk_verdict v = {0};
	struct bk_survey s = {0};
	struct bk_err e[2] = {{0}};
	int dir;

	fuzz_agree(bk_check_tar((struct bk_source){ fuzz_source, &left },
	    "fuzz", &v, &progress, &e[0]), &e[0]);
	bk_verdict_free(&v);
	/* a directory in which nothing can be made */
	CHECK((dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) !=
	    -1 || (dir = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) !=
	    -1);
	left = (struct fuzz_left){ p, n };
	fuzz_agree(bk_survey((struct bk_source){ fuzz_source, &left }, "fuzz",
	    dir, &progress, &s, &e[1]), &e[1]);
	bk_survey_free(&s);
	(void)close(dir);
}

FUZZ(768 << 10, 100)
{
	uint8_t *copy = malloc(n + 1);

	CHECK(copy != NULL);
	memcpy(copy, p, n);
	check(copy, n);
	fuzz_tar(copy, n);
	check(copy, n);
	free(copy);
}
