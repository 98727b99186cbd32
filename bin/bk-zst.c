/* bk-zst: compress and decompress zstd on all cores, see bk-zst(1) */
#include "../lib/compress/zst.h"
#include "filter.h"

static const struct bk_tool tool = {
	.name = "bk-zst",
	.usage = "[-1 ... -19] [-d] [-j N] [--sealed] < INPUT > OUTPUT",
	.help =
"Example: bk-zst < shop.dump > shop.dump.zst; bk-zst -d < shop.dump.zst\n"
"\n"
"usage: bk-zst [-1 ... -19] [-d] [-j N] [--sealed] < INPUT > OUTPUT\n"
"\n"
"Compresses to zstd on all processors, or decompresses any zstd and demands\n"
"that it is whole: damaged or unfinished input is refused with status 3.\n"
"bk-zst(1) has more.\n"
"\n"
"    -1 ... -19        fast ... small (3)\n"
"    -d, --decompress  decompress\n"
"    -j, --jobs N      threads (BK_JOBS, or one a processor)\n"
"    --sealed          refuse input that has no opening mark\n"
"    --help            this text\n"
"    --version         the version\n"
"\n"
"Exit: 0 done, 1 could not read or write, 2 wrong call, 3 input refused.\n",
};

static const struct bk_codec codec = {
	.level_default = BK_ZST_LEVEL_DEFAULT,
	.level_max = BK_ZST_LEVEL_MAX,
	.compress = bk_zst_compress,
	.decompress = bk_zst_decompress,
};

int
main(int argc, char *argv[])
{
	return bk_filter_main(argc, argv, &tool, &codec);
}
