#ifndef BK_BASE_UTF8_H
#define BK_BASE_UTF8_H
/* Text in UTF-8, or what claims to be: its characters, and where to cut it. */
#include <stddef.h>

/* The length of the UTF-8 sequence at s (1 to 4), 0 if there is none. */
size_t bk_utf8_len(const char *s);

/* 1 if c is inside a sequence, not the first byte of one. */
int bk_utf8_inside(char c);

/* n, or as many bytes less as it takes to cut s there between sequences. */
size_t bk_utf8_cut(const char *s, size_t n);

/*
 * The length of the control character at s, 0 if it is another: 1 for the
 * controls of ASCII, 2 for U+0080 to U+009F, of which U+009B is "\e[" in one.
 */
size_t bk_utf8_control(const char *s);

/*
 * Make the n bytes at s harmless on a terminal and one line: a line's end or a
 * tab becomes a blank, the other control characters '?'.  s[n] can be read.
 */
void bk_utf8_clean(char *s, size_t n);

#endif
