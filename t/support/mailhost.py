#!/usr/bin/python3
"""A mail server on loopback (Debian's python3-aiosmtpd).

usage: mailhost.py plain | starttls CERT KEY | tls CERT KEY

Listens on a free port of 127.0.0.1, prints "listening PORT", and for each
mail a line of JSON: from, to, tls, user, content (bytes as Latin-1).  With TLS
it knows the user "dba" with the password "correct horse".  What happens to
whom (before the @):

  refused    550 at RCPT        later     452 at RCPT once, then taken
  never      451 at RCPT        gone      the connection is cut after DATA
  silent     no answer to RCPT  secret    550 with the password in it
"""
import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

seen = set()


class Host:
    async def handle_RCPT(self, server, session, envelope, address, options):
        who = address.partition('@')[0]
        if who == 'refused':
            return '550-5.1.1 no such user\r\n550 5.1.1 ask the postmaster'
        if who == 'secret':
            return '550 5.1.1 not by correct horse'
        if who == 'never' or (who == 'later' and who not in seen):
            seen.add(who)
            return '451 4.3.0 try later' if who == 'never' else '452 4.2.2 full'
        if who == 'silent':
            await asyncio.sleep(600)
        envelope.rcpt_tos.append(address)
        return '250 2.1.5 ok'

    async def handle_DATA(self, server, session, envelope):
        if any(to.startswith('gone@') for to in envelope.rcpt_tos):
            server.transport.abort()
            return '250 not heard'
        print(json.dumps({
            'from': envelope.mail_from, 'to': envelope.rcpt_tos,
            'tls': session.ssl is not None or sys.argv[1] == 'tls',
            'user': session.auth_data,
            'content': envelope.original_content.decode('latin-1')}),
            flush=True)
        return '250 2.0.0 taken'


def authenticate(server, session, envelope, mechanism, data):
    if (data.login, data.password) == (b'dba', b'correct horse'):
        return AuthResult(success=True, auth_data='dba')
    return AuthResult(success=False, handled=False)


def protocol():
    how = sys.argv[1]
    login = {} if how == 'plain' else {'authenticator': authenticate}
    if how == 'starttls':
        login['tls_context'] = context
    return SMTP(Host(), auth_require_tls=how == 'starttls',
                data_size_limit=1 << 27, loop=loop, hostname='mail.test',
                **login)


async def main():
    server = await loop.create_server(
        protocol, '127.0.0.1', 0, ssl=context if sys.argv[1] == 'tls' else None)
    print(f'listening {server.sockets[0].getsockname()[1]}', flush=True)
    await server.serve_forever()


context = None
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
