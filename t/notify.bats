#!/usr/bin/env bats
# bk-notify: what a person is told, that it is told once, and that no secret
# of an address shows.  The servers are on loopback: t/support/hook.py,
# t/support/mailhost.py.

load support/common

# serve NAME SCRIPT ARGUMENT...: start it, export its port as NAME_PORT; its
# log is $BATS_FILE_TMPDIR/NAME.log.
serve() {
	local name=$1 log=$BATS_FILE_TMPDIR/$1.log
	"$SUPPORT/$2" "${@:3}" >>"$log" 2>"$log.err" </dev/null 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/pids"
	await 20 grep -q '^listening' "$log" || { cat "$log.err" >&2; return 1; }
	export "${name^^}_PORT=$(sed -n 's/^listening //p' "$log")"
}

# certificate NAME ALTNAMES
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1.key" -out "$1.pem" -days 30 -subj /CN=localhost \
	    -addext "subjectAltName=$2" 2>/dev/null
}

setup_file() {
	local name
	cd "$BATS_FILE_TMPDIR"
	for name in $(compgen -e | grep -i '_proxy$'); do
		unset "$name"
	done
	unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
	certificate web DNS:localhost
	certificate mail DNS:localhost,IP:127.0.0.1
	serve hook hook.py
	serve web hook.py "$PWD/web.pem" "$PWD/web.key"
	serve plain mailhost.py plain
	serve starttls mailhost.py starttls "$PWD/mail.pem" "$PWD/mail.key"
	serve tls mailhost.py tls "$PWD/mail.pem" "$PWD/mail.key"
	export HOOK=http://127.0.0.1:$HOOK_PORT SECRET=T0psecret/B0psecret
	export PLAIN=smtp://127.0.0.1:$PLAIN_PORT
	HOST=$(uname -n)
	export HOST
}

teardown_file() {
	local pid
	while read -r pid; do
		kill "$pid" 2>/dev/null || :
	done <"$BATS_FILE_TMPDIR/pids"
}

