/* bk-gz: compress and decompress gzip on all cores, see bk-gz(1) */
#include "compress/gz.h"
#include "tool/filter.h"

static const struct tool_opt options[] = {
	FILTER_OPTIONS("-1 ... -12", "6")
};

static const struct tool tool = {
	.name = "bk-gz",
	.example =
"bk-gz < shop.dump > shop.dump.gz; bk-gz -d < shop.dump.gz",
	.about =
"Compresses to gzip on all CPUs, or decompresses any gzip and verifies that\n"
"it is complete: damaged or unfinished input is refused with status 3.",
	.options = options,
	.settings = "BK_JOBS",
	.operands = "< INPUT > OUTPUT",
	.exits = "0 done, 1 I/O error, 2 usage error, 3 input refused",
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
