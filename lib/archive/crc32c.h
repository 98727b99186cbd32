#ifndef BK_ARCHIVE_CRC32C_H
#define BK_ARCHIVE_CRC32C_H
/*
 * CRC-32C (Castagnoli, RFC 3720 B.4), the default checksum of a
 * backup_manifest.  Neither zlib, ISA-L nor libcrypto has it: they know the
 * other polynomial.
 */
#include <stddef.h>
#include <stdint.h>

/* Count n bytes in; begin with 0. */
uint32_t bk_crc32c(uint32_t crc, const void *p, size_t n);

#endif
