/* bk-zst: compress and decompress zstd on all cores, see bk-zst(1) */
#include "compress/zst.h"
#include "filter.h"

static const struct tool tool = {
	.name = "bk-zst",
	.usage = FILTER_USAGE("19"),
	.help =
"Example: bk-zst < shop.dump > shop.dump.zst; bk-zst -d < shop.dump.zst\n"
"\n"
"usage: bk-zst " FILTER_USAGE("19") "\n"
"\n"
"Like bk-gz, but with Zstandard.  bk-zst(1) has more.\n"
"\n"
"    -1 ... -19        fast ... small (3)\n"
FILTER_HELP,
};

static const struct codec codec = {
	.level_default = BK_ZST_LEVEL_DEFAULT,
	.level_max = BK_ZST_LEVEL_MAX,
	.compress = bk_zst_compress,
	.decompress = bk_zst_decompress,
};

int
main(int argc, char *argv[])
{
	return filter_main(argc, argv, &tool, &codec);
}
