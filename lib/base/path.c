#include "base/path.h"

#include <string.h>

size_t
bk_path_name(const char *path)
{
	size_t n = strcspn(path, "/");

	return n <= 2 && strncmp(path, "..", n) == 0 ? 0 : n;
}
