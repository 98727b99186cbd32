#!/usr/bin/env python3
"""pgforge.py HOST PORT TEXT FIELD VALUE

A TCP proxy before a PostgreSQL server that lies about its files: prints its
port, passes everything on, and changes what the server sends where it sends
TEXT for the first time.  FIELD is

raw     VALUE stands in its place, which is as long
data    one bit, VALUE bytes behind the header of the file TEXT in a tar, is
        flipped
name, link, type, size
        that field of the header of the file TEXT in a tar
        (TEXT is a regular expression for these, of the whole name)
"""
import re
import sys

from relay import relay

host, port, text, field, value = sys.argv[1:]
text, value = text.encode(), value.encode()
pattern = re.compile(re.escape(text) if field == 'raw' else text + b'\0')
fields = {'name': (0, 100), 'size': (124, 12), 'type': (156, 1), 'link': (157, 100)}
done = False


def is_cut(data):
    """TEXT, or what is to be changed behind it, goes on in the next piece."""
    found = pattern.search(data)
    if found:
        return field != 'raw' and len(data) < found.start() + 1024
    plain = text.split(b'[')[0]
    return any(data.endswith(plain[:n]) for n in range(1, len(plain) + 1))


def forge(data):
    found = pattern.search(data)
    if not found:
        return data
    at = found.start()
    new = bytearray(data)
    if field == 'raw':
        assert len(text) == len(value)
        new[at:at + len(text)] = value
    elif field == 'data':
        new[at + 512 + int(value)] ^= 1
    else:
        off, size = fields[field]
        new[at + off:at + off + size] = value.ljust(size, b'\0')
        new[at + 148:at + 156] = b' ' * 8
        new[at + 148:at + 156] = b'%06o\0 ' % sum(new[at:at + 512])
    globals()['done'] = True
    return bytes(new)


def copy(src, dst, from_client):
    while data := src.recv(65536):
        while not from_client and not done and is_cut(data):
            more = src.recv(65536)
            if not more:
                break
            data += more
        dst.sendall(data if from_client or done else forge(data))


relay(host, port, copy)
