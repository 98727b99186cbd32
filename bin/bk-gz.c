/* bk-gz: compress and decompress gzip on all cores, see bk-gz(1) */
#include "compress/gz.h"
#include "filter.h"

static const struct tool tool = {
	.name = "bk-gz",
	.usage = FILTER_USAGE("12"),
	.help =
"Example: bk-gz < shop.dump > shop.dump.gz; bk-gz -d < shop.dump.gz\n"
"\n"
"usage: bk-gz " FILTER_USAGE("12") "\n"
"\n"
"Compresses to gzip on all CPUs, or decompresses any gzip and verifies that\n"
"it is complete: damaged or unfinished input is refused with status 3.\n"
"bk-gz(1) has more.\n"
"\n"
"    -1 ... -12        fast ... small (6)\n"
FILTER_HELP,
};

static const struct codec codec = {
	.level_default = BK_GZ_LEVEL_DEFAULT,
	.level_max = BK_GZ_LEVEL_MAX,
	.compress = bk_gz_compress,
	.decompress = bk_gz_decompress,
};

int
main(int argc, char *argv[])
{
	return filter_main(argc, argv, &tool, &codec);
}
