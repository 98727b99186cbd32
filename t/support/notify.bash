# Who is told, on loopback, for bats files:  load support/notify   (after common)
#
#	setup_file() { receivers; serve plain mailhost.py plain; }
#
# starts a hook (hook.py) and what else is wanted for the file's tests, and
# sets $HOOK, its address, and $SECRET, the part of it that must not show.
# Each test begins with empty logs and the files slack and ping.

# receivers: the hook; nothing of this machine's gets in its way.
receivers() {
	local name
	cd "$BATS_FILE_TMPDIR"
	for name in $(compgen -e | grep -i '_proxy$'); do
		unset "$name"
	done
	unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
	serve hook hook.py
	export HOOK=http://127.0.0.1:$HOOK_PORT SECRET=T0psecret/B0psecret
	HOST=$(uname -n)
	export HOST
}

# serve NAME SCRIPT ARGUMENT...: start it, export its port as NAME_PORT; its
# log is $BATS_FILE_TMPDIR/NAME.log.
serve() {
	local name=$1 log=$BATS_FILE_TMPDIR/$1.log
	"$SUPPORT/$2" "${@:3}" >>"$log" 2>"$log.err" </dev/null 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/pids"
	await grep -q '^listening [0-9]' "$log" || { cat "$log.err" >&2; return 1; }
	export "${name^^}_PORT=$(sed -n 's/^listening //p' "$log")"
}

# certificate NAME ALTNAMES
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1.key" -out "$1.pem" -days 30 -subj /CN=localhost \
	    -addext "subjectAltName=$2" 2>/dev/null
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

# mail NAME: the last mail that the server NAME got, as Python's parser sees
# it: a line for each header of interest, an empty one, the body.
mail() {
	log "$1" | tail -n 1 | /usr/bin/python3 -c 'import email, email.policy, base64, json, re, sys
sent = json.load(sys.stdin)
m = email.message_from_bytes(sent["content"].encode("latin-1"),
                             policy=email.policy.default)
assert not m.defects and not any(p.defects for p in m.walk())
assert all(len(l) <= 998 for l in sent["content"].split("\r\n"))
assert sent["content"].count("\n") == sent["content"].count("\r\n")
assert "=0A" not in sent["content"]
for word in re.findall(r"=[?]UTF-8[?]B[?](.*?)[?]=", sent["content"]):
    assert len(word) <= 63 and base64.b64decode(word).decode()
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
