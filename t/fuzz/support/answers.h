#ifndef BK_T_FUZZ_ANSWERS_H
#define BK_T_FUZZ_ANSWERS_H
/*
 * Bytes that come over a connection, without one: these functions stand in the
 * place of the ones that fetch them (the linker's --wrap), as long as there is
 * an answer.
 */
#include <stddef.h>
#include <stdint.h>

/* Every request is answered with these; NULL: there is a network again. */
void answers_are(const uint8_t *p, size_t n);

#endif