setup() {
	local log
	cd "$BATS_TEST_TMPDIR"
	umask 077
	for log in "$BATS_FILE_TMPDIR"/*.log; do
		: >"$log"
	done
	url slack "/ok/$SECRET"
	url ping "/ok/$SECRET"
}

# url FILE PATH: what a file with an address holds.
url() { echo "$HOOK$2" >"$1"; }

# log NAME: what the server NAME was sent, a line of JSON each.
log() { cat "$BATS_FILE_TMPDIR/$1.log"; }

# told N: so many requests reached the hook.
told() {
	[ "$(log hook | wc -l)" = "$1" ] || { log hook >&2; return 1; }
}

# text: the text in the last request, as Slack gets it.
text() { log hook | tail -n 1 | jq -r '.body | fromjson | .text'; }

# failed STATUS CMD...: one line, and no part of the secret in it.
failed() {
	local want=$1
	shift
	run "-$want" --separate-stderr "$@"
	[ -z "$output" ]
	one_line_error bk-notify
	[[ $stderr != *psecret* ]]
}

# say STATE WORDS: as bk-age does.
say() { printf 'BACKUP %s - shop %s | age=7200s;90000;176400;0\n' "$1" "${*:2}"; }

# --- wrong calls

@test "a wrong call is 2, and tells nobody" {
	local line
	while read -r line; do
		eval "set -- $line"
		run -2 --separate-stderr bk-notify "$@" <<<hi
		[ -z "$output" ]
		[[ ${stderr_lines[-1]} == "usage: bk-notify "* ]]
		[ "${#stderr_lines[@]}" = 2 ]
	done <<-'END'
	--status success
	--slack slack words
	--slack slack --status well
	--slack slack --status start
	--slack slack --status ''
	--slack slack --subject ''
	--slack slack --subject $'a\nBcc: x'
	--slack slack --subject $'a\x7f'
	--slack slack --template t
	--slack slack --smtp smtp://h
	--slack slack --smtp-login l
	--slack slack --from a@b
	--slack slack --retry-for 0
	--slack slack --retry-for 2d
	--slack slack --from-audit
	--ping ping --only-change s
	--mail ''
	--mail $'a@b\nc@d'
	--mail 'a@b,c@d'
	--mail '<a@b>'
	--mail a@b@c
	--mail @b
	--mail a@
	--mail "dba@exämple.org"
	--mail a@b --from $'a@b\r\nBcc: c@d'
	--mail a@b --smtp http://h
	--mail a@b --smtp smtp://
	--mail a@b --smtp smtp://h/path
	END
	told 0
}

@test "a secret on the command line is refused, and not repeated" {
	run -2 bk-notify --slack "$HOOK/ok/$SECRET" <<<hi
	[[ $output == *"command lines are for all to see"* && $output != *psecret* ]]
	run -2 bk-notify --mail a@b --smtp smtps://dba:psecret@h <<<hi
	[[ $output == *"--smtp-login"* && $output != *psecret* ]]
	told 0
}

# --- files with secrets

@test "a URL file that others can read is 3, one that is not there 1" {
	local mode
	for mode in 644 640 604 660; do
		install -m $mode slack open
		failed 3 bk-notify --slack open <<<hi
		[[ $stderr == *"open: "*"chmod 600 it" ]]
	done
	failed 1 bk-notify --slack missing <<<hi
	told 0
	bk-notify --slack <(cat slack) <<<hi
	told 1
}

@test "what systemd and Kubernetes hand to a service is taken: root's, 0440" {
	[ "$(id -u)" = 0 ] || skip "not root"
	local nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
	chmod 711 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	$nobody test -x "$BK_BIN/bk-notify" || skip "nobody cannot get at $BK_BIN"
	install -m 440 -g 65534 slack credential
	$nobody bk-notify --slack credential <<<hi
	told 1
	install -m 444 slack credential
	failed 3 $nobody bk-notify --slack credential <<<hi
	install -m 460 -g 65534 slack credential
	failed 3 $nobody bk-notify --slack credential <<<hi
	install -m 440 -o 65534 -g 65534 slack credential
	failed 3 $nobody bk-notify --slack credential <<<hi
	told 1
}

@test "a URL file that holds no URL is 3" {
	local content
	for content in '' '\n' 'psecret' 'ftp://h/psecret' 'https://' \
	    'https://h/psecret\nhttps://h/psecret' 'https://h/p secret' \
	    'http://h/psecret\0x' 'https://[psecret' 'https://h:psecret/'; do
		printf "$content" >f
		failed 3 bk-notify --slack f <<<hi
		[[ $stderr == "bk-notify: f: not a URL"* ]]
	done
	head -c 5000 /dev/zero | tr '\0' x >f
	failed 3 bk-notify --ping f --status success
	printf '%s\r\n\n' "$(cat slack)" >f
	bk-notify --slack f <<<hi
	told 1
}

@test "the address shows in no message and in no audit line" {
	export BK_AUDIT_LOG=$PWD/audit.log
	url gone "/404/$SECRET"
	url moved "/301/$SECRET"
	echo "http://127.0.0.1:$(free_port)/ok/$SECRET" >closed
	failed 1 bk-notify --slack gone <<<hi
	[[ $stderr == "bk-notify: slack gone: HTTP 404: word 404 /404/*********/*********" ]]
	failed 1 bk-notify --webhook moved <<<hi
	failed 1 bk-notify --ping closed --status success --retry-for 1s
	[[ $stderr == "bk-notify: ping closed: "*"gave up after 1s" ]]
	bk-notify --slack slack <<<hi
	run -1 grep psecret audit.log
	[ "$(jq -r .destination audit.log | tr '\n' ' ')" = \
	    "slack gone webhook moved ping closed slack slack " ]
	[ "$(jq -r .status audit.log | uniq | tr '\n' ' ')" = "failure success " ]
}

# --- messages

@test "Slack gets the host and the message, escaped as it asks" {
	printf 'a <b> & "c" \\ é\n\n  d\n\n' | bk-notify --slack slack
	[ "$(text)" = "$HOST: a &lt;b&gt; &amp; \"c\" \\ é"$'\n\n'"  d" ]
	bk-notify --slack slack --subject '<!channel> shop' <<<hi
	[ "$(text)" = '&lt;!channel&gt; shop'$'\nhi' ]
	bk-notify --slack slack --subject 'only this' </dev/null
	[ "$(text)" = 'only this' ]
	log hook | jq -se --arg path "/ok/$SECRET" 'all(.method == "POST" and
	    .path == $path and .headers["Content-Type"] == "application/json")'
	told 3
}

