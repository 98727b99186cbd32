#ifndef BK_BASE_CRC32C_H
#define BK_BASE_CRC32C_H
/*
 * CRC-32C (Castagnoli, RFC 3720 B.4), the checksum of WAL records and the
 * default one of a backup_manifest: ISA-L's where that was built in, else the
 * processor's instruction, else a table.  zlib and libcrypto do not have this
 * polynomial.
 */
#include <stddef.h>
#include <stdint.h>

/* Update crc, initially 0, with n bytes. */
uint32_t bk_crc32c(uint32_t crc, const void *p, size_t n);

#endif
