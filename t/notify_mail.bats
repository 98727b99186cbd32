#!/usr/bin/env bats
# bk-notify: what is told by mail.

load support/common
load support/notify

setup_file() {
	receivers
	serve plain mailhost.py plain
	export PLAIN=smtp://127.0.0.1:$PLAIN_PORT
	certificate mail DNS:localhost,IP:127.0.0.1
	serve tls mailhost.py tls "$PWD/mail.pem" "$PWD/mail.key"
	serve starttls mailhost.py starttls "$PWD/mail.pem" "$PWD/mail.key"
}

@test "a mail has its headers, its subject and its text" {
	say CRITICAL '2d old' | bk-notify --mail dba@example.org \
	    --smtp "$PLAIN" --from backup@example.org
	[ "$(mail plain)" = "envelope: backup@example.org dba@example.org
From: backup@example.org
To: dba@example.org
Subject: $HOST: BACKUP CRITICAL - shop 2d old
Auto-Submitted: auto-generated
MIME-Version: 1.0

BACKUP CRITICAL - shop 2d old" ]
	bk-notify --mail root --smtp "$PLAIN" --subject 'only this' --status success </dev/null
	[ "$(mail plain | head -n 1)" = "envelope: $(id -un)@$HOST root" ]
	[ "$(mail plain | tail -n 1)" = "only this" ]
}

@test "a subject of any letters and length is one subject" {
	local subject
	for subject in 'Größe 🙂 unerwartet' '=?UTF-8?B?eA==?=' ' a  b ' \
	    "$(printf 'ж%.0s' {1..300})" "$(printf '🙂%.0s' {1..50}) end" \
	    "$(printf 'long %.0s' {1..300})"; do
		bk-notify --mail a@b --smtp "$PLAIN" --subject "$subject" <<<hi
		mail plain | sed -n 's/^Subject: //p' >got
		[ "$(cat got)" = "$(sed 's/^ *//; s/ *$//' <<<"$subject")" ]
	done
	# a line that is too long for a subject is cut between two characters
	printf '🙂%.0s' {1..100} | bk-notify --mail a@b --smtp "$PLAIN"
	mail plain >got
	grep -qx "Subject: $HOST: $(printf '🙂%.0s' {1..40})" got
}

@test "a text of any lines arrives as it was" {
	{ printf '.\n..\n.dot\nQUIT\n\nFrom x\n=3D trailing \n'
	    printf 'x%.0s' {1..5000}; printf '\n\tТекст 🙂 =\n'; } >text
	printf '\nDATA\n.\nend\n' | sed 's/$/\r/' >crlf
	bk-notify --mail a@b --smtp "$PLAIN" <text
	mail plain | sed '1,/^$/d' | cmp - text
	bk-notify --mail a@b --smtp "$PLAIN" <crlf
	mail plain | sed '1,/^$/d' | cmp - <(printf '\nDATA\n.\nend\n')
	head -c 300000 /dev/urandom | bk-notify --mail a@b --smtp "$PLAIN"
	mail plain >/dev/null
}

@test "every recipient gets his, and a refusal names who did not" {
	failed 1 bk-notify --mail refused@b --mail dba@b --mail never@b \
	    --slack slack --smtp "$PLAIN" --retry-for 1s <<<hi
	[ "$stderr" = "bk-notify: mail refused@b: 550-5.1.1 no such user 550 5.1.1 ask the postmaster; mail never@b: 451 4.3.0 try later; gave up after 1s" ]
	[ "$(log plain | jq -rc .to)" = '["dba@b"]' ]
	told 1
	url gone "/404/$SECRET"
	failed 1 bk-notify --slack gone --mail dba@b --smtp "$PLAIN" <<<hi
	[ "$(log plain | wc -l)" = 2 ]
}

@test "a mail server that is busy, silent or gone is tried again" {
	bk-notify --mail later@b --smtp "$PLAIN" <<<hi
	[ "$(log plain | wc -l)" = 1 ]
	failed 1 bk-notify --mail gone@b --smtp "$PLAIN" --retry-for 1s <<<hi
	[[ $stderr == "bk-notify: mail gone@b: "*"; gave up after 1s" ]]
	failed 1 bk-notify --mail silent@b --smtp "$PLAIN" --retry-for 1s <<<hi
	[[ $stderr == *"timed out"*"; gave up after 1s" ]]
	failed 1 bk-notify --mail a@b --smtp "smtp://127.0.0.1:$(free_port)" \
	    --retry-for 1s <<<hi
	[[ $stderr == *"; gave up after 1s" ]]
	# an HTTP server is none
	failed 1 bk-notify --mail a@b --smtp "smtp://127.0.0.1:$HOOK_PORT" \
	    --retry-for 1s <<<hi
	[ "$(log plain | wc -l)" = 1 ]
}

@test "a login is sent by TLS only, from the first byte or by STARTTLS" {
	export CURL_CA_BUNDLE=$BATS_FILE_TMPDIR/mail.pem
	printf 'dba\ncorrect horse\n' >login
	bk-notify --mail a@b --smtp smtp://localhost:$STARTTLS_PORT \
	    --smtp-login login <<<hi
	bk-notify --mail a@b --smtp smtps://127.0.0.1:$TLS_PORT \
	    --smtp-login login <<<hi
	[ "$(log starttls | jq -c '[.tls, .user]')" = '[true,"dba"]' ]
	[ "$(log tls | jq -c '[.tls, .user]')" = '[true,"dba"]' ]
	failed 1 bk-notify --mail a@b --smtp "$PLAIN" --smtp-login login <<<hi
	[[ $stderr == *"; without TLS no login is sent, try smtps://" ]]
	[ "$(log plain | wc -l)" = 0 ]
}

@test "a mail server's certificate is verified" {
	printf 'dba\ncorrect horse\n' >login
	failed 1 bk-notify --mail a@b --smtp smtp://localhost:$STARTTLS_PORT \
	    --smtp-login login <<<hi
	[[ $stderr == *"SSL certificate problem"* ]]
	failed 1 bk-notify --mail a@b --smtp smtps://localhost:$TLS_PORT <<<hi
	[[ $stderr == *"SSL certificate problem"* ]]
	[ "$(cat "$BATS_FILE_TMPDIR"/{starttls,tls}.log | grep -c content)" = 0 ]
}

@test "without a login, STARTTLS is used where it is offered, but not at home" {
	# libcurl takes 127.1 for 127.0.0.1; for us it is another machine
	CURL_CA_BUNDLE=$BATS_FILE_TMPDIR/mail.pem \
	    bk-notify --mail a@b --smtp smtp://127.1:$STARTTLS_PORT <<<hi
	bk-notify --mail a@b --smtp smtp://127.0.0.1:$STARTTLS_PORT <<<hi
	[ "$(log starttls | jq -c .tls | tr '\n' ' ')" = 'true false ' ]
	bk-notify --mail a@b --smtp smtp://127.1:$PLAIN_PORT <<<hi
	[ "$(log plain | wc -l)" = 1 ]
}

@test "a wrong password is 1 at once, and shows nowhere" {
	local content
	export CURL_CA_BUNDLE=$BATS_FILE_TMPDIR/mail.pem
	printf 'dba\nwrong psecret\n' >login
	failed 1 bk-notify --mail a@b --smtp smtps://localhost:$TLS_PORT \
	    --smtp-login login <<<hi
	[[ $stderr == "bk-notify: mail a@b: 535 "* && $stderr != *"gave up"* ]]
	printf 'dba\r\ncorrect horse\r\n' >login
	failed 1 bk-notify --mail secret@b --smtp smtps://localhost:$TLS_PORT \
	    --smtp-login login <<<hi
	[[ $stderr == *"550 5.1.1 not by *************" ]]
	for content in '' 'dba' 'dba\n' '\npsecret\n' 'a\npsecret\nc' \
	    'a\npse\0cret'; do
		printf "$content" >login
		failed 3 bk-notify --mail a@b --smtp smtps://localhost:$TLS_PORT \
		    --smtp-login login <<<hi
		[[ $stderr == "bk-notify: login: not a login file: write two lines, the user and the password" ]]
	done
	printf 'dba\npsecret\n' >login
	chmod 644 login
	failed 3 bk-notify --mail a@b --smtp-login login <<<hi
}