@test "bk-age's lines lose the numbers that are for graphs" {
	{ say CRITICAL '2d old'; echo 'BACKUP OK - crm 2h old'; } |
	    bk-notify --slack slack
	[ "$(text)" = "$HOST: BACKUP CRITICAL - shop 2d old"$'\nBACKUP OK - crm 2h old' ]
	printf 'a | b\n' | bk-notify --slack slack
	[ "$(text)" = "$HOST: a | b" ]
}

@test "what is no text becomes text: NUL, control bytes, broken UTF-8, CRLF" {
	printf 'a\0b\033[1mc\xff\xc3(\xed\xa0\x80\r\nd\re\177\xe2\x82' |
	    bk-notify --slack slack
	[ "$(text)" = "$HOST: a?b?[1mc��(���"$'\nd\ne?��' ]
}

@test "no message at all is told, as UNKNOWN" {
	bk-notify --slack slack </dev/null
	[[ $(text) == "$HOST: no message: the command"*"wrote nothing" ]]
	printf ' \n\n' | bk-notify --slack slack --ping ping
	[ "$(log hook | tail -n 1 | jq -r .path)" = "/ok/$SECRET/fail" ]
	bk-notify --slack slack --status success </dev/null
	[ "$(text)" = "$HOST: OK" ]
	failed 1 bash -c 'bk-notify --slack slack <&-'
	[[ $(text) == "$HOST: no message: standard input: read: Bad file descriptor" ]]
}

@test "a long message is cut to what the other side takes, the rest read" {
	head -c 10000000 < <(yes 'é & 0123456789') >long
	bk-notify --slack slack <long
	[ "$(text | tr -d '\n' | wc -m)" -le 40000 ]
	[[ $(text) == *... ]]
	bk-notify --ping ping --status failure --slack slack <long
	[ "$(log hook | tail -n 1 | jq -r .path)" = "/ok/$SECRET" ]
	[ "$(log hook | sed -n 2p | jq -r '.body | utf8bytelength')" = 100000 ]
	url hook /ok
	head -c 10000000 < <(yes x) | bk-notify --webhook hook
	log hook | tail -n 1 | jq -r '.body | fromjson | .message' >got
	[ "$(tail -n 1 got)" = '(the first 1048576 of 10000000 bytes)' ]
	[ "$(wc -c <got)" -lt 1048700 ]
}

# --- webhooks

@test "a webhook gets JSON with all there is, or what the template makes" {
	url hook /ok
	say WARNING '2h old' | bk-notify --webhook hook
	log hook | jq -e --arg h "$HOST" '.body | fromjson |
	    .subject == $h + ": BACKUP WARNING - shop 2h old" and
	    .message == "BACKUP WARNING - shop 2h old" and
	    .status == "WARNING" and .host == $h and
	    (.utc | fromdate) > now - 60'
	cat >t <<-'END'
	{"title": "{subject}", "{host}": {"a": ["{status}{status}", 1.5, null, true]},
	 "body": "{\"no\": {message}} {} {Message} {", "empty": ""}
	END
	printf 'a "quoted"\n\tline {host}' |
	    bk-notify --webhook hook --template t --subject 'S {utc}' --status failure
	[ "$(log hook | tail -n 1 | jq -c '.body | fromjson')" = '{"title":"S {utc}","{host}":{"a":["CRITICALCRITICAL",1.5,null,true]},"body":"{\"no\": a \"quoted\"\n\tline {host}} {} {Message} {","empty":""}' ]
	bk-notify --webhook hook --template t <<<hi
	[ "$(log hook | tail -n 1 | jq -r '.body | fromjson | ."{host}".a[0]')" = '' ]
}

@test "a template that is none is 3, with the line, and shows nothing of it" {
	local n size
	url hook /ok
	printf '{"key": "psecret",\n "text": "{message}"}' >good
	size=$(wc -c <good)
	for ((n = 0; n < size; n += 3)); do
		head -c $n good >cut
		failed 3 bk-notify --webhook hook --template cut <<<hi
		[[ $stderr == "bk-notify: cut: line "*", column "*": no JSON" ]]
	done
	echo '{"a": 1, "a": 2}' >twice
	failed 3 bk-notify --webhook hook --template twice <<<hi
	echo '{"a": "{mesage}"}' >typo
	failed 3 bk-notify --webhook hook --template typo <<<hi
	[[ $stderr == *"typo: '{mesage}' is no variable; there are {message} "* ]]
	failed 1 bk-notify --webhook hook --template missing <<<hi
	told 0
	bk-notify --webhook hook --template good <<<hi
	told 1
}

