#ifndef BK_BASE_REDACT_H
#define BK_BASE_REDACT_H
/*
 * Replace the secrets in a text that will be shown.  They are recognised by the
 * name before them, in any case and percent-encoded any number of times:
 *
 *	Authorization: ...  X-Amz-Security-Token: ...	headers, whole line
 *	?X-Amz-Signature=...&X-Amz-Credential=...	parameters
 *	password=...  password='a\'b'  PGPASSWORD=...	settings, variables
 *	--password=... --password ...			options
 *	PASSWORD 'a''b'  PASSWORD $x$...$x$		SQL
 *	"SecretAccessKey": "..."  <Token>...</Token>	JSON, XML
 *	postgresql://user:...@host			URIs
 *	https://host/...		paths, secret in a webhook's URL
 *	AGE-SECRET-KEY-1...
 *
 * If in doubt, too much is hidden.  A secret without a name before it is not
 * recognised: the b of "-p b".
 */
#include <stddef.h>

#define BK_REDACTED "[redacted]"

/* Copy text, redacted, to out of cap > 0 bytes, truncated if necessary. */
void bk_redact(const char *text, char *out, size_t cap);

/* 1 if word is an option whose argument, the next word, is a secret. */
int bk_redact_is_option(const char *word);

/*
 * As bk_redact(), for one word of a command line, whose value may contain
 * blanks: if the word begins with a secret's name, all of the value is hidden.
 */
void bk_redact_word(const char *word, char *out, size_t cap);

#endif
