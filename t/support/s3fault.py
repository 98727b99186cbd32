#!/usr/bin/env python3
"""A proxy that breaks S3 requests on purpose.

usage: s3fault.py [--cert FILE --key FILE] UPSTREAM RULE...

Listens on a free port of 127.0.0.1, prints "listening PORT", and passes
HTTP/1.1 on to UPSTREAM (HOST:PORT, plain) unchanged, so that signatures stay
valid; with --cert speaks TLS to the client.  Answers 100-continue itself.
Each fault done is a line on stdout.

RULE is 'METHOD REGEX WHICH ACTION': METHOD may be *; REGEX is searched in the
request target; WHICH is all, N, N-M (counted from 1) or pF (a probability).  A
request goes to the first rule that applies, and is not counted by those
behind it.  Actions, S in seconds, N in bytes of the
request's body (of the answer's, in the last group); the first group stands
in for providers:

  dislikes:HEADER:CODE:NAME  applies to requests that have HEADER: this error
  wants:HEADER:CODE:NAME     to requests without it: this error
  uniform            400 to a Complete of parts (but the last) of several sizes

  status:CODE:NAME   read the body, answer this XML error, forward nothing
  page:CODE          read the body, answer a page of HTML, as proxies do
  empty:CODE         read the body, answer CODE and nothing more
  moved:REGION       301, the bucket is in REGION
  early:CODE:NAME    the XML error before the body is read, then close
  redirect:URL       307 to URL
  file:CODE:FILE     read the body, answer CODE and what is in FILE
  reset:N, fin:N     take N bytes, then RST or FIN; forward nothing
  stall:S[:N]        take N bytes, be silent for S, then RST
  deaf               take the request, be silent until the client has gone
  refuse:N           RST, and so to the next N connections
  rate:B             take the body at B bytes a second
  corrupt:N          flip a bit of byte N on the way up

  err200:NAME        forward; answer 200 with an <Error> in the body
  lost:rst, lost:fin forward, wait for the answer, drop it: it DID happen
  twice              forward it twice; the second answer counts
  hollow             forward; the answer's status, and no body
  mute               forward; be silent until the client has gone
  cuthead            forward; half of the answer's head, then FIN
  unframed           forward; half of the body, of which no length is told
  slowresp:S         forward; hold the answer for S
  trickle:B          forward; answer B bytes a second of a body, for ever
  hold:FILE          forward; hold the answer until FILE is there
  late:FILE          take the request, reset; forward it when FILE is there
  oddetag[:N]        turn the ETag around, as if the server made others; the
                     request goes on without its signature;
                     N is as in corruptresp
  badetag            alter the answer's ETag
  hide:NAME          take the header NAME out of the answer
  code:CODE          alter the answer's status
  set:NAME:VALUE     give the answer this header instead of its own

N may be "half" in these; a chunked body is one with its framing

  trunc:N            the answer's head and N bytes, then FIN
  resetresp:N        the same, then RST
  stallresp:S:N      the same, silence for S, then RST
  corruptresp:N      flip a bit of byte N on the way down
"""
import argparse
import os
import random
import re
import socket
import ssl
import struct
import threading
import time


class Gone(Exception):
    """The connection is to be dropped."""


class Rule:
    lock = threading.Lock()

    def __init__(self, text):
        self.method, regex, self.which, action = text.split(None, 3)
        self.regex = re.compile(regex)
        self.name, *self.args = action.split(
            ':', {'redirect': 1, 'set': 2}.get(action.partition(':')[0], -1))
        self.seen = self.refused = 0

    def applies(self, method, target, head):
        if self.method not in ('*', method) or not self.regex.search(target):
            return False
        if self.name in ('dislikes', 'wants'):
            has = b'\r\n%s:' % self.args[0].lower().encode() in head.lower()
            if has != (self.name == 'dislikes'):
                return False
        if self.name == 'uniform' and len(set(sizes_of(target))) < 2:
            return False
        with Rule.lock:
            self.seen += 1
            n = self.seen
        if self.which == 'all':
            return True
        if self.which[0] == 'p':
            return random.random() < float(self.which[1:])
        low, _, high = self.which.partition('-')
        return int(low) <= n <= int(high or low)

    def number(self, i, default=0, whole=0):
        if not -len(self.args) <= i < len(self.args):
            return default
        return whole // 2 if self.args[i] == 'half' else float(self.args[i])

    def refuses(self):
        """The connection that comes now."""
        with Rule.lock:
            self.refused -= self.refused > 0
            return self.refused > 0

    def tell(self, method, target):
        print(f'{self.name} #{self.seen}: {method} {target}', flush=True)