# --- HTTP

@test "a server that is busy or broken is tried again" {
	local way
	for way in 500-200 503-502-204 408-200 429-200; do
		url r "/$way/$SECRET"
		bk-notify --slack r <<<hi
	done
	told 9
	url r "/429.1-200/$SECRET"
	SECONDS=0
	bk-notify --slack r <<<hi
	[ $SECONDS -ge 1 ]
	told 11
}

@test "waiting ends with --retry-for" {
	url r "/503/$SECRET"
	failed 1 bk-notify --slack r --retry-for 1s <<<hi
	[[ $stderr == "bk-notify: slack r: HTTP 503: word 503 "*"; gave up after 1s" ]]
	url r "/429.3600/$SECRET"
	failed 1 bk-notify --slack r <<<hi
	[[ $stderr == *"HTTP 429: "*"; gave up after 1m" ]]
	url r "/stall/$SECRET"
	failed 1 bk-notify --slack r --retry-for 1s <<<hi
	[[ $stderr == *": Operation timed out "*"; gave up after 1s" ]]
	url r "/cut/$SECRET"
	failed 1 bk-notify --slack r --retry-for 1s <<<hi
	[[ $stderr == *": Empty reply from server; gave up after 1s" ]]
	echo http://no-such-host.invalid/psecret >r
	failed 1 bk-notify --slack r --retry-for 1s <<<hi
	[[ $stderr == *": Could not resolve host: no-such-host.invalid; gave up after 1s" ]]
}

@test "a refusal is not asked again, and a redirect not followed" {
	local code
	for code in 301 302 307 308 400 401 403 404 410 413; do
		url r "/$code/$SECRET"
		failed 1 bk-notify --slack r <<<hi
		[[ $stderr == "bk-notify: slack r: HTTP $code: word $code"* ]]
	done
	told 10
}

@test "TLS is verified, whatever the environment names as authorities" {
	echo "https://localhost:$WEB_PORT/ok/$SECRET" >r
	failed 1 bk-notify --slack r <<<hi
	[[ $stderr == "bk-notify: slack r: SSL certificate problem: "* ]]
	[[ $stderr != *"gave up"* ]]
	CURL_CA_BUNDLE=$BATS_FILE_TMPDIR/web.pem bk-notify --slack r <<<hi
	SSL_CERT_FILE=$BATS_FILE_TMPDIR/web.pem CURL_CA_BUNDLE= \
	    bk-notify --slack r <<<hi
	[ "$(log web | grep -c '"path"')" = 2 ]
	CURL_CA_BUNDLE=$BATS_FILE_TMPDIR/mail.pem failed 1 bk-notify --slack r <<<hi
	CURL_CA_BUNDLE=missing failed 1 bk-notify --slack r <<<hi
	# another host's certificate
	echo "https://127.0.0.1:$WEB_PORT/ok/$SECRET" >r
	CURL_CA_BUNDLE=$BATS_FILE_TMPDIR/web.pem failed 1 bk-notify --slack r <<<hi
	[[ $stderr == *"127.0.0.1"* ]]
	[ "$(log web | grep -c '"path"')" = 2 ]
}

# --- pings

