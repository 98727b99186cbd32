#ifndef BK_BIN_DEBUG_LINE_H
#define BK_BIN_DEBUG_LINE_H
/*
 * BK_DEBUG: where lib's debug lines (base/debug.h) go.  With it set to some
 * topics they are written to stderr, "bk-dump: debug: sql: ...", each by one
 * write(2), until the tool named tool (borrowed) ends.  Other words in it are
 * a wrong call.
 */
void debug_line_start(const char *tool);

#endif
