#!/usr/bin/env python3
"""tar.py OPENING CLOSING [MANIFEST]: a marked tar on standard output, as bk-base writes
it, but small: bk-formats(5)."""
import sys

opening, closing = sys.argv[1:3]
manifest = sys.argv[3:]


def header(name, kind, size):
    h = bytearray(512)
    for at, text in ((0, name), (100, "0000600"), (108, "0004000"),
                     (116, "0002000"), (124, "%011o" % size),
                     (136, "15132100000"), (257, "ustar"), (263, "00")):
        h[at:at + len(text)] = text.encode()
    h[156] = ord(kind)
    h[148:156] = b" " * 8
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def entry(name, kind, data):
    return header(name, kind, len(data)) + data + bytes(-len(data) % 512)


def pax(key, value):
    rest = len(key) + len(value) + 3
    n = rest + 1
    while rest + len(str(n)) != n:
        n += 1
    return f"{n} {key}={value}\n".encode()


out = entry("pax_global_header", "g", pax("comment", opening))
out += entry("backup_label", "0", b"START WAL LOCATION: 0/2000028\n")
out += entry("base/", "5", b"")
out += entry("PaxHeaders/x", "x", pax("path", "base/1/" + 120 * "x"))
out += entry("base/1/x", "0", bytes(600))
for text in manifest:
    out += entry("backup_manifest", "0", text.encode() + b"\n")
records = pax("comment", "end=0/2000100") + pax("comment", "badpages=base/1/1 7")
record = pax("comment", closing + "0000")
# behind the mark's digits: the newline, the padding, an entry, the end
behind = 1 + -(len(records) + len(record)) % 512 + 512 + 1024
records += pax("comment", closing + "%04x" % behind)
out += entry("PaxHeaders/end", "x", records)
out += header("pg_tblspc/", "5", 0) + bytes(1024)
sys.stdout.buffer.write(out)
