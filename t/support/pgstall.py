#!/usr/bin/env python3
"""pgstall.py HOST PORT TEXT stall|cut

A TCP proxy before a PostgreSQL server: prints its port, passes everything on,
and from the first message of a client that holds TEXT on passes nothing
(stall), or closes both connections (cut).
"""
import sys

from relay import relay

host, port, text, how = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode(), sys.argv[4]


def copy(src, dst, from_client):
    while data := src.recv(65536):
        if from_client and text in data:
            return how == 'stall'       # and nothing is closed
        dst.sendall(data)


relay(host, port, copy)
