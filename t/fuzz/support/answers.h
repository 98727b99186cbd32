#ifndef BK_T_FUZZ_ANSWERS_H
#define BK_T_FUZZ_ANSWERS_H
/*
 * Bytes that come over a connection, without one: functions of the same names
 * stand in the place of those that fetch them (the linker's --wrap), as long as
 * there is an answer.
 *
 * Of HTTP, each request is answered with all bytes.
 *
 * Of PostgreSQL, the bytes are a server's version divided by 10000, and
 * answers: a kind, a length of 2 bytes (big-endian), the bytes of that.
 *
 *	R	rows: a line each, blanks between the columns, empty: null
 *	C	the begin of a COPY
 *	d	a message in it
 *	c	its end
 *	K	"done"
 *	B	the begin of a COPY in both directions
 *	E	an error
 *
 * A stream of WAL has no version and no kinds.
 */
#include <stddef.h>
#include <stdint.h>

void answers_are(const uint8_t *p, size_t n);	/* NULL: there is a network */
size_t answers_left(void);	/* bytes */

#endif
