/* wal/put: what is asked for, and what is ready, while each call fails once. */
#define _XOPEN_SOURCE 700	/* nftw */
#include "wal/put.h"

#include <sys/stat.h>

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "starve.h"
#include "tap.h"
#include "wipe.h"

#define MIB ((uint64_t)1 << 20)
#define ONE "000000010000000000000001"
#define TWO "000000010000000000000002"

static char top[100];
static char *env[] = { "PATH=/usr/bin:/bin", NULL };

static const char *
in(const char *name)
{
	return below(top, name);
}

static void
make_segment(const char *name, uint64_t address)
{
	static uint8_t p[MIB];
	const uint16_t magic = 0xD110, info = 2;
	const uint32_t timeline = 1, bytes = MIB, page = 8192;
	const uint64_t sysid = 77;

	memcpy(p, &magic, 2);
	memcpy(p + 2, &info, 2);
	memcpy(p + 4, &timeline, 4);
	memcpy(p + 8, &address, 8);
	memcpy(p + 24, &sysid, 8);
	memcpy(p + 32, &bytes, 4);
	memcpy(p + 36, &page, 4);
	put_file(in(name), p, sizeof(p));
}

/* One that is asked for, with another one ready; and then that one. */
static int
put(void *arg, struct bk_err *e)
{
	char spool[256];
	struct bk_wal_put_options o = { .command = arg, .spool = spool,
	    .jobs = 2, .sysid = "77", .host = "h", .run = "" };
	struct bk_wal_put *p;
	int rc = -1;

	(void)snprintf(spool, sizeof(spool), "%s", in("spool"));
	if ((p = bk_wal_put_open(&o, e)) != NULL)
		rc = bk_wal_put(p, in("pg_wal/" ONE), e);
	bk_wal_put_free(p);
	if (rc == 0 && (p = bk_wal_put_open(&o, e)) == NULL)
		rc = -1;
	else if (rc == 0) {
		rc = bk_wal_put(p, in("pg_wal/" TWO), e);
		bk_wal_put_free(p);
	}
	clear_tree(spool);
	return rc;
}

int
main(void)
{
	char *words[] = { "cat >/dev/null", NULL };
	struct bk_wal_command c;
	enum starve_kind kind;

	if (make_scratch(top, "wal-put") == -1 ||
	    mkdir(in("spool"), 0700) == -1 ||
	    mkdir(in("pg_wal"), 0700) == -1 ||
	    mkdir(in("pg_wal/archive_status"), 0700) == -1)
		return 1;
	make_segment("pg_wal/" ONE, MIB);
	make_segment("pg_wal/" TWO, 2 * MIB);
	put_file(in("pg_wal/archive_status/" ONE ".ready"), "", 0);
	put_file(in("pg_wal/archive_status/" TWO ".ready"), "", 0);
	bk_wal_command_init(&c, words, env);
	for (kind = 0; kind < STARVE_KINDS; kind++)
		if (kind != STARVE_WRITE)	/* wal_command.c has that */
			starve("put", kind, put, &c);
	wipe_tree(top);
	return tap_done();
}
