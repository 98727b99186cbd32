#ifndef BK_BASE_PATH_H
#define BK_BASE_PATH_H
/*
 * Paths that are not trusted.
 */
#include <stddef.h>

/*
 * The length of the name with which path begins, up to a '/' or its end; 0 if
 * that is "", "." or "..", which no path below a directory has.
 */
size_t bk_path_name(const char *path);

#endif