@test "a ping tells start, success and failure; the message is its body" {
	local status
	for status in start success failure; do
		bk-notify --ping ping --status $status </dev/null
	done
	say OK fine | bk-notify --ping ping
	say UNKNOWN 'no listing' | bk-notify --ping ping
	[ "$(log hook | jq -r '.method + " " + .path + " " + .body')" = \
"GET /ok/$SECRET/start 
GET /ok/$SECRET 
GET /ok/$SECRET/fail 
POST /ok/$SECRET BACKUP OK - shop fine
POST /ok/$SECRET/fail BACKUP UNKNOWN - shop no listing" ]
}

@test "a ping's word goes before the query, and behind one slash" {
	url q "/ok/uuid?create=1"
	bk-notify --ping q --status start
	url q "/ok/uuid/"
	bk-notify --ping q --status failure
	url q ""
	bk-notify --ping q --status failure
	[ "$(log hook | jq -r .path | tr '\n' ' ')" = \
	    "/ok/uuid/start?create=1 /ok/uuid/fail /fail " ]
}

@test "a ping without a message leaves standard input alone" {
	printf '1\n2\n3\n' | while read -r n; do
		bk-notify --ping ping --status success
	done
	told 3
}

@test "a ping that was answered 200 and refused all the same is 1" {
	url q '/say/OK+(not+found)'
	failed 1 bk-notify --ping q --status success
	[[ $stderr == 'bk-notify: ping q: HTTP 200: OK (not found)' ]]
	url q '/say/OK'
	bk-notify --ping q --status success
}

@test "a message whose status nobody knows is 3 where one is needed" {
	failed 3 bk-notify --ping ping <<<hi
	failed 3 bk-notify --slack slack --only-change state <<<hi
	failed 3 bk-notify --ping ping <<<'BACKUP CRITICALLY - x'
	failed 3 bk-notify --ping ping <<<'all OK - x'
	failed 3 bk-notify --ping ping <<<'it is OK'
	[[ $stderr == *"say --status success or failure" ]]
	told 0
	[ ! -e state ]
}

# --- mail

# mail NAME: the last mail that the server NAME got, as Python's parser sees
# it: a line for each header of interest, an empty one, the body.
mail() {
	log "$1" | tail -n 1 | /usr/bin/python3 -c 'import email, email.policy, json, sys
sent = json.load(sys.stdin)
m = email.message_from_bytes(sent["content"].encode("latin-1"),
                             policy=email.policy.default)
assert not m.defects and not any(p.defects for p in m.walk())
assert all(len(l) <= 998 for l in sent["content"].split("\r\n"))
assert sent["content"].count("\n") == sent["content"].count("\r\n")
print("envelope:", sent["from"], *sent["to"])
for name in "From", "To", "Subject", "Auto-Submitted", "MIME-Version":
    assert len(m.get_all(name)) == 1, name
    print(f"{name}: {m[name]}")
assert abs(m["Date"].datetime.timestamp() - __import__("time").time()) < 60
assert m["Message-ID"].count("@") == 1 and m["Message-ID"][0] == "<"
body, = m.iter_parts()
assert body.get_content_type() == "text/plain"
assert body.get_content_charset() == "utf-8"
print()
print(body.get_content().replace("\r\n", "\n"), end="")'
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
	bk-notify --mail root --smtp "$PLAIN" --subject 'only this' </dev/null
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
		[[ $stderr == "bk-notify: login: not a login: two lines, user and password" ]]
	done
	printf 'dba\npsecret\n' >login
	chmod 644 login
	failed 3 bk-notify --mail a@b --smtp-login login <<<hi
}

# --- only what is news

@test "a job that fails every hour is told once, and once when it is well" {
	local state
	hourly() { say "$@" | bk-notify --slack slack --only-change state; }
	hourly OK fine
	told 0
	hourly CRITICAL 'first' ; told 1
	hourly CRITICAL 'other words' ; told 1
	hourly WARNING better ; told 1
	hourly UNKNOWN 'cannot look' ; told 1
	hourly OK fine ; told 2
	[[ $(text) =~ ^"$HOST: BACKUP OK - shop fine"$'\n'"Recovered; it was CRITICAL, told first at 20"[0-9T:-]+Z$ ]]
	hourly OK fine ; told 2
	hourly WARNING late ; told 3
	hourly UNKNOWN 'cannot look' ; told 4
	hourly WARNING late ; told 4
	hourly CRITICAL later ; told 5
	bk-notify --slack slack --only-change state --status failure <<<x
	told 5
	bk-notify --slack slack --only-change state --status success <<<x
	told 6
	bk-notify --slack slack --only-change state --status failure <<<x
	told 7
	[ "$(stat -c %a state)" = 600 ]
	grep -qxE 'bk-notify 1 CRITICAL 20[0-9T:-]+Z' state
	[ "$(wc -l <state)" = 1 ]
	[ "$(ls -A)" = $'ping\nslack\nstate' ]
}

@test "since when it is bad is when it was told first, not when it got worse" {
	echo 'bk-notify 1 WARNING 2026-01-02T03:04:05Z' >state
	say CRITICAL x | bk-notify --slack slack --only-change state
	[ "$(cat state)" = 'bk-notify 1 CRITICAL 2026-01-02T03:04:05Z' ]
	say OK x | bk-notify --slack slack --only-change state
	[[ $(text) == *"Recovered; it was CRITICAL, told first at 2026-01-02T03:04:05Z" ]]
}

@test "what could not be told is told the next time" {
	url down "/503-503-503-200/$SECRET"
	url gone "/404/$SECRET"
	failed 1 bk-notify --slack gone --only-change state --status failure <<<hi
	failed 1 bk-notify --slack slack --slack gone --only-change state \
	    --status failure <<<hi
	told 3
	bk-notify --slack slack --only-change state --status failure <<<hi
	told 4
	failed 1 bk-notify --slack gone --only-change state --status success <<<hi
	bk-notify --slack slack --only-change state --status success <<<hi
	told 6
	[[ $(text) == *Recovered* ]]
}

@test "a ping goes out every time" {
	local i
	for i in 1 2 3; do
		say CRITICAL x | bk-notify --slack slack --ping ping --only-change s
	done
	[ "$(log hook | grep -c "/ok/$SECRET/fail")" = 3 ]
	told 4
}

@test "a file that is no memory of ours is 3, kept as it is, and all is told" {
	local n size
	say CRITICAL x | bk-notify --slack slack --only-change good
	size=$(wc -c <good)
	: >"$BATS_FILE_TMPDIR/hook.log"
	for ((n = 1; n < size; n += 4)); do
		head -c $n good >state
		cp state before
		failed 3 bk-notify --slack slack --only-change state --status success <<<x
		[[ $stderr == *"state: not what bk-notify writes; if nobody else does, remove it" ]]
		cmp state before
	done
	told $(((size + 2) / 4))
	for n in 'x' ' ' 'bk-notify 1 FINE 2026-01-02T03:04:05Z' \
	    'bk-notify 1 OK 2026-01-02' 'bk-notify 2 OK 2026-01-02T03:04:05Z' \
	    'bk-notify 1 OK 2026-01-02T03:04:05Z x' 'bk-notify 1 OK 2026-01-02T03:04:05Z
x' "$(head -c 5000 /dev/zero | tr '\0' x)"; do
		echo "$n" >state
		failed 3 bk-notify --slack slack --only-change state --status failure <<<x
	done
	printf 'bk-notify 1 OK 2026-01-02T03:04:05Z\n\0' >state
	failed 3 bk-notify --slack slack --only-change state --status failure <<<x
	# an empty one is one that has not been written to yet
	: >state
	bk-notify --slack slack --only-change state --status success <<<x
	[ ! -s state ]
}

@test "a memory that cannot be kept keeps nobody from being told" {
	failed 1 bk-notify --slack slack --only-change no/dir/s --status failure <<<x
	[[ $stderr == "bk-notify: no/dir/s: No such file or directory" ]]
	mkdir d
	failed 1 bk-notify --slack slack --only-change d --status failure <<<x
	failed 3 bk-notify --slack slack --only-change /dev/null --status failure <<<x
	[ -c /dev/null ]
	: >target
	ln -s target link
	failed 3 bk-notify --slack slack --only-change link --status failure <<<x
	[[ $stderr == *"link: not a regular file" && -L link ]]
	told 4
	# no room for it
	run -1 bash -c 'set -o pipefail; { ulimit -f 0; bk-notify --slack slack \
	    --only-change s --status failure <<<x; } 2>&1 | cat'
	[[ $output == "bk-notify: s: "*"File too large" ]]
	[ ! -s s ]
	bk-notify --slack slack --only-change s --status failure <<<x
	told 6
	[ -s s ]
	# and of two troubles both are told
	url gone /404
	failed 1 bk-notify --slack gone --only-change no/dir/s --status failure <<<x
	[[ $stderr == *"slack gone: HTTP 404"*"; no/dir/s: No such file or directory" ]]
}

@test "of many at once one tells" {
	local i pids=()
	for i in {1..12}; do
		bk-notify --slack slack --only-change s --status failure <<<x &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	told 1
	for i in {1..12}; do
		bk-notify --slack slack --only-change s --status success <<<x &
		pids[i - 1]=$!
	done
	for i in "${pids[@]}"; do wait "$i"; done
	told 2
}

@test "killed while it tries, it has told nothing and remembers nothing" {
	local sig status pid
	url stall "/stall/$SECRET"
	for sig in KILL TERM INT; do
		: >"$BATS_FILE_TMPDIR/hook.log"
		status=0
		# a command in the background ignores SIGINT
		env --default-signal=INT bk-notify --slack stall --only-change s \
		    --status failure <<<x 2>err &
		pid=$!
		await 10 told 1 2>/dev/null
		kill -$sig $pid
		wait $pid || status=$?
		[ $status = $((128 + $(kill -l $sig))) ]
		[ ! -s s ] && [ ! -s err ]
	done
	bk-notify --slack slack --only-change s --status failure <<<x
	[ -s s ]
	[ "$(ls -A)" = $'err\nping\ns\nslack\nstall' ]
}

# --- the audit log

# record TIME DURATION OPERATION STATUS [SOURCE [ERROR [HOST]]]
record() {
	jq -nc --arg t "$1" --argjson d "$2" --arg o "$3" --arg s "$4" \
	    --arg src "${5:-standard input}" --arg e "${6:-}" --arg h "${7:-db1}" \
	    '{timestamp: $t, operation: $o, type: null, source: $src,
	    destination: null, size_bytes: 1, duration_seconds: $d, status: $s,
	    error: (if $e == "" then null else $e end), user: "pg", host: $h,
	    pid: 7, version: "1"}'
}

