#ifndef BK_S3_XML_H
#define BK_S3_XML_H
/*
 * S3's responses: small XML documents, read as a sequence of completed
 * elements, attributes ignored.  A document type declaration is refused (so
 * there are no entities to expand), as are more than 16 levels.
 */
#include <stddef.h>

#include "base/err.h"

/*
 * Called at each element's end: path is the names from the root down, without
 * namespaces, "ListBucketResult/Contents/Key"; text is the character data
 * directly in it.  Returns 0, or -1 with *e set to stop.
 */
typedef int bk_s3_xml_fn(void *ctx, const char *path, const char *text,
    struct bk_err *e);

/* Parse the n bytes at doc.  0; -1 with *e set: by fn, or malformed XML. */
int bk_s3_xml_parse(const char *doc, size_t n, bk_s3_xml_fn *fn, void *ctx,
    struct bk_err *e);

/* Append s as an element's text: & < > and control bytes as entities. */
struct bk_buf;
int bk_s3_xml_escape(struct bk_buf *b, const char *s, struct bk_err *e);

#endif
