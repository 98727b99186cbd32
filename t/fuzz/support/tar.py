#!/usr/bin/env python3
"""tar.py OPENING CLOSING: a base backup in a marked tar, as bk-base writes it,
on standard output; but small, and without WAL: bk-formats(5)."""
import hashlib
import json
import sys

opening, closing = sys.argv[1:3]
files = []


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


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return (crc ^ 0xffffffff).to_bytes(4, "little").hex()


def file(name, data):
    files.append({"Path": name, "Size": len(data),
                  "Last-Modified": "2026-11-21 05:27:19 GMT",
                  "Checksum-Algorithm": "CRC32C",
                  "Checksum": crc32c(data)})
    if len(name) < 100:
        return entry(name, "0", data)
    return (entry("PaxHeaders/x", "x", pax("path", name)) +
            entry(name[:99], "0", data))


def pax(key, value):
    rest = len(key) + len(value) + 3
    n = rest + 1
    while rest + len(str(n)) != n:
        n += 1
    return f"{n} {key}={value}\n".encode()


def manifest():
    lines = ",\n".join(json.dumps(f) for f in files)
    text = ('{ "PostgreSQL-Backup-Manifest-Version": 2,\n'
            '"System-Identifier": 7001,\n"Files": [\n' + lines + '\n],\n'
            '"WAL-Ranges": [\n{ "Timeline": 1, "Start-LSN": "0/2000028", '
            '"End-LSN": "0/2000100" }\n],\n').replace('{"', '{ "').replace(
                '"}', '" }').encode()
    return text + b'"Manifest-Checksum": "%s"}\n' % hashlib.sha256(
        text).hexdigest().encode()


out = entry("pax_global_header", "g", pax("comment", opening))
out += file("backup_label", b"""\
START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
CHECKPOINT LOCATION: 0/2000060
BACKUP METHOD: streamed
BACKUP FROM: primary
START TIME: 2026-11-21 05:27:19 UTC
LABEL: bk-base
START TIMELINE: 1
""")
out += file("PG_VERSION", b"15\n")
out += entry("base/", "5", b"")
out += file("base/1/" + 120 * "x", bytes(600))
out += entry("pg_wal/", "5", b"")
out += file("global/pg_control", (7001).to_bytes(8, "little") + bytes(504))
out += entry("backup_manifest", "0", manifest())
records = pax("comment", "end=0/2000100")
record = pax("comment", closing + "0000")
# behind the mark's digits: the newline, the padding, an entry, the end
behind = 1 + -(len(records) + len(record)) % 512 + 512 + 1024
records += pax("comment", closing + "%04x" % behind)
out += entry("PaxHeaders/end", "x", records)
out += header("pg_tblspc/", "5", 0) + bytes(1024)
sys.stdout.buffer.write(out)
