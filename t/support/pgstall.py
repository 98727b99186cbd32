#!/usr/bin/env python3
"""pgstall.py HOST PORT TEXT stall|cut

A TCP proxy before a PostgreSQL server: prints its port, passes everything on,
and from the first message of a client that holds TEXT on passes nothing
(stall), or closes both connections (cut).
"""
import socket
import sys
import threading

host, port, text, how = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode(), sys.argv[4]


def copy(src, dst, watch):
    try:
        while data := src.recv(65536):
            if watch and text in data:
                if how == 'stall':
                    return          # and nothing is closed
                break
            dst.sendall(data)
    except OSError:
        pass
    for s in src, dst:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


listener = socket.create_server(('127.0.0.1', 0))
print(listener.getsockname()[1], flush=True)
kept = []
while True:
    client, _ = listener.accept()
    server = socket.create_connection((host, port))
    kept += [client, server]
    for args in (client, server, True), (server, client, False):
        threading.Thread(target=copy, args=args, daemon=True).start()
