#ifndef BK_JSON_JSON_PARSE_H
#define BK_JSON_JSON_PARSE_H
/*
 * JSON text (RFC 8259) by jansson, with a lack of memory reported as such.
 * jansson by itself may call the text damaged then, or return a value that
 * lacks a character.  It may also crash, which cannot be prevented.
 */
#include <stddef.h>

#include <jansson.h>

#include "base/err.h"

/*
 * json_loadb(): the value, which the caller frees by json_decref().  NULL: with
 * *e set to "out of memory", or with *e as it was and *why, if not NULL, says
 * what is wrong with the text.  As the first failure is kept, the caller may
 * call bk_fail() for the second case in both.
 */
json_t *bk_json_parse(const char *s, size_t n, size_t flags,
    json_error_t *why, struct bk_err *e);

#endif
