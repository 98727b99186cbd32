#!/usr/bin/env python3
"""What takes webhooks and pings, on loopback.

usage: hook.py [CERT KEY]

Listens on a free port of 127.0.0.1, prints "listening PORT", and for each
request a line of JSON: method, path, headers, body.  With CERT and KEY it
speaks TLS.  What it answers is in the path:

  /CODE/...          that status; "word CODE", the path and the login as body
  /CODE-CODE/...     the first for the first request there, then the second
  /429.S-CODE/...    with Retry-After: S
  /say/TEXT/...      200 and TEXT, '+' being a blank
  /stall/...         takes the request and answers nothing
  /cut/...           closes the connection
  /cut-stall/...     the first request; the others get no answer
  anything else      200 ok
"""
import base64
import http.server
import json
import ssl
import sys
import threading
import time

seen = {}
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, form, *args):
        pass

    def answer(self, code, text, headers=()):
        body = text.encode()
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('Content-Length', len(body))
        self.end_headers()
        self.wfile.write(body)

    def turn(self):
        """How many requests of this path there were before."""
        with lock:
            n = seen[self.path] = seen.get(self.path, -1) + 1
        return n

    def step(self, word):
        """The part of CODE-CODE that it is the turn of."""
        n = self.turn()
        steps = word.split('-')
        code, _, wait = steps[min(n, len(steps) - 1)].partition('.')
        headers = [('Retry-After', wait)] if wait else []
        if code[0] == '3':
            headers.append(('Location', '/ok/elsewhere'))
        login = self.headers.get('Authorization', 'Basic ')[6:]
        self.answer(int(code), f'word {code}\n{self.path}\n' +
                    base64.b64decode(login).decode(), headers)

    def do_GET(self):
        size = int(self.headers.get('Content-Length', 0))
        body = self.rfile.read(size)
        print(json.dumps({'method': self.command, 'path': self.path,
                          'headers': dict(self.headers),
                          'body': body.decode()}), flush=True)
        word = self.path.split('/')[1]
        if word[:1].isdigit():
            self.step(word)
        elif word == 'say':
            self.answer(200, self.path.split('/')[2].replace('+', ' '))
        elif word == 'stall':
            time.sleep(600)
        elif word == 'cut' or (word == 'cut-stall' and self.turn() == 0):
            self.close_connection = True
        elif word == 'cut-stall':
            time.sleep(600)
        else:
            self.answer(200, 'ok')

    do_POST = do_GET


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    # the handshake belongs to the connection's thread
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
print(f'listening {server.server_address[1]}', flush=True)
server.serve_forever()
