#!/usr/bin/env python3
"""What hands out credentials in the cloud, on loopback: an instance's metadata
service, a container's endpoint, and a token service for web identities.

usage: credhost.py SECONDS

Listens on a free port of 127.0.0.1, prints "listening PORT" and a line for
each request.  The keys are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
AWS_SESSION_TOKEN, told to be good for SECONDS.

  /imds            IMDSv2 with a role (AWS_EC2_METADATA_SERVICE_ENDPOINT)
  /norole          the same without a role
  /html            answers everything with a page
  /container       wants "Authorization: container-token"
  /sts             AssumeRoleWithWebIdentity, wants the token "web identity",
                   and no signature; the role "denied" is refused.
                   AssumeRole, wants the external id "a b&c", a signature and
                   in it the session token
  /sso             GetRoleCredentials of role "a role" in account 12, wants the
                   token "sso-token"
  /busy            503 once, then the same as /sts
"""
import http.server
import json
import os
import re
import sys
import time
import urllib.parse

ROLES = '/latest/meta-data/iam/security-credentials/'
busy = 1


def keys():
    until = time.gmtime(time.time() + int(sys.argv[1]))
    return {'AccessKeyId': os.environ['AWS_ACCESS_KEY_ID'],
            'SecretAccessKey': os.environ['AWS_SECRET_ACCESS_KEY'],
            'Token': os.environ['AWS_SESSION_TOKEN'],
            'Expiration': time.strftime('%Y-%m-%dT%H:%M:%SZ', until)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, form, *args):
        print(self.command, self.path, args[1], flush=True)

    def answer(self, status, text=''):
        self.send_response(status)
        self.send_header('Content-Length', len(text.encode()))
        self.end_headers()
        self.wfile.write(text.encode())

    def imds(self, path, role):
        if self.command == 'PUT' and path == '/latest/api/token':
            ttl = self.headers['X-aws-ec2-metadata-token-ttl-seconds']
            self.answer(200 if int(ttl) > 0 else 400, 'imds-token')
        elif self.headers['X-aws-ec2-metadata-token'] != 'imds-token':
            self.answer(401)
        elif path == ROLES:
            self.answer(200 if role else 404, 'a-role\n' if role else '')
        elif path == ROLES + 'a-role':
            self.answer(200, json.dumps(dict(keys(), Code='Success')))
        else:
            self.answer(404)

    def sts(self, form):
        right = {'Action': 'AssumeRoleWithWebIdentity',
                 'WebIdentityToken': 'web identity'}
        signed = self.headers.get('Authorization', '')
        if form.get('Action') == 'AssumeRole':
            right = {'Action': 'AssumeRole', 'ExternalId': 'a b&c'}
            known = '/sts/aws4_request' in signed and re.search(
                'SignedHeaders=[^,]*x-amz-security-token', signed)
        else:
            known = not signed
        right['Version'] = '2011-06-15'
        good = (known and all(form.get(k) == v for k, v in right.items()) and
                form.get('RoleSessionName') and
                form.get('RoleArn') != 'denied')
        if not good:
            self.answer(403, '<ErrorResponse xmlns="https://sts.amazonaws.com'
                        '/doc/2011-06-15/"><Error><Code>AccessDenied</Code>'
                        '<Message>Not you</Message></Error></ErrorResponse>')
            return
        k = keys()
        inner = ''.join('<%s>%s</%s>' % (n, k[m], n) for n, m in (
            ('AccessKeyId', 'AccessKeyId'), ('SessionToken', 'Token'),
            ('SecretAccessKey', 'SecretAccessKey'),
            ('Expiration', 'Expiration')))
        self.answer(200, '<R xmlns="https://sts.amazonaws.com/doc/2011-06-15'
                    '/"><W><Credentials>%s</Credentials></W></R>' % inner)

    def sso(self, rest):
        path, _, query = rest.partition('?')
        form = dict(urllib.parse.parse_qsl(query))
        if self.headers['x-amz-sso_bearer_token'] != 'sso-token':
            self.answer(401)
        elif (path != '/federation/credentials' or
              form != {'role_name': 'a role', 'account_id': '12'}):
            self.answer(403)
        else:
            k = keys()
            self.answer(200, json.dumps({'roleCredentials': {
                'accessKeyId': k['AccessKeyId'],
                'secretAccessKey': k['SecretAccessKey'],
                'sessionToken': k['Token'],
                'expiration': int(time.time() + int(sys.argv[1])) * 1000}}))

    def handle_request(self):
        global busy
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        _, where, *rest = self.path.split('/', 2)
        rest = '/' + ''.join(rest)
        if where in ('imds', 'norole'):
            self.imds(rest, where == 'imds')
        elif where == 'container':
            good = self.headers['Authorization'] == 'container-token'
            self.answer(200 if good else 401,
                        json.dumps(keys()) if good else '')
        elif where == 'sso':
            self.sso(rest)
        elif where in ('sts', 'busy'):
            if where == 'busy' and busy > 0:
                busy -= 1
                self.answer(503)
            else:
                self.sts(dict(urllib.parse.parse_qsl(body.decode())))
        else:
            self.answer(200, '<html>Sign in, please</html>')

    do_GET = do_PUT = do_POST = handle_request


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
print('listening', server.server_address[1], flush=True)
server.serve_forever()