parts = {}      # upload id -> part number -> bytes


def note_part(target, length):
    m = re.search(r'partNumber=(\d+)&uploadId=([^&]*)', target)
    if m:
        parts.setdefault(m[2], {})[int(m[1])] = length


def sizes_of(target):
    """Of the upload's parts, but for the last."""
    sent = parts.get(target.partition('uploadId=')[2].partition('&')[0], {})
    return [sent[n] for n in sorted(sent)[:-1]]


NOTHING = Rule('* . all pass')


def pick(rules, method, target, head):
    for rule in rules:
        if rule.applies(method, target, head):
            rule.tell(method, target)
            return rule
    return NOTHING


class Peer:
    """A socket and what was read from it too early."""

    def __init__(self, sock):
        self.sock, self.ahead = sock, b''
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, n=262144):
        data = self.ahead[:n] or self.sock.recv(min(n, 262144))
        self.ahead = self.ahead[n:]
        if not data:
            raise Gone
        return data

    def head(self):
        data = b''
        while b'\r\n\r\n' not in data:
            data += self.read()
        head, _, self.ahead = data.partition(b'\r\n\r\n')
        return head + b'\r\n\r\n'

    def send(self, data):
        self.sock.sendall(data)

    def until_gone(self):
        self.sock.settimeout(30)
        while True:
            self.read()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack('ii', 1, 0))
        self.sock.close()
        raise Gone

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass


def header(head, name):
    m = re.search(rb'(?im)^' + name + rb': *([^\r]*)', head)
    return m.group(1) if m else b''


def until(path):
    while not os.path.exists(path):
        time.sleep(0.02)


def answer(code, name, extra='', message='injected', method=''):
    body = ('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code>'
            '<Message>%s</Message></Error>' % (name, message))
    return ('HTTP/1.1 %s %s\r\nContent-Type: application/xml\r\n%s'
            'Content-Length: %d\r\n\r\n%s'
            % (code, name, extra, len(body),
               body if method != 'HEAD' else '')).encode()


def move(src, dst, n, flip=None, rate=0):
    """Move n bytes of a body; dst None drops them."""
    done = 0
    while done < n:
        data = bytearray(src.read(n - done))
        if flip is not None and done <= flip < done + len(data):
            data[int(flip) - done] ^= 1
        if dst:
            dst.send(data)
        if rate:
            time.sleep(len(data) / rate)
        done += len(data)


def refuse(client, rule, length, expects, method):
    """The actions that forward nothing."""
    name = rule.name
    if name == 'early':
        client.send(answer(*rule.args, 'Connection: close\r\n',
                           method=method))
        # a close with unread bytes would be a reset, and overtake the answer
        client.sock.shutdown(socket.SHUT_WR)
        client.sock.settimeout(2)
        move(client, None, length)
        raise Gone
    if expects:
        client.send(b'HTTP/1.1 100 Continue\r\n\r\n')
    if name == 'status':
        move(client, None, length)
        client.send(answer(*rule.args, method=method))
    elif name == 'file':
        move(client, None, length)
        with open(rule.args[1], 'rb') as file:
            body = file.read()
        client.send(b'HTTP/1.1 %s injected\r\nContent-Length: %d\r\n\r\n'
                    % (rule.args[0].encode(), len(body)) + body)
    elif name == 'empty':
        move(client, None, length)
        client.send(b'HTTP/1.1 %s injected\r\nContent-Length: 0\r\n\r\n'
                    % rule.args[0].encode())
    elif name == 'moved':
        move(client, None, length)
        client.send(answer(301, 'PermanentRedirect', 'x-amz-bucket-region: '
                           '%s\r\n' % rule.args[0], method=method))
    elif name == 'deaf':
        move(client, None, length)
        client.until_gone()
    elif name == 'page':
        move(client, None, length)
        body = '<html><body><p>injected</p></body></html>'
        client.send(('HTTP/1.1 %s injected\r\nContent-Type: text/html\r\n'
                     'Content-Length: %d\r\n\r\n%s'
                     % (rule.args[0], len(body),
                        body if method != 'HEAD' else '')).encode())
    elif name in ('dislikes', 'wants', 'uniform'):
        move(client, None, length)
        header_name, code, code_name = rule.args or ('', 400, 'InvalidPart')
        client.send(answer(code, code_name, message={
            'dislikes': "Unsupported header '%s'" % header_name,
            'wants': '%s HTTP header is required' % header_name,
            'uniform': 'All non-trailing parts must have the same length.',
        }[name]))
    elif name == 'redirect':
        move(client, None, length)
        client.send(answer(307, 'TemporaryRedirect',
                           'Location: %s\r\n' % rule.args[0],
                           method=method))
    else:
        if name == 'refuse':
            rule.refused = int(rule.number(0, 1)) + 1
            client.reset()
        taken = rule.number(1 if name == 'stall' else 0)
        move(client, None, min(int(taken), length))
        if name == 'stall':
            time.sleep(rule.number(0))
        if name == 'fin':
            raise Gone
        client.reset()


