"""A proxy before a PostgreSQL server that knows where its messages end.

Counts them over all connections, in each direction, and cuts the connection of
the one that it was told to: before it, behind its first half, or behind it.
"""
import socket
import struct
import threading

RST = struct.pack('ii', 1, 0)


class Gone(Exception):
    pass


class Cut:
    """direction: 'up' is to the server; k: a number, or texts with commas
    between, which messages up hold one after the other; when: before, half,
    after, or stall: nothing more passes that way, and nothing is closed."""

    def __init__(self, direction='', k=0, when='', rst=False):
        self.direction, self.k, self.when, self.rst = direction, k, when, rst
        self.texts = []

    def is_at(self, direction, k, data):
        if not isinstance(self.k, str):
            return (direction, k) == (self.direction, self.k)
        if direction != 'up' or k == 1 or self.texts is None:
            return False
        self.texts = self.texts or [t.encode() for t in self.k.split(',')]
        if self.texts[0] in data:
            self.texts = self.texts[1:] or None
        return self.texts is None


class Proxy:
    """url parts host and port; seen: messages by direction; ports: ours, as the
    server sees them; done: the cut has been made."""

    def __init__(self, server, cut):
        self.server, self.cut = server, cut
        self.seen = {'up': 0, 'down': 0}
        self.ports, self.done = [], threading.Event()
        self.closed = threading.Event()
        self.lock = threading.Lock()
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            try:
                server = socket.create_connection(self.server)
            except OSError:
                client.close()
                continue
            self.ports.append(server.getsockname()[1])
            for s in client, server:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = client, server
            for args in (client, server, 'up', pair), (server, client,
                                                       'down', pair):
                threading.Thread(target=self.copy, args=args,
                                 daemon=True).start()

    def end(self, pair):
        for s in pair:
            try:
                if self.cut.rst and self.done.is_set():
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
                else:
                    s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            # the other thread may be reading: close() alone would wait for it
            try:
                s.shutdown(socket.SHUT_RD)
            except OSError:
                pass
            s.close()

    def copy(self, src, dst, direction, pair):
        file = src.makefile('rb')
        first = direction == 'up'
        try:
            while True:
                head = file.read(4 if first else 5)
                if len(head) < (4 if first else 5):
                    raise Gone
                length = struct.unpack('!I', head[-4:])[0] - 4
                data = head + file.read(length)
                if len(data) < len(head) + length:
                    raise Gone
                first = False
                self.hand(data, dst, direction)
        except (Gone, OSError, ValueError):
            pass
        self.end(pair)

    def hand(self, data, dst, direction):
        with self.lock:
            self.seen[direction] += 1
            now = self.cut.is_at(direction, self.seen[direction], data)
        if not now:
            dst.sendall(data)
            return
        if self.cut.when == 'half':
            dst.sendall(data[:len(data) // 2])
        elif self.cut.when == 'after':
            dst.sendall(data)
        self.done.set()
        if self.cut.when == 'stall':
            self.closed.wait()
        raise Gone

    def close(self):
        self.closed.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
