#!/usr/bin/env python3
"""An S3 stub that is strict where the real servers at hand are lax.

usage: s3strict.py

Listens on a free port of 127.0.0.1, prints "listening PORT", and keeps objects
in memory.  Region, keys and session token are AWS_REGION, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if set; every bucket is there.

It is no S3 server: PUT, GET, HEAD, DELETE of objects (path style), the
multipart calls, and of those what must be refused:

  - a signature over anything less than host and every x-amz-* header, another
    region's or another day's; a payload that is not x-amz-content-sha256
  - x-amz-checksum-sha256 that is not the body's; a Complete without the
    <ChecksumSHA256> of parts whose upload was created with SHA256
  - object lock headers (PUT, CreateMultipartUpload) by halves, or on a PUT with
    neither Content-MD5 nor a checksum
  - If-None-Match: * on what is there (PUT and Complete): 412
  - GET of a GLACIER or DEEP_ARCHIVE object: 403 InvalidObjectState, until the
    second HEAD after RestoreObject, which wants Days and takes a Tier
  - a session token that begins with "expired": 400 ExpiredToken
  - in a bucket "plain": x-amz-checksum-mode and -algorithm, 400; its ETags of
    parts are no MD5s
  - DeleteObjects without Content-MD5; its answer does not mention keys with
    "mute" in them, and has InternalError for those with "moody"

Unfinished uploads are listed two in a page: a thousand take a real server long.

Checksums, lock, storage class, encryption and metadata come back in HEAD.
"""
import base64
import calendar
import hashlib
import hmac
import http.server
import itertools
import os
import re
import threading
import time
import urllib.parse

KEEP = re.compile('x-amz-(storage-class|server-side-encryption.*|meta-.*|'
                  'object-lock-.*)$|content-type$')
ARCHIVED = ('GLACIER', 'DEEP_ARCHIVE')
LOCK = threading.Lock()
objects = {}    # path -> dict(body, etag, head, checksum)
uploads = {}    # id -> dict(path, head, algorithm, parts)
numbers = itertools.count(1)


class Refusal(Exception):
    def __init__(self, status, code, message=''):
        self.status, self.code, self.message = status, code, message


def sha256(data):
    return hashlib.sha256(data)


def quote(text, safe=''):
    return urllib.parse.quote(text, safe=safe + '-_.~')