@test "the last run that failed is told in a line" {
	record 2026-11-21T02:15:00Z 192.5 bk-dump failure shop 'connection lost' >log
	bk-notify --slack slack --from-audit=log
	[ "$(text)" = "$HOST: bk-dump shop failed on db1 at 2026-11-21T02:15:00Z after 3m12s: connection lost" ]
	record 2026-11-21T03:15:00Z 0.2 bk-dump success shop >>log
	bk-notify --ping ping --slack slack --from-audit=log
	[ "$(text)" = "$HOST: bk-dump shop succeeded on db1 at 2026-11-21T03:15:00Z after 0s" ]
	[ "$(log hook | sed -n 2p | jq -r .path)" = "/ok/$SECRET" ]
	# what was to be told has left no record
	BK_AUDIT_LOG=log bk-notify --slack slack --from-audit --status failure
	[[ $(text) == "$HOST: failed, and left no record; the last is: bk-dump shop succeeded"* ]]
	# nor do our own runs count
	[ "$(wc -l <log)" = 3 ]
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *"bk-dump shop succeeded"* ]]
}

@test "of a pipeline that failed its cause is told, wherever it was" {
	export BK_AUDIT_LOG=$PWD/log
	run -1 bash -c 'set -o pipefail; bk-seal sh -c "echo x; exit 9" | bk-gz | bk-save d/{utc}'
	[ "$(tail -n 1 log | jq -r .operation)" != bk-seal ]
	bk-notify --slack slack --from-audit
	[[ $(text) == "$HOST: bk-seal sh failed on $HOST at 20"*": sh: exit status 9; not sealed" ]]
	rm log
	mkdir d
	run -1 bash -c 'set -o pipefail; { printf x; read -r -t 0.3 <> <(:); } | bk-gz | { bk-save no/such/x; }'
	bk-notify --slack slack --from-audit
	[[ $(text) == "$HOST: bk-save no/such/x failed on "* ]]
}

