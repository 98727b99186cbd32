#!/usr/bin/env python3
"""Google Cloud Storage's manner in front of a real S3 server.

usage: gsfront.py UPSTREAM PUBLIC-KEY USES

Listens on a free port of 127.0.0.1, prints "listening PORT" and a line for
each request.  What Google's XML API demands of a request is demanded; then it
is translated, signed with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and
passed on to UPSTREAM (HOST:PORT).

  - Authorization: Bearer with a token of this server's, good for USES requests
    (then 401), or GOOG4-HMAC-SHA256 with the key GOOGKEY, secret goog/secret,
    in region auto, over host and every x-goog- header
  - no x-amz- header, no If-None-Match, no x-goog-checksum-; on a PUT
    x-goog-if-generation-match: 0 means that nothing is there: 412
  - no DeleteObjects: 400 InvalidArgument
  - a key with "late" in it seems to be missing until a condition has failed

Tokens come from:

  /token    a JWT signed for PUBLIC-KEY's owner (RFC 7523), or the refresh
            token "refresh" of the client "id", "secret"
  /sts      the subject token "subject" (RFC 8693)
  /as       impersonation with a token of /sts
  /computeMetadata/v1/...  wants Metadata-Flavor: Google
"""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

UPSTREAM, PUBLIC, USES = sys.argv[1], sys.argv[2], int(sys.argv[3])
tokens = {}     # token -> requests left
late = set()    # paths seen through
FEDERATED = 'federated'


def quote(text, safe=''):
    return urllib.parse.quote(text, safe=safe + '-_.~')


def sign(dialect, service, region, secret, method, path, query, heads, date,
         payload):
    """The signature of a request, heads being the signed ones."""
    names = sorted(heads)
    text = '\n'.join((method, path, query, ''.join(
        '%s:%s\n' % (n, heads[n]) for n in names), ';'.join(names), payload))
    end = dialect.lower() + '_request'
    scope = '%s/%s/%s/%s' % (date[:8], region, service, end)
    key = (dialect + secret).encode()
    for part in (date[:8], region, service, end, '\n'.join((
            dialect + '-HMAC-SHA256', date, scope,
            hashlib.sha256(text.encode()).hexdigest()))):
        key = hmac.new(key, part.encode(), 'sha256').digest()
    return scope, ';'.join(names), key.hex()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))


