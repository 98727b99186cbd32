#ifndef BK_CRYPT_SIGNED_JSON_H
#define BK_CRYPT_SIGNED_JSON_H
/*
 * A JSON object whose last member is a signature (Ed25519, signature.h) of all
 * bytes before it:
 *
 *	{"bk":"receipt","version":1, ... ,"signature":"BASE64"}
 *
 * covers the text from "{" to the byte before ,"signature".
 */
#include "crypt/signature.h"

/*
 * Sign the object in *json, "{...}" and a newline.  0, or -1 with *e set and
 * *json as it was.
 */
int bk_signed_json_add(struct bk_buf *json, const struct bk_signer *s,
    struct bk_err *e);

/*
 * 1 if the n bytes at text, an object without space around it, end with a
 * signature by one of the keys in v; 0 if not; -1 with *e set.
 */
int bk_signed_json_check(const char *text, size_t n,
    const struct bk_verifiers *v, struct bk_err *e);

#endif
