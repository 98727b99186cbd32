#!/usr/bin/env python3
"""archive-edit.py TABLE WHAT < ARCHIVE > ARCHIVE

Change one table's rows in an archive of pg_dump -Fc -Z0 or bk-dump and leave
everything else, records and manifest too, as it is.  WHAT: byte (the last of
the first row), drop (the second row), repeat (it), swap (the first two columns
of every row), cut (all from the second row on, the end mark too), none.
"""
import sys

data = sys.stdin.buffer.read()
at = 0


def take(n):
    global at
    piece = data[at:at + n]
    if len(piece) < n:
        raise SystemExit('archive-edit: the archive ends early')
    at += n
    return piece


def integer():
    b = take(5)
    v = int.from_bytes(b[1:], 'little')
    return -v if b[0] else v


def string():
    n = integer()
    return None if n < 0 else take(n)


def put(v):
    return bytes([v < 0]) + abs(v).to_bytes(4, 'little')


def toc():
    """Skip header and TOC; returns ids of TABLE DATA by table."""
    ids = {}
    assert take(5) == b'PGDMP'
    minor = take(6)[1]
    take(1) if minor >= 15 else integer()
    for _ in range(7):
        integer()
    for _ in range(3):
        string()
    for _ in range(integer()):
        number = integer()
        integer()
        string()
        string()
        tag, desc = string(), string()
        integer()
        for _ in range(6):
            string()
        if minor >= 16:
            integer()
        string()
        string()
        while string() is not None:
            pass
        take(9)
        if desc == b'TABLE DATA':
            ids[tag.decode()] = number
    return ids


def chunks():
    text = b''
    while (n := integer()) != 0:
        text += take(n)
    return text


def edit(text, what):
    rows = text.split(b'\n')
    if what == 'byte':
        last = rows[0][-1:]
        rows[0] = rows[0][:-1] + (b'8' if last != b'8' else b'9')
    elif what == 'drop':
        del rows[1]
    elif what == 'repeat':
        rows.insert(1, rows[1])
    elif what == 'swap':
        for i, row in enumerate(rows):
            if row in (b'\\.', b''):
                break
            c = row.split(b'\t')
            c[0], c[1] = c[1], c[0]
            rows[i] = b'\t'.join(c)
    elif what == 'cut':
        return rows[0]
    return b'\n'.join(rows)


table, what = sys.argv[1:]
number = toc()[table]
out = [data[:at]]
while at < len(data):
    start = at
    kind = take(1)[0]
    if kind not in (1, 3):      # pg_dump 17 to a file: the TOC once more
        out.append(data[start:])
        break
    block = integer()
    if kind == 3:
        while integer() != 0:
            chunks()
    else:
        text = chunks()
        if block == number:
            text = edit(text, what)
            out.append(b'\1' + put(block) + put(len(text)) + text + put(0))
            continue
    out.append(data[start:at])
sys.stdout.buffer.write(b''.join(out))
