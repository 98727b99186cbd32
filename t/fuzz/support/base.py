#!/usr/bin/env python3
"""base.py MAJOR: what a server of that version answers to BASE_BACKUP, as
support/answers.h has it: one tablespace besides the data directory."""
import io
import struct
import sys
import tarfile

major = int(sys.argv[1])


def answer(kind, data=b""):
    return kind.encode() + struct.pack(">H", len(data)) + data


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.type = tarfile.REGTYPE if data else tarfile.DIRTYPE
            t.addfile(info, io.BytesIO(data))
    n = len(out.getvalue().rstrip(b"\0"))
    data = out.getvalue()[:(n + 511) // 512 * 512]
    # 13 and 14 leave out the end
    return data + (bytes(1024) if major >= 15 else b"")


spaces = archive([("PG_15_1/1/2", b"row")])
main = archive([("backup_label", b"START WAL LOCATION: 0/2000028\n"),
                ("base", b""), ("base/1", 600 * b"x")])
manifest = b"{ }\n"
new = major >= 15
out = bytes([major]) + answer("R", b"0/2000028 1")
out += answer("R", b"16400 /srv/space 12\n  900")
if new:
    out += answer("C")
for name, data in ((b"16400.tar", spaces), (b"base.tar", main), (None, manifest)):
    if new:
        if name:
            out += answer("d", b"n" + name + b"\0/srv/space\0")
        else:
            out += answer("d", b"m")
    else:
        out += answer("C")
    for at in range(0, len(data), 1000):
        out += answer("d", (b"d" if new else b"") + data[at:at + 1000])
    if new:
        out += answer("d", b"p" + bytes(8))
    else:
        out += answer("c")
if new:
    out += answer("c")
out += answer("R", b"0/2000100 1") + answer("K")
sys.stdout.buffer.write(out)