def demand(good, status, code, message=''):
    if not good:
        raise Refusal(status, code, message)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        print(self.command, self.path, *args[1:], flush=True)

    # -- what every request must be -----------------------------------------

    def canonical(self, signed, payload):
        raw, _, query = self.path.partition('?')
        pairs = sorted((quote(k), quote(v)) for k, v in
                       urllib.parse.parse_qsl(query, keep_blank_values=True))
        heads = ''.join('%s:%s\n' % (h, ' '.join(
            ','.join(self.headers.get_all(h, [])).split())) for h in signed)
        return '\n'.join((
            self.command, quote(urllib.parse.unquote(raw), '/'),
            '&'.join('='.join(p) for p in pairs), heads, ';'.join(signed),
            payload))

    def check_signature(self):
        m = re.fullmatch(
            r'AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/s3/'
            r'aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})',
            self.headers.get('Authorization', ''))
        demand(m, 403, 'AccessDenied', 'no AWS4-HMAC-SHA256 authorization')
        key, day, region, signed, signature = m.groups()
        signed = signed.split(';')
        token = self.headers.get('x-amz-security-token', '')
        demand(not token.startswith('expired'), 400, 'ExpiredToken')
        demand(token == os.environ.get('AWS_SESSION_TOKEN', ''),
               403, 'InvalidToken')
        demand(key == os.environ['AWS_ACCESS_KEY_ID'],
               403, 'InvalidAccessKeyId')
        demand(region == os.environ['AWS_REGION'],
               400, 'AuthorizationHeaderMalformed', 'wrong region ' + region)
        must = {h.lower() for h in self.headers
                if h.lower().startswith('x-amz-')} | {'host'}
        demand(must <= set(signed) and signed == sorted(signed),
               403, 'AccessDenied', 'not signed: %s' % (must - set(signed)))
        when = self.headers.get('x-amz-date', '')
        demand(when[:8] == day, 403, 'SignatureDoesNotMatch', 'another day')
        age = time.time() - calendar.timegm(time.strptime(
            when, '%Y%m%dT%H%M%SZ'))
        demand(abs(age) < 900, 403, 'RequestTimeTooSkewed')
        payload = self.headers.get('x-amz-content-sha256', '')
        text = self.canonical(signed, payload)
        scope = '%s/%s/s3/aws4_request' % (day, region)
        secret = ('AWS4' + os.environ['AWS_SECRET_ACCESS_KEY']).encode()
        for part in (*scope.split('/'), '\n'.join((
                'AWS4-HMAC-SHA256', when, scope,
                sha256(text.encode()).hexdigest()))):
            secret = hmac.new(secret, part.encode(), 'sha256').digest()
        demand(secret.hex() == signature, 403, 'SignatureDoesNotMatch', text)
        demand(payload == sha256(self.body).hexdigest(),
               400, 'XAmzContentSHA256Mismatch')

    def check_integrity(self):
        """Returns the checksum to echo, None if none was sent."""
        md5 = self.headers.get('Content-MD5')
        demand(md5 is None or md5 == base64.b64encode(
            hashlib.md5(self.body).digest()).decode(), 400, 'BadDigest')
        sent = self.headers.get('x-amz-checksum-sha256')
        demand(sent is None or sent == base64.b64encode(
            sha256(self.body).digest()).decode(), 400, 'BadDigest')
        return sent

    def check_lock(self):
        mode = self.headers.get('x-amz-object-lock-mode')
        until = self.headers.get('x-amz-object-lock-retain-until-date')
        demand((mode is None) == (until is None), 400, 'InvalidArgument')
        demand(mode in (None, 'GOVERNANCE', 'COMPLIANCE'),
               400, 'InvalidArgument')
        return mode is not None

    # -- answers ----------------------------------------------------------------

    def answer(self, status, body=b'', heads=()):
        self.send_response(status)
        for name, value in dict(heads).items():
            self.send_header(name, value)
        if 'Content-Length' not in dict(heads):
            self.send_header('Content-Length', len(body))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def xml(self, status, name, *pairs):
        inner = ''.join('<%s>%s</%s>' % (k, v, k) for k, v in pairs)
        self.answer(status, ('<?xml version="1.0" encoding="UTF-8"?>\n'
                             '<%s>%s</%s>' % (name, inner, name)).encode(),
                    {'Content-Type': 'application/xml'})

    def handle_request(self):
        self.body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        path, _, query = self.path.partition('?')
        self.key = urllib.parse.unquote(path)
        self.query = dict(urllib.parse.parse_qsl(query, True))
        try:
            with LOCK:
                self.check_signature()
                self.dispatch()
        except Refusal as r:
            text = r.message.replace('&', '&amp;').replace('<', '&lt;')
            self.xml(r.status, 'Error', ('Code', r.code), ('Message', text))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_request

    def dispatch(self):
        q, what = self.query, self.command
        if what == 'POST' and 'uploads' in q:
            self.create()
        elif 'uploadId' in q:
            demand(q['uploadId'] in uploads, 404, 'NoSuchUpload')
            up = uploads[q['uploadId']]
            demand(up['path'] == self.key, 404, 'NoSuchUpload')
            {'PUT': self.part, 'POST': self.complete,
             'DELETE': self.abort}[what](up, q)
        elif what == 'POST' and 'restore' in q:
            self.restore()
        elif what == 'POST' and 'delete' in q:
            self.delete_many()
        elif what == 'GET' and 'uploads' in q:
            self.list_uploads(q)
        elif what == 'PUT':
            self.put()
        elif what == 'DELETE':
            objects.pop(self.key, None)
            self.answer(204)
        elif what in ('GET', 'HEAD'):
            self.get()
        else:
            raise Refusal(501, 'NotImplemented')

    # -- objects ------------------------------------------------------------------

    def kept(self):
        return {h.lower(): v for h, v in self.headers.items()
                if KEEP.match(h.lower())}

    def check_absent(self):
        demand(self.headers.get('If-None-Match') != '*' or
               self.key not in objects, 412, 'PreconditionFailed')

    def put(self):
        checksum = self.check_integrity()
        if self.check_lock():
            demand(checksum or 'Content-MD5' in self.headers, 400,
                   'InvalidRequest', 'object lock wants Content-MD5')
        self.check_absent()
        etag = hashlib.md5(self.body).hexdigest()
        objects[self.key] = dict(body=self.body, etag=etag, head=self.kept(),
                                 checksum=checksum)
        echo = {'x-amz-checksum-sha256': checksum} if checksum else {}
        self.answer(200, heads={'ETag': '"%s"' % etag, **echo})

    def check_plain(self, name):
        demand(not self.key.startswith('/plain/') or name not in self.headers,
               400, 'InvalidArgument', 'Unsupported header')

    def get(self):
        demand(self.key in objects, 404, 'NoSuchKey')
        o = objects[self.key]
        cold = o['head'].get('x-amz-storage-class')
        thawing = o.get('thawing', 0 if cold in ARCHIVED else None)
        demand(self.command == 'HEAD' or thawing is None or thawing > 2,
               403, 'InvalidObjectState', 'restore it first')
        self.check_plain('x-amz-checksum-mode')
        heads = {'ETag': '"%s"' % o['etag'], **o['head'],
                 'Last-Modified': time.strftime(
                     '%a, %d %b %Y %H:%M:%S GMT', time.gmtime())}
        if thawing:
            heads['x-amz-restore'] = (
                'ongoing-request="true"' if thawing < 3 else
                'ongoing-request="false", expiry-date="Fri, 21 Dec 2029 '
                '00:00:00 GMT"')
            o['thawing'] += self.command == 'HEAD'
        if o['checksum'] and self.headers.get(
                'x-amz-checksum-mode') == 'ENABLED':
            heads['x-amz-checksum-sha256'] = o['checksum']
            heads['x-amz-checksum-type'] = (
                'COMPOSITE' if '-' in o['checksum'] else 'FULL_OBJECT')
        body, status = o['body'], 200
        m = re.fullmatch(r'bytes=(\d+)-(\d*)', self.headers.get('Range', ''))
        if m:
            first, last = int(m[1]), int(m[2] or len(body) - 1)
            demand(first < len(body), 416, 'InvalidRange')
            last = min(last, len(body) - 1)
            heads['Content-Range'] = 'bytes %d-%d/%d' % (first, last,
                                                         len(body))
            heads.pop('x-amz-checksum-sha256', None)
            body, status = body[first:last + 1], 206
        elif 'partNumber' in self.query:
            number = int(self.query['partNumber'])
            body, status = o.get('parts', [body])[number - 1], 206
        self.answer(status, body, {'Content-Length': len(body), **heads})

    def restore(self):
        o = objects.get(self.key)
        demand(o, 404, 'NoSuchKey')
        demand(o['head'].get('x-amz-storage-class') in ARCHIVED,
               403, 'InvalidObjectState')
        demand(re.search(rb'<Days>[1-9]\d*</Days>', self.body),
               400, 'MalformedXML')
        demand(b'<Tier>' not in self.body or
               re.search(rb'<Tier>(Standard|Bulk)</Tier>', self.body),
               503, 'GlacierExpeditedRetrievalNotAvailable')
        demand('thawing' not in o, 409, 'RestoreAlreadyInProgress')
        o['thawing'] = 1
        self.answer(202)

    def delete_many(self):
        demand('Content-MD5' in self.headers, 400, 'InvalidRequest')
        self.check_integrity()
        told = []
        for key in re.findall('<Key>([^<]*)</Key>', self.body.decode()):
            if 'moody' in key:
                told.append(('Error', '<Key>%s</Key><Code>InternalError'
                             '</Code><Message>try again</Message>' % key))
                continue
            objects.pop(self.key.rstrip('/') + '/' + key, None)
            if 'mute' not in key:
                told.append(('Deleted', '<Key>%s</Key>' % key))
        self.xml(200, 'DeleteResult', *told)

    # -- multipart -----------------------------------------------------------------

    def create(self):
        self.check_lock()
        self.check_plain('x-amz-checksum-algorithm')
        algorithm = self.headers.get('x-amz-checksum-algorithm')
        demand(algorithm in (None, 'SHA256'), 400, 'InvalidRequest')
        name = 'upload-%d' % next(numbers)
        uploads[name] = dict(path=self.key, head=self.kept(), parts={},
                             algorithm=algorithm)
        self.xml(200, 'InitiateMultipartUploadResult', ('UploadId', name))

    def list_uploads(self, q):
        behind = (q.get('key-marker', ''), q.get('upload-id-marker', ''))
        bucket = self.key.rstrip('/') + '/'
        found = sorted((up['path'][len(bucket):], name)
                       for name, up in uploads.items()
                       if up['path'].startswith(bucket + q.get('prefix', '')))
        found = [f for f in found if f > behind]
        page = found[:2]
        more = [('IsTruncated', 'true'), ('NextKeyMarker', quote(page[-1][0])),
                ('NextUploadIdMarker', page[-1][1])] if found[2:] else [
                ('IsTruncated', 'false')]
        self.xml(200, 'ListMultipartUploadsResult', *more, *(
            ('Upload', '<Key>%s</Key><UploadId>%s</UploadId><Initiated>'
             '2026-11-21T05:27:19.000Z</Initiated>' % (quote(key), name))
            for key, name in page))

    def part(self, up, q):
        checksum = self.check_integrity()
        demand(re.fullmatch('[0-9]{1,5}', q['partNumber']) and
               1 <= int(q['partNumber']) <= 10000, 400, 'InvalidArgument')
        demand(checksum or not up['algorithm'], 400, 'InvalidRequest',
               'the upload was created with SHA256')
        etag = hashlib.md5(self.body).hexdigest()
        up['parts'][int(q['partNumber'])] = (self.body, etag, checksum)
        echo = {'x-amz-checksum-sha256': checksum} if checksum else {}
        self.answer(200, heads={'ETag': '"%s"' % etag, **echo})

    def complete(self, up, q):
        listed = re.findall(rb'<Part>(.*?)</Part>', self.body, re.S)

        def field(part, name):
            m = re.search(b'<%s>(?:"|&quot;)?([^<&"]*)' % name, part)
            return m.group(1).decode() if m else None

        body, digests, sums, before = [], b'', b'', 0
        demand(listed, 400, 'MalformedXML')
        for i, part in enumerate(listed):
            number = int(field(part, b'PartNumber'))
            demand(number > before, 400, 'InvalidPartOrder')
            before = number
            have = up['parts'].get(number)
            demand(have and field(part, b'ETag') == have[1],
                   400, 'InvalidPart')
            demand(i == len(listed) - 1 or len(have[0]) >= 5 << 20,
                   400, 'EntityTooSmall')
            if up['algorithm']:
                demand(field(part, b'ChecksumSHA256') == have[2],
                       400, 'InvalidPart', 'ChecksumSHA256')
                sums += base64.b64decode(have[2])
            digests += bytes.fromhex(have[1])
            body.append(have[0])
        self.check_absent()
        etag = '%s-%d' % (hashlib.md5(digests).hexdigest(), len(listed))
        checksum = up['algorithm'] and '%s-%d' % (base64.b64encode(
            sha256(sums).digest()).decode(), len(listed))
        if self.key.startswith('/plain/'):
            etag = etag[::-1].partition('-')[2] + '-%d' % len(listed)
        objects[self.key] = dict(body=b''.join(body), etag=etag, parts=body,
                                 head=up['head'], checksum=checksum)
        del uploads[q['uploadId']]
        more = [('ChecksumSHA256', checksum)] if checksum else []
        self.xml(200, 'CompleteMultipartUploadResult',
                 ('ETag', '&quot;%s&quot;' % etag), *more)

    def abort(self, up, q):
        del uploads[q['uploadId']]
        self.answer(204)


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
print('listening', server.server_address[1], flush=True)
server.serve_forever()
