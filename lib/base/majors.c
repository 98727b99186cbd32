#include "base/majors.h"

#include <stddef.h>

static const struct {
	int major, archive;
	unsigned magic;
} majors[] = {
#define ROW(major, archive, magic) { major, archive, magic },
	BK_PG_MAJORS(ROW)
#undef ROW
};
#define MAJORS (sizeof(majors) / sizeof(majors[0]))

int
bk_majors_by_magic(unsigned magic)
{
	size_t i;

	for (i = 0; i < MAJORS; i++)
		if (majors[i].magic == magic && magic != 0)
			return majors[i].major;
	return magic > majors[MAJORS - 1].magic && magic <= BK_PG_MAGIC_MAX ?
	    0 : -1;
}

int
bk_majors_by_archive(int minor)
{
	size_t i;

	for (i = 0; i < MAJORS; i++)
		if (majors[i].archive >= minor)
			return majors[i].major;
	return 0;
}