def pass_chunked(server, client, flip):
    """A chunked body, its framing included; flip counts in the first chunk."""
    while True:
        line = b''
        while not line.endswith(b'\r\n'):
            line += server.read(1)
        client.send(line)
        size = int(line.split(b';')[0], 16)
        move(server, client, size + 2, flip)
        flip = None
        if size == 0:
            return


def whole(server, head):
    """The body behind head, its framing included."""
    class Taken:
        def __init__(self):
            self.data = b''

        def send(self, data):
            self.data += data

    taken = Taken()
    if b'chunked' in header(head, b'transfer-encoding').lower():
        pass_chunked(server, taken, None)
    else:
        move(server, taken, int(header(head, b'content-length') or 0))
    return taken.data


def unchunked(data):
    body = b''
    while data:
        size, _, data = data.partition(b'\r\n')
        size = int(size.split(b';')[0], 16)
        body, data = body + data[:size], data[size + 2:]
    return body


def cut_short(client, server, rule, head, none):
    """The actions that end in the middle of an answer."""
    body = b'' if none else whole(server, head)
    if rule.name == 'cuthead':
        client.send(head[:len(head) // 2])
        raise Gone
    if rule.name == 'unframed':
        chunked = b'chunked' in header(head, b'transfer-encoding').lower()
        head = re.sub(rb'(?im)^(content-length|transfer-encoding):.*\r\n',
                      b'', head)
        body = unchunked(body) if chunked else body
        client.send(head[:-2] + b'Connection: close\r\n\r\n')
        client.send(body[:len(body) // 2])
        raise Gone
    client.send(head)
    client.send(body[:int(rule.number(-1, whole=len(body)))])
    if rule.name == 'trunc':
        raise Gone
    # the bytes are to arrive before the reset overtakes them
    time.sleep(rule.number(0) if rule.name == 'stallresp' else 0.05)
    client.reset()


def turned(name, head):
    return re.sub(rb'(?i)(\r\n' + name + rb': *"?)([0-9a-f]{32})',
                  lambda m: m.group(1) + m.group(2)[::-1], head)


def reply(client, server, rule, method):
    head = server.head()
    while head.startswith(b'HTTP/1.1 100'):
        head = server.head()
    if rule.name == 'lost':
        if rule.args[0] == 'rst':
            client.reset()
        raise Gone
    if rule.name == 'mute':
        client.until_gone()
    if rule.name == 'slowresp':
        time.sleep(rule.number(0))
    if rule.name == 'hold':
        until(rule.args[0])
    if rule.name == 'oddetag':
        head = turned(rb'etag', head)
    if rule.name == 'badetag':
        head = re.sub(rb'(?i)(etag: *"?)[0-9a-f]{4}', rb'\g<1>dead', head)
    if rule.name == 'code':
        head = head[:9] + rule.args[0].encode() + head[12:]
    if rule.name in ('hide', 'set'):
        name = re.escape(rule.args[0].encode())
        head = re.sub(rb'(?im)^' + name + rb':.*\r\n', b'', head)
    if rule.name == 'set':
        head = head[:-2] + ': '.join(rule.args).encode() + b'\r\n\r\n'
    none = method == 'HEAD' or head[9:12] in (b'204', b'304')
    length = 0 if none else int(header(head, b'content-length') or 0)
    chunked = b'chunked' in header(head, b'transfer-encoding').lower()
    if rule.name == 'err200':
        client.send(answer(200, rule.args[0], 'Connection: close\r\n',
                           method=method))
        raise Gone
    if rule.name == 'trickle':
        client.send(b'HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n')
        while True:
            client.send(b'.')
            time.sleep(1 / rule.number(0))
    if rule.name in CUT_SHORT:
        cut_short(client, server, rule, head, none)
    if rule.name == 'hollow':
        if not none:
            whole(server, head)
        client.send(b'%s\r\nContent-Length: 0\r\n\r\n'
                    % head.partition(b'\r\n')[0])
        return
    client.send(head)
    flip = int(rule.number(0, whole=length)) if rule.args and (
        rule.name in ('corruptresp', 'oddetag')) else None
    if chunked and not none:
        pass_chunked(server, client, flip)
    else:
        move(server, client, length, flip)
    if header(head, b'connection').lower() == b'close':
        raise Gone


FORWARD_NOTHING = ('status', 'page', 'early', 'redirect', 'reset', 'fin',
                   'stall', 'dislikes', 'wants', 'uniform', 'empty', 'file',
                   'moved', 'deaf', 'refuse')
CUT_SHORT = ('trunc', 'resetresp', 'stallresp', 'cuthead', 'unframed')


def serve(sock, upstream, rules, tls):
    client = server = None
    try:
        if any(rule.refuses() for rule in rules):
            Peer(sock).reset()
        client = Peer(tls.wrap_socket(sock, server_side=True) if tls else sock)
        while True:
            head = client.head()
            method, target = head.split(b' ', 2)[:2]
            method, target = method.decode(), target.decode('latin1')
            length = int(header(head, b'content-length') or 0)
            expects = header(head, b'expect').lower() == b'100-continue'
            note_part(target, length)
            rule = pick(rules, method, target, head)
            if rule.name in FORWARD_NOTHING:
                refuse(client, rule, length, expects, method)
                continue
            if server is None:
                server = Peer(socket.create_connection(upstream))
            if expects:
                head = re.sub(rb'(?i)\r\nexpect:[^\r]*', b'', head)
                client.send(b'HTTP/1.1 100 Continue\r\n\r\n')
            if rule.name == 'oddetag':
                head = turned(rb'if-match', re.sub(
                    rb'(?i)\r\n(authorization|x-amz-date):[^\r]*', b'', head))
            if rule.name == 'late':
                body = b''
                while len(body) < length:
                    body += client.read(length - len(body))
                try:
                    client.reset()
                except Gone:
                    until(rule.args[0])
                server.send(head + body)
                server.head()
                print('done late', flush=True)
                raise Gone
            if rule.name == 'twice':
                body = b''
                while len(body) < length:
                    body += client.read(length - len(body))
                server.send(head + body)
                first = server.head()
                if method != 'HEAD' and first[9:12] != b'204':
                    whole(server, first)
                server.send(head + body)
                reply(client, server, rule, method)
                continue
            server.send(head)
            move(client, server, length,
                 flip=int(rule.number(0)) if rule.name == 'corrupt' else None,
                 rate=rule.number(0) if rule.name == 'rate' else 0)
            reply(client, server, rule, method)
    except (Gone, OSError, ValueError):
        pass
    finally:
        for peer in (client, server):
            if peer:
                peer.close()


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('--cert')
    p.add_argument('--key')
    p.add_argument('upstream')
    p.add_argument('rules', nargs='*')
    a = p.parse_args()
    tls = None
    if a.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(a.cert, a.key)
    host, port = a.upstream.rsplit(':', 1)
    rules = [Rule(text) for text in a.rules]
    listener = socket.create_server(('127.0.0.1', 0), backlog=128)
    print('listening', listener.getsockname()[1], flush=True)
    while True:
        sock = listener.accept()[0]
        threading.Thread(target=serve, daemon=True,
                         args=(sock, (host, int(port)), rules, tls)).start()


if __name__ == '__main__':
    main()
