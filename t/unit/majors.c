/* The list of PostgreSQL's majors: whole, in order, as its constants say. */
#include "base/majors.h"
#include "tap.h"

static const struct {
	int major, archive;
	unsigned magic;
} row[] = {
#define ROW(major, archive, magic) { major, archive, magic },
	BK_PG_MAJORS(ROW)
};
#define ROWS (sizeof(row) / sizeof(row[0]))

static void
test_rows(void)
{
	size_t i, bad = 0;

	for (i = 1; i < ROWS; i++)
		bad += row[i].major != row[i - 1].major + 1 ||
		    row[i].archive < row[i - 1].archive ||
		    (row[i].magic <= row[i - 1].magic && row[i].magic != 0);
	is_int((long)bad, 0, "a row for each major, in order");
	is_int(row[0].major, BK_PG_OLDEST, "from the oldest");
	is_int(row[ROWS - 1].major, BK_PG_NEWEST, "to the newest");
	is_int(row[ROWS - 1].archive, BK_PG_ARCHIVE_MAX,
	    "whose archives are the newest");
	for (i = bad = 0; i < ROWS; i++)
		bad += (row[i].magic != 0) != (row[i].major >= BK_PG_MANIFESTS);
	is_int((long)bad, 0, "WAL is read from where base backups are");
}

static void
test_magic(void)
{
	const unsigned newest = row[ROWS - 1].magic;
	size_t i, bad = 0;

	for (i = 0; i < ROWS; i++)
		bad += row[i].magic != 0 &&
		    bk_majors_by_magic(row[i].magic) != row[i].major;
	is_int((long)bad, 0, "a page's magic tells the major");
	is_int(bk_majors_by_magic(newest + 1), 0, "or a younger one");
	is_int(bk_majors_by_magic(BK_PG_MAGIC_MAX), 0, "much younger");
	is_int(bk_majors_by_magic(BK_PG_MAGIC_MAX + 1), -1, "or none");
	is_int(bk_majors_by_magic(newest - 1), -1, "between two is none");
	is_int(bk_majors_by_magic(0xd101), -1, "PostgreSQL 12 is not read");
	is_int(bk_majors_by_magic(0), -1, "nor are zeros");
}

static void
test_archive(void)
{
	is_int(bk_majors_by_archive(BK_PG_ARCHIVE_MIN), 12, "1.14: pg_dump 12");
	is_int(bk_majors_by_archive(BK_PG_ARCHIVE_METHODS), 16, "1.15: 16");
	is_int(bk_majors_by_archive(BK_PG_ARCHIVE_KINDS), 17, "1.16: 17");
	is_int(bk_majors_by_archive(BK_PG_ARCHIVE_MAX + 1), 0,
	    "the next: none that we know");
}

int
main(void)
{
	test_rows();
	test_magic();
	test_archive();
	return tap_done();
}
