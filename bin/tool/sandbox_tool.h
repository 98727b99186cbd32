#ifndef BK_BIN_TOOL_SANDBOX_TOOL_H
#define BK_BIN_TOOL_SANDBOX_TOOL_H
/*
 * What a tool gives up (sandbox/sandbox.h) once it has parsed its options and
 * read its keys: everything but standard input, output and error, the audit
 * line's recorder, BK_STATUS_FD, and what the first functions name.  For tools
 * that start nothing from then on: no command of the user's, no program of
 * PostgreSQL's.
 *
 *	narrow_read(o.receipts);
 *	narrow_write(o.prometheus);
 *	tool_narrow();
 */

/* It opens this file, or files in this directory, to read; NULL: nothing. */
void narrow_read(const char *path);

/* The same for a file in whose place another may be put, as of a log. */
void narrow_read_around(const char *path);

/* It makes or replaces this file, with others in its directory. */
void narrow_write(const char *path);

/* It makes, replaces or removes files in this directory. */
void narrow_write_in(const char *directory);

/*
 * It looks up names, and connects to servers of other hosts or by TCP, also by
 * TLS: not to PostgreSQL's socket, unless names take sockets of this host.
 */
void narrow_connect(void);

/*
 * Give up the rest.  Call after tool_run(), before the first byte of input, and
 * before any thread but that of signals.h.  BK_NO_SANDBOX: says so, and does
 * nothing.
 */
void tool_narrow(void);

#endif