def is_signed(jwt):
    with tempfile.NamedTemporaryFile() as sig:
        sig.write(from_base64url(jwt.rpartition('.')[2]))
        sig.flush()
        return subprocess.run(
            ['openssl', 'dgst', '-sha256', '-verify', PUBLIC, '-signature',
             sig.name], input=jwt.rpartition('.')[0].encode(),
            stdout=subprocess.DEVNULL).returncode == 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, form, *args):
        print(self.command, self.path, args[1], flush=True)

    def answer(self, status, body=b'', heads=()):
        self.send_response(status)
        for name, value in heads:
            self.send_header(name, value)
        if not any(n.lower() == 'content-length' for n, v in heads):
            self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def refuse(self, status, code):
        self.answer(status, ('<Error><Code>%s</Code></Error>' % code).encode())

    def hand_out(self, name):
        token = 'ya29.%d' % (len(tokens) + 1)
        tokens[token] = USES
        body = {'access_token': token, 'expires_in': 3599}
        if name == 'accessToken':
            body = {name: token, 'expireTime': time.strftime(
                '%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 3599))}
        self.answer(200, json.dumps(body).encode())

    def give_token(self, where):
        form = dict(urllib.parse.parse_qsl(self.body.decode()))
        grant = form.get('grant_type', '').rpartition(':')[2]
        if where == '/token' and grant == 'jwt-bearer':
            claims = json.loads(from_base64url(
                form['assertion'].split('.')[1]))
            good = (is_signed(form['assertion']) and
                    claims['aud'].endswith('/token') and
                    claims['iss'] == 'bk@example.iam' and
                    'devstorage.read_write' in claims['scope'] and
                    0 <= claims['exp'] - time.time() <= 3600)
        elif where == '/token':
            good = form == {'grant_type': 'refresh_token', 'client_id': 'id',
                            'client_secret': 'secret',
                            'refresh_token': 'refresh'}
        elif where == '/sts':
            good = (grant == 'token-exchange' and form['audience'] == 'pool'
                    and form['subject_token'] == 'subject')
            if good and 'cloud-platform' in form['scope']:
                self.answer(200, json.dumps({
                    'access_token': FEDERATED, 'expires_in': 60}).encode())
                return
        elif where == '/as':
            good = self.headers['Authorization'] == 'Bearer ' + FEDERATED
            if good:
                self.hand_out('accessToken')
                return
        else:
            good = self.headers['Metadata-Flavor'] == 'Google'
        if good:
            self.hand_out('access_token')
        else:
            self.answer(400, b'{"error": "invalid_grant", '
                        b'"error_description": "Not you"}')

    def is_authorized(self, path, query):
        auth = self.headers.get('Authorization', '')
        if auth.startswith('Bearer '):
            left = tokens.get(auth[7:], 0)
            tokens[auth[7:]] = left - 1
            return left > 0
        m = re.fullmatch(r'GOOG4-HMAC-SHA256 Credential=GOOGKEY/\d{8}/auto/'
                         r'storage/goog4_request, SignedHeaders=([^,]+), '
                         r'Signature=(.*)', auth)
        names = m.group(1).split(';') if m else []
        must = {h.lower() for h in self.headers
                if h.lower().startswith('x-goog-')} | {'host'}
        payload = self.headers.get('x-goog-content-sha256', '')
        return m and must <= set(names) and m.group(2) == sign(
            'GOOG4', 'storage', 'auto', 'goog/secret', self.command, path,
            query, {n: self.headers[n] for n in names},
            self.headers['x-goog-date'], payload)[2] and (
                payload == hashlib.sha256(self.body).hexdigest())

    def pass_on(self, method, path, query, heads, body):
        date = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())
        payload = hashlib.sha256(body).hexdigest()
        heads = dict(heads, **{'host': UPSTREAM, 'x-amz-date': date,
                               'x-amz-content-sha256': payload})
        scope, names, signature = sign(
            'AWS4', 's3', 'us-east-1', os.environ['AWS_SECRET_ACCESS_KEY'],
            method, path, query, heads, date, payload)
        heads['authorization'] = (
            'AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, '
            'Signature=%s' % (os.environ['AWS_ACCESS_KEY_ID'], scope, names,
                              signature))
        up = http.client.HTTPConnection(UPSTREAM)
        up.request(method, path + ('?' + query if query else ''), body, heads)
        reply = up.getresponse()
        return reply, reply.read()

    def serve(self):
        self.body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        path, _, query = self.path.partition('?')
        if path in ('/token', '/sts', '/as') or 'computeMetadata' in path:
            self.give_token(path)
            return
        names = [h.lower() for h in self.headers]
        if any(h.startswith('x-amz-') for h in names):
            self.refuse(400, 'ExcessHeaderValues')
        elif not self.is_authorized(path, query):
            self.refuse(401, 'AuthenticationRequired')
        elif 'if-none-match' in names or any(
                h.startswith('x-goog-checksum-') for h in names):
            self.refuse(400, 'NotImplemented')
        elif self.command == 'POST' and query == 'delete=':
            self.refuse(400, 'InvalidArgument')
        else:
            self.translate(path, query)

    def translate(self, path, query):
        heads = {}
        if ('late' in path and path not in late and
                self.command in ('HEAD', 'GET')):
            self.refuse(404, 'NoSuchKey')
            return
        for name, value in self.headers.items():
            name = name.lower()
            if name == 'x-goog-if-generation-match':
                if self.pass_on('HEAD', path, '', {}, b'')[0].status == 200:
                    late.add(path)
                    self.refuse(412, 'PreconditionFailed')
                    return
            elif name not in ('host', 'authorization', 'connection',
                              'content-length', 'x-goog-date', 'accept',
                              'user-agent', 'x-goog-content-sha256'):
                heads[name.replace('x-goog-', 'x-amz-')] = value
        reply, body = self.pass_on(self.command, path, query, heads, self.body)
        self.answer(reply.status, body, [
            (n.lower().replace('x-amz-', 'x-goog-'), v)
            for n, v in reply.getheaders() if n.lower() not in (
                'transfer-encoding', 'connection', 'x-amz-request-id')])

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
print('listening', server.server_address[1], flush=True)
server.serve_forever()
