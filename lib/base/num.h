#ifndef BK_BASE_NUM_H
#define BK_BASE_NUM_H
/*
 * Numbers, sizes and durations as people write them: one parser for options,
 * templates and plans.  label names the option or field in messages.  All fail
 * with BK_USAGE.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A plain decimal number between min and max. */
int bk_num_parse(const char *s, uint64_t min, uint64_t max, const char *label,
    uint64_t *out, struct bk_err *e);

/*
 * Bytes: 512, 64K, 1M, 2G, 5T, 1P, also 1MiB: powers of 1024; kB, MB, GB
 * and so on are powers of 1000.
 */
int bk_size_parse(const char *s, const char *label, uint64_t *bytes,
    struct bk_err *e);

/*
 * A share of 0 to max percent: 20%, or 20pc where a '%' cannot be (cron makes
 * it a newline).
 */
int bk_fraction_parse(const char *s, uint64_t max, const char *label,
    uint64_t *percent, struct bk_err *e);

/*
 * Seconds: 90, 90s, 15m, 25h, 30d, 8w, 1y (365 days), also 1h30m.
 */
int bk_duration_parse(const char *s, const char *label, uint64_t *seconds,
    struct bk_err *e);

/* "1.8GiB", "512B"; "3h12m", "2d", "0s": at most two units, for people. */
#define BK_NUM_TEXT 32
void bk_size_format(uint64_t bytes, char out[BK_NUM_TEXT]);
void bk_duration_format(uint64_t seconds, char out[BK_NUM_TEXT]);

/* The same in as many units as it takes: "1d1h2s". */
void bk_duration_exact(uint64_t seconds, char out[BK_NUM_TEXT]);

/*
 * A position in the WAL as PostgreSQL writes it, "16/B374D848".  parse: 1, or 0
 * if s is anything else.
 */
#define BK_LSN_TEXT 18
int bk_lsn_parse(const char *s, uint64_t *lsn);
void bk_lsn_format(uint64_t lsn, char out[BK_LSN_TEXT]);

#endif
