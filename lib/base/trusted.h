#ifndef BK_BASE_TRUSTED_H
#define BK_BASE_TRUSTED_H
/*
 * Files that decide what runs: could anybody but root and ourselves have
 * written one, or put another one in its place?
 *
 * Every directory on the way to the file, through every link, from the root on,
 * belongs to root or to us, and nobody else may write to it.  A directory where
 * everybody may make files, as /tmp (its sticky bit is set), may have
 * directories of ours in it, but neither the file nor a link.  Root's group may
 * write to a directory of root's (gid 0), if no list of rights (acl(5)) says
 * who else.  On a file system that is mounted read-only nobody writes, so only
 * the owners count: as Kubernetes mounts a Secret.
 */
#include "base/err.h"

/*
 * Open the file path to read it: a regular file of root's or ours, to which
 * nobody else may write.  The descriptor, or -1 with *e set: BK_DATA, the
 * directory or file that is not so; BK_FAIL, it is not there, or a link leads
 * to nothing.
 */
int bk_trusted_open(const char *path, struct bk_err *e);

/*
 * 1 if there is something of the name path; 0 if not, in directories that are
 * as above; -1 with *e set, also if a link leads to nothing.
 */
int bk_trusted_exists(const char *path, struct bk_err *e);

#endif
