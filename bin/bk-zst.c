/* bk-zst: compress and decompress zstd on all cores, see bk-zst(1) */
#include "compress/zst.h"
#include "tool/filter.h"

static const struct tool_opt options[] = {
	FILTER_OPTIONS("-1 ... -19", "3")
};

static const struct tool tool = {
	.name = "bk-zst",
	.example =
"bk-zst < shop.dump > shop.dump.zst; bk-zst -d < shop.dump.zst",
	.about =
"Like bk-gz, but with Zstandard.",
	.options = options,
	.settings = "BK_JOBS",
	.operands = "< INPUT > OUTPUT",
	.exits = "0 done, 1 I/O error, 2 usage error, 3 input refused",
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
