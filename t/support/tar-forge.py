#!/usr/bin/env python3
"""tar-forge.py TAR WHAT NAME [MORE] > FORGED

Change one entry of a tar and leave everything else, its marks too, as it is.
WHAT: flip (a bit in the middle of NAME), drop (NAME), replace (its bytes by
zeros, of the same number), add (NAME, an entry of type MORE: 0 an empty file, 1
a hard link, 3 a device, 5 a directory, 6 a FIFO; or a file of one byte: 0x).
"""
import sys
import tarfile

tar, what, name = sys.argv[1:4]
more = sys.argv[4] if len(sys.argv) > 4 else '0'
data = bytearray(open(tar, 'rb').read())
with tarfile.open(tar) as t:
    members = t.getmembers()
at = [m.name for m in members]


def bounds(m):
    return m.offset, m.offset_data + -(-m.size // 512) * 512


if what == 'add':
    entry = tarfile.TarInfo(name)
    entry.type = more[:1].encode()
    entry.linkname = 'PG_VERSION' if more == '1' else ''
    entry.size = len(more) - 1
    block = entry.tobuf(tarfile.USTAR_FORMAT) + \
        more[1:].encode().ljust(512 * entry.size, b'\0')
    where = bounds(members[at.index('PG_VERSION')])[1]
    data[where:where] = block
else:
    m = members[at.index(name)]
    begin, end = bounds(m)
    if what == 'drop':
        del data[begin:end]
    elif what == 'flip':
        data[m.offset_data + m.size // 2] ^= 1
    else:
        data[m.offset_data:m.offset_data + m.size] = bytes(m.size)
sys.stdout.buffer.write(data)
