#!/usr/bin/env bats
# bk-notify: what is told by HTTP, and that no secret of an address shows.

load support/common
load support/notify

setup_file() {
	receivers
	certificate web DNS:localhost
	certificate other DNS:localhost
	serve web hook.py "$PWD/web.pem" "$PWD/web.key"
}

# --- usage errors

@test "a usage error is 2, and tells nobody" {
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
	[[ $output == *"command lines are visible to all users"* && $output != *psecret* ]]
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
	[ "$(id -u)" = 0 ] || skip "takes root"
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
	echo "http://dba:B0psecret@127.0.0.1:$HOOK_PORT/403/x" >login
	failed 1 bk-notify --slack login <<<hi
	[[ $stderr == "bk-notify: slack login: HTTP 403: word 403 /403/x dba:*********" ]]
	run -1 grep psecret audit.log
	[ "$(jq -r .destination audit.log | tr '\n' ' ')" = \
	    "slack gone webhook moved ping closed slack slack slack login " ]
	[ "$(jq -r .status audit.log | uniq | tr '\n' ' ')" = "failure success failure " ]
}

# --- messages

@test "Slack gets the host and the message, escaped as it asks" {
	printf 'a <b> & "c" \\ é\n\n  d\n\n' | bk-notify --slack slack
	[ "$(text)" = "$HOST: a &lt;b&gt; &amp; \"c\" \\ é"$'\n\n'"  d" ]
	bk-notify --slack slack --subject '<!channel> shop' <<<hi
	[ "$(text)" = '&lt;!channel&gt; shop'$'\nhi' ]
	bk-notify --slack slack --subject 'only this' --status success </dev/null
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
	printf 'a\302\23331m\302\240b' | bk-notify --slack slack
	[ "$(text)" = "$HOST: a?31m"$'\xc2\xa0b' ]
}

@test "no message at all is told, as UNKNOWN" {
	bk-notify --slack slack </dev/null
	[[ $(text) == "$HOST: no message: standard input is empty" ]]
	bk-notify --slack slack --subject shop --only-change state </dev/null
	[[ $(text) == $'shop\nno message: standard input is empty' ]]
	[ "$(sed -n '2s, .*,,p' state)" = UNKNOWN ]
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
	bk-notify --slack slack --ping ping --status failure < <(printf 123456789012345; cat long)
	[ "$(log hook | tail -n 1 | jq -r '.body | utf8bytelength')" = 99999 ]
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
	# a host's name that is no part of a URL
	if unshare -u true; then
		unshare -u sh -c 'echo "db 1/a" >/proc/sys/kernel/hostname
		    bk-notify --webhook hook' <<<hi
		[ "$(log hook | tail -n 1 | jq -r '.body | fromjson | .host')" = db-1-a ]
	fi
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
		[[ $stderr == "bk-notify: cut: line "*", column "*": not JSON" ]]
	done
	echo '{"a": 1, "a": 2}' >twice
	failed 3 bk-notify --webhook hook --template twice <<<hi
	echo '{"a": "{mesage}"}' >typo
	failed 3 bk-notify --webhook hook --template typo <<<hi
	[[ $stderr == *"typo: '{mesage}' is not a variable; use {message} "* ]]
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
	# what our own end cuts short tells less than the try before
	url r "/cut-stall/$SECRET"
	failed 1 bk-notify --slack r --retry-for 5s <<<hi
	[[ $stderr == *": Empty reply from server; gave up after 5s" ]]
	echo http://no-such-host.invalid/psecret >r
	failed 1 bk-notify --slack r --retry-for 1s <<<hi
	[[ $stderr == *": Could not resolve host: no-such-host.invalid; gave up after 1s" ]]
}

@test "who refuses a long message, as Discord and Teams do, is told its beginning" {
	head -c 100000 < <(yes 'é & 0123456789') >long
	{ say CRITICAL gone; cat long; } >all
	url r "/400-200/$SECRET"
	bk-notify --slack r --status failure <all
	[ "$(text | wc -m)" -lt 2000 ]
	[[ $(text) == "$HOST: BACKUP CRITICAL - shop gone"$'\n'*... ]]
	url r "/413-200/$SECRET"
	bk-notify --webhook r --status failure --only-change state <all
	log hook | tail -n 1 | jq -re '.body | fromjson | .message' >got
	[ "$(wc -c <got)" -lt 1600 ]
	told 4
	url r "/413/$SECRET"
	failed 1 bk-notify --slack r <long
	told 6
	url r "/403/$SECRET"
	failed 1 bk-notify --slack r <long
	told 7
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
	CURL_CA_BUNDLE=$BATS_FILE_TMPDIR/other.pem failed 1 bk-notify --slack r <<<hi
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

@test "a message whose status nobody knows is 3 where one is needed, and told as UNKNOWN" {
	failed 3 bk-notify --ping ping <<<hi
	log hook | jq -se --arg path "/ok/$SECRET/fail" '.[0].path == $path and .[0].body == "hi"'
	failed 3 bk-notify --slack slack --only-change state <<<hi
	[ "$(text)" = "$HOST: hi" ]
	[ "$(sed -n '2s, .*,,p' state)" = UNKNOWN ]
	failed 3 bk-notify --slack slack --only-change state <<<ho
	told 2
	failed 3 bk-notify --ping ping <<<'BACKUP CRITICALLY - x'
	failed 3 bk-notify --ping ping <<<'all OK - x'
	failed 3 bk-notify --ping ping <<<'it is OK'
	[[ $stderr == *"say --status success or failure" ]]
	told 5
}