@test "databases that fail in a row are told each by its name" {
	local db
	export BK_AUDIT_LOG=$PWD/log
	for db in a b c; do
		run -3 bash -c "set -o pipefail; bk-seal ./$db | bk-gz | bk-save d"
		bk-notify --slack slack --from-audit
		[[ $(text) == "$HOST: bk-seal ./$db failed on "* ]]
		# twice is the same
		bk-notify --slack slack --from-audit
		[[ $(text) == "$HOST: bk-seal ./$db failed on "* ]]
	done
}

@test "the cause is of the same host, the same user, the same moment" {
	local t=2026-11-21T02
	{ record $t:10:00Z 10 bk-dump failure old 'long ago'
	  record $t:14:59Z 10 bk-dump failure there 'elsewhere' db2
	  record $t:14:59Z 10 bk-dump failure theirs 'not ours' | jq -c '.user = "u"'
	  record $t:14:59Z 300 bk-dump failure other 'began earlier'
	  record $t:14:59Z 9.5 bk-dump success fine
	  record $t:15:00Z 10 bk-notify failure x 'not told'
	  record $t:14:59Z 9.9 bk-dump failure shop 'the cause'
	  record $t:15:00Z 10 bk-notify failure x 'of another host' db2
	  record $t:15:00Z 10 bk-gz failure '' 'unfinished'
	  record $t:15:00Z 10 bk-s3put success ''; } >log
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *"bk-dump shop failed"*": the cause" ]]
}

