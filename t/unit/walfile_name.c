/* walfile/wal_name: names exactly, with suffixes, as words, and made. */

#include "tap.h"
#include "walfile/wal_name.h"

#define MIB ((uint64_t)1 << 20)
#define SEGMENT (16 * MIB)
#define AFF "000000010000000A000000FF"

static uint64_t seed = 88172645463325252u;

/* xorshift: the same numbers in every run */
static uint64_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Each name by the first two rules. */
static void
kinds(void)
{
	static const struct {
		const char *name;
		enum bk_wal_file exactly, suffixed;
	} t[] = {
		{ AFF, BK_WAL_FILE_SEGMENT, BK_WAL_FILE_SEGMENT },
		{ AFF ".gz", BK_WAL_FILE_OTHER, BK_WAL_FILE_SEGMENT },
		{ AFF ".", BK_WAL_FILE_OTHER, BK_WAL_FILE_SEGMENT },
		{ "w/" AFF ".gz", BK_WAL_FILE_OTHER, BK_WAL_FILE_SEGMENT },
		{ AFF "-ab.gz", BK_WAL_FILE_OTHER, BK_WAL_FILE_OTHER },
		{ AFF "/", BK_WAL_FILE_OTHER, BK_WAL_FILE_OTHER },
		{ AFF ".partial", BK_WAL_FILE_PARTIAL, BK_WAL_FILE_PARTIAL },
		{ AFF ".partial.gz", BK_WAL_FILE_OTHER, BK_WAL_FILE_PARTIAL },
		{ AFF ".partialx", BK_WAL_FILE_OTHER, BK_WAL_FILE_PARTIAL },
		{ AFF ".partial.bk", BK_WAL_FILE_OTHER, BK_WAL_FILE_PARTIAL },
		{ AFF ".partial.1A2B3C4", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_PARTIAL },
		{ AFF ".partial.1a2b3c4d", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_PARTIAL },
		{ AFF ".partial.1A2B3C4D5", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_PARTIAL },
		{ AFF ".partial.1A2B3C4D", BK_WAL_FILE_SECOND,
		    BK_WAL_FILE_SECOND },
		{ AFF ".partial.1A2B3C4D.gz", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_SECOND },
		{ AFF ".00000028.backup", BK_WAL_FILE_BACKUP,
		    BK_WAL_FILE_BACKUP },
		{ AFF ".00000028.backup.zst", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_BACKUP },
		{ AFF ".00000028.backups", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_SEGMENT },
		{ AFF ".0000028.backup", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_SEGMENT },
		{ "00000002.history", BK_WAL_FILE_HISTORY,
		    BK_WAL_FILE_HISTORY },
		{ "a/00000002.history.gz", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_HISTORY },
		{ "00000002", BK_WAL_FILE_OTHER, BK_WAL_FILE_OTHER },
		{ "00000002.gz", BK_WAL_FILE_OTHER, BK_WAL_FILE_OTHER },
		{ "0000002.history", BK_WAL_FILE_OTHER, BK_WAL_FILE_OTHER },
		{ "../00000002.history", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_HISTORY },
		{ "000000010000000A000000F", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_OTHER },
		{ AFF "F", BK_WAL_FILE_OTHER, BK_WAL_FILE_OTHER },
		{ "000000010000000a000000ff", BK_WAL_FILE_OTHER,
		    BK_WAL_FILE_OTHER },
		{ "archive_status", BK_WAL_FILE_OTHER, BK_WAL_FILE_OTHER },
		{ "", BK_WAL_FILE_OTHER, BK_WAL_FILE_OTHER },
	};
	uint64_t pos, want;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ok(bk_wal_file_kind(t[i].name) == t[i].exactly, "exactly %s",
		    t[i].name);
		want = t[i].suffixed == BK_WAL_FILE_OTHER ||
		    t[i].suffixed == BK_WAL_FILE_HISTORY ? 0 : 0xA000000FF;
		ok(bk_wal_file_suffixed(t[i].name, &pos) == t[i].suffixed &&
		    pos == want, "with suffixes %s", t[i].name);
	}
	is_int(bk_wal_file_timeline("0000000A.history"), 10, "a timeline");
}

static void
words(void)
{
	uint64_t pos = 0;

	ok(bk_wal_name_find("b/x-" AFF ".bk", &pos) && pos == 0xA000000FF,
	    "a base backup's start");
	ok(!bk_wal_name_find(AFF "/x.bk", &pos), "not in its directory");
	ok(!bk_wal_name_find("x" AFF, &pos), "not within a word");
	ok(!bk_wal_name_find(AFF "a", &pos), "nor so");
	ok(!bk_wal_name_find("x" AFF "_" AFF "g", &pos), "nor twice");
	ok(bk_wal_name_find("x" AFF "_" AFF, &pos), "but the second one");
	ok(!bk_wal_name_find("", &pos), "nor in nothing");
}

