#ifndef BK_BASE_UTF8_H
#define BK_BASE_UTF8_H
/* Text in UTF-8, valid or not: its characters, and where to cut it. */
#include <stddef.h>

/* The length of the UTF-8 sequence at s (1 to 4), 0 if invalid. */
size_t bk_utf8_len(const char *s);

/* 1 if c is inside a sequence, not the first byte of one. */
int bk_utf8_inside(char c);

/* The largest length up to n at which s can be cut between sequences. */
size_t bk_utf8_cut(const char *s, size_t n);

/*
 * The length of a character at s that a terminal would not show but obey, or
 * that would hide or reorder its neighbours: a control character (U+009B is
 * equivalent to "\e["), one of no width, one that changes the direction of
 * writing, a byte that is not UTF-8.  0 if it is none of these.
 */
size_t bk_utf8_hidden(const char *s);

/*
 * Make the n bytes at s one line that is safe on a terminal: line ends and tabs
 * become blanks, each byte of what is hidden '?'.  s[n] must be readable.
 */
void bk_utf8_clean(char *s, size_t n);

#endif
