"""relay.py: a TCP proxy before HOST PORT, for a program that alters what passes.

relay(host, port, copy) prints its port and never returns.  copy(src, dst,
from_client) passes on what one side sends until it ends; then both connections
are closed, unless it returned True.
"""
import socket
import threading


def one_way(copy, src, dst, from_client):
    try:
        if copy(src, dst, from_client):
            return
    except OSError:
        pass
    for s in src, dst:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def relay(host, port, copy):
    listener = socket.create_server(('127.0.0.1', 0))
    print(listener.getsockname()[1], flush=True)
    kept = []       # a connection that nobody holds is closed
    while True:
        client, _ = listener.accept()
        server = socket.create_connection((host, port))
        kept += [client, server]
        for args in (client, server, True), (server, client, False):
            threading.Thread(target=one_way, args=(copy, *args),
                             daemon=True).start()
