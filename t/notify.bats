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
