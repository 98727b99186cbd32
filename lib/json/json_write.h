#ifndef BK_JSON_JSON_WRITE_H
#define BK_JSON_JSON_WRITE_H
/*
 * JSON text (RFC 8259), written into a buffer member by member; the caller
 * writes the brackets.  A member follows a comma unless the text ends in "{".
 * Keys are written as they are: they are literals.  Every function returns 0,
 * or -1 with *e set; what it was to add may then be there in part.
 */
#include <stdint.h>
#include <time.h>

#include "base/buf.h"

/*
 * Append s as a string, quotes included.  Bytes that are not UTF-8 become
 * U+FFFD, so the result is always valid JSON.  A failure leaves *b unchanged.
 */
int bk_json_string(struct bk_buf *b, const char *s, struct bk_err *e);

/* Append "key":, before a value that the caller writes. */
int bk_json_key(struct bk_buf *b, const char *key, struct bk_err *e);

/* Append "key":"value", or null for a value that is NULL or empty. */
int bk_json_member(struct bk_buf *b, const char *key, const char *value,
    struct bk_err *e);

/* Append "key":123. */
int bk_json_number(struct bk_buf *b, const char *key, uint64_t value,
    struct bk_err *e);

/* Append "key":1.234. */
int bk_json_seconds(struct bk_buf *b, const char *key, double seconds,
    struct bk_err *e);

/* Append "key":"2026-11-21T05:27:19Z", or null for 0. */
int bk_json_time(struct bk_buf *b, const char *key, time_t t,
    struct bk_err *e);

#endif
