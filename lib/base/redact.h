#ifndef BK_BASE_REDACT_H
#define BK_BASE_REDACT_H
/*
 * Text that is to be shown, without the secrets in it.  They are found by
 * what stands before them, in any case and however often percent-encoded:
 *
 *	Authorization: ...  X-Amz-Security-Token: ...	headers, to the end
 *	?X-Amz-Signature=...&X-Amz-Credential=...	parameters
 *	password=...  password='a\'b'  PGPASSWORD=...	settings, variables
 *	--password=... --password ...			options
 *	PASSWORD 'a''b'  PASSWORD $x$...$x$		SQL
 *	"SecretAccessKey": "..."  <Token>...</Token>	JSON, XML
 *	postgresql://user:...@host			URIs
 *	https://host/...		what a URL is a secret for, a webhook's
 *	AGE-SECRET-KEY-1...
 *
 * In doubt more is hidden than has to be.  What no name announces is no
 * secret to it: the b of "-p b".
 */
#include <stddef.h>

#define BK_REDACTED "[redacted]"

/* Copy text into out, which takes cap > 0 bytes, cut if it has to be. */
void bk_redact(const char *text, char *out, size_t cap);

/* 1 if a word of a command line is an option whose argument is a secret. */
int bk_redact_is_option(const char *word);

/*
 * The same for a word of a command line, whose blanks may be a value's: it
 * ends with the word where that begins with the secret's name.
 */
void bk_redact_word(const char *word, char *out, size_t cap);

#endif