@test "a log that cannot be read is told instead, and fails" {
	failed 1 bk-notify --slack slack --from-audit=missing
	[ "$stderr" = "bk-notify: missing: No such file or directory" ]
	[ "$(text)" = "$HOST: no message: missing: No such file or directory" ]
	: >log
	failed 4 bk-notify --slack slack --ping ping --from-audit=log
	[ "$(log hook | tail -n 1 | jq -r .path)" = "/ok/$SECRET/fail" ]
	record 2026-11-21T02:15:00Z 1 bk-notify success >log
	failed 4 bk-notify --slack slack --from-audit=log
	echo '{"half":' >>log
	failed 3 bk-notify --slack slack --from-audit=log
	[[ $(text) == "$HOST: no message: log: line 2: "* ]]
	told 5
}

@test "a run is a line of the audit log" {
	BK_AUDIT_LOG=log bk-notify --slack slack --mail a@b --smtp "$PLAIN" <<<12345
	jq -e '.operation == "bk-notify" and .type == "notify" and
	    .source == "standard input" and .size_bytes == 5 and
	    .destination == "slack slack, mail a@b" and .status == "success"' log
}

# --- the page

@test "the page's examples" {
	export PATH=$PWD:$PATH BK_AUDIT_LOG=$PWD/log WHEN CURL_CA_BUNDLE
	WHEN=$(date -u -d '-3 days' +%Y-%m-%dT%H:%M:%SZ)
	CURL_CA_BUNDLE=$BATS_FILE_TMPDIR/mail.pem
	bk-s3ls() { printf '%s\t9999999\ts3://b/shop/%s.bk\n' "$WHEN" "${WHEN//[:-]/}"; }
	bk-dump() { bk-seal false; }
	bk-s3put() { bk-save "$PWD/x"; }
	bk-crypt() { bk-gz; }
	export -f bk-s3ls bk-dump bk-s3put bk-crypt
	mkdir etc backups backups/shop
	cp ping etc/ping
	url etc/teams /ok
	printf 'dba\ncorrect horse\n' >etc/smtp
	head -c 2000000 /dev/urandom | bk-save "backups/shop/{utc}.bk"
	mandoc -Tascii "$TOP/man/bk-notify.1" | col -bx |
	    sed -n '/^EXAMPLES/,/^SEE ALSO/p' | sed -n 's/^ \{11\}//p' |
	    sed "s,/etc/bk,$PWD/etc,; s,/var/lib/bk,$PWD,; s,/backups,$PWD/backups,
		s,s3:/.*/backups,s3://b,
		s,mail.example.org,localhost:$TLS_PORT," >examples
	[ "$(grep -c bk-notify examples)" = 6 ]
	run -0 bash -o pipefail examples <slack
	[ "$(log tls | jq -r '.to[0], .user' | tr '\n' ' ')" = 'dba@example.org dba ' ]
	mail tls | grep -q '^bk-seal false failed on '
	[ "$(log hook | jq -r .path | tr '\n' ' ')" = \
	    "/ok/$SECRET /ok/$SECRET/start /ok/$SECRET/fail /ok " ]
	[[ $(log hook | sed -n 3p | jq -r .body) == "bk-seal false failed on "* ]]
	log hook | tail -n 1 | jq -e '.body | fromjson |
	    .attachments[0].content.body[1].text | startswith("BACKUP OK - ")'
	[ "$(cut -d ' ' -f 1-3 shop.told)" = 'bk-notify 1 CRITICAL' ]
}

@test "the example of --help" {
	mkdir etc
	cp slack etc/slack
	bk-s3ls() { printf '2026-11-21T05:27:19Z\t9999999\ts3://b/shop/x.bk\n'; }
	export -f bk-s3ls
	bk-notify --help | sed -n "s,/etc/bk,$PWD/etc,; s/^Example: //p" >example
	bash -e example
	[[ $(text) == "$HOST: BACKUP "* ]]
}