static void
archives(void)
{
	static const struct {
		const char *path;
		size_t len;
	} t[] = {
		{ AFF, 0 }, { "a/" AFF, 2 }, { "/" AFF, 1 },
		{ "a/00000001/" AFF, 2 }, { "a/000000010000000A/" AFF, 2 },
		{ "a/00000001/000000010000000A/" AFF, 2 },
		{ "00000001/" AFF, 0 }, { "a/0000001/" AFF, 10 },
		{ "a/0000000x/" AFF, 11 }, { "a//" AFF, 3 },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		ok(bk_wal_name_archive(t[i].path) == t[i].len,
		    "the archive of %s", t[i].path);
}

static void
segments(void)
{
	static const uint64_t sizes[] = { 1 << 20, 16 << 20, 64 << 20,
	    1 << 30 };
	struct bk_wal_segment s, t;
	char name[BK_WAL_NAME];
	int round, good = 1;

	for (round = 0; round < 20000; round++) {
		uint64_t size = sizes[round % 4];

		s = (struct bk_wal_segment){ (uint32_t)rnd(),
		    rnd() % (((uint64_t)1 << 32) * (((uint64_t)1 << 32) /
		    size)), 0 };
		bk_wal_segment_format(&s, size, name);
		good &= bk_wal_segment_parse(name, size, &t) == 1 &&
		    t.timeline == s.timeline && t.number == s.number &&
		    !t.partial;
	}
	ok(good, "names of segments and back");
	is_int(bk_wal_segment_parse("d/" AFF ".gz.bk", SEGMENT, &t), 1,
	    "with suffixes");
	is_int(bk_wal_segment_parse("000000010000000A00000100", SEGMENT, &t),
	    -1, "not of this size");
	is_int(bk_wal_segment_parse("000000010000000A00000100", MIB, &t), 1,
	    "but of that");
	is_int(bk_wal_segment_parse("00000002.history", SEGMENT, &t), 0,
	    "history");
	is_int(bk_wal_segment_parse(AFF ".00000028.backup", SEGMENT, &t), 0,
	    "a backup file");
	ok(bk_wal_segment_parse(AFF ".partial", SEGMENT, &t) == 1 && t.partial,
	    "partial");
	ok(bk_wal_segment_parse("a/" AFF ".partial.1A2B3C4D", SEGMENT, &t) ==
	    1 && t.partial && t.timeline == 1, "a second one");
	is_int(bk_wal_segment_parse("000000010000000A000000F", SEGMENT, &t), 0,
	    "a digit short");
	is_int(bk_wal_segment_parse("", SEGMENT, &t), 0, "no name");
}

static void
made(void)
{
	char name[BK_WAL_NAME], again[BK_WAL_NAME];
	uint64_t address;

	ok(bk_wal_segment_address(AFF, SEGMENT, &address) &&
	    address == 0xAFF000000, "an address");
	bk_wal_segment_name(1, address + 5, SEGMENT, name);
	is_str(name, AFF, "and back");
	bk_wal_segment_name(3, address, MIB, name);
	is_str(name, "000000030000000A00000FF0", "with segments of 1 MiB");
	ok(!bk_wal_segment_address(AFF, 1024 * MIB, &address),
	    "a number that segments of 1 GiB have not");
	bk_wal_partial_name(AFF, name);
	is_str(name, AFF ".partial", "its .partial");
	bk_wal_second_name(name, "1a2b3c4d5e6f", again);
	is_str(again, AFF ".partial.1A2B3C4D", "the second name of that");
	is_int(bk_wal_file_kind(again), BK_WAL_FILE_SECOND, "is one");
	bk_wal_history_name(0xAB, name);
	is_str(name, "000000AB.history", "a history");
}

static void
sizes(void)
{
	static const uint64_t not[] = { 0, 1, MIB / 2, MIB - 1, MIB + 1,
	    3 * MIB, 2048 * MIB, UINT64_MAX };
	uint64_t bytes;
	size_t i;

	for (bytes = MIB; bytes <= 1024 * MIB; bytes *= 2)
		ok(bk_wal_segment_is_size(bytes), "segments of %ju",
		    (uintmax_t)bytes);
	for (i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		ok(!bk_wal_segment_is_size(not[i]), "none of %ju",
		    (uintmax_t)not[i]);
}

int
main(void)
{
	kinds();
	words();
	archives();
	segments();
	made();
	sizes();
	return tap_done();
}
