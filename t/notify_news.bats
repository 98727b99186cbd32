#!/usr/bin/env bats
# bk-notify: that it is told once; what is made of the audit log; the examples.

load support/common
load support/notify

setup_file() {
	receivers
	serve plain mailhost.py plain
	export PLAIN=smtp://127.0.0.1:$PLAIN_PORT
	certificate mail DNS:localhost,IP:127.0.0.1
	serve tls mailhost.py tls "$PWD/mail.pem" "$PWD/mail.key"
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
	[[ $(text) =~ ^"$HOST: BACKUP OK - shop fine"$'\n'"Recovered; it was CRITICAL, first reported at 20"[0-9T:-]+Z$ ]]
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
	grep -qxE 'CRITICAL (20[0-9T:-]+Z) \1 ' state
	[ "$(head -n 1 state)" = 'bk-notify 2' ]
	[ "$(wc -l <state)" = 2 ]
	[ "$(ls -A)" = $'ping\nslack\nstate' ]
}

@test "since when it is bad is when it was told first, not when it got worse" {
	local t=2026-01-02T03:04:05Z
	printf 'bk-notify 2\nWARNING %s %s \n' $t $t >state
	say CRITICAL x | bk-notify --slack slack --only-change state
	grep -qxE "CRITICAL $t 20[0-9T:-]+Z " state
	say OK x | bk-notify --slack slack --only-change state
	[[ $(text) == *"Recovered; it was CRITICAL, first reported at 2026-01-02T03:04:05Z" ]]
}

# now_is SUBJECT...: as bk-age --json has them, STATE NAME WORDS each, told or
# not told.
now_is() {
	local line
	for line; do
		jq -nc --arg s "${line%% *}" --arg n "$(cut -d ' ' -f 2 <<<"$line")" \
		    --arg w "$(cut -d ' ' -f 3- <<<"$line")" '{kind: "backup",
		    name: $n, series: $n, status: $s, note: $w, checks: {}}'
	done | jq -sc '{time: "2026-11-21T05:27:19Z", subjects: .}' |
	    bk-notify --slack slack --only-change state "${REMIND[@]}"
}

@test "each database is told for itself" {
	local REMIND=() first
	now_is 'CRITICAL shop 3d old' 'OK blog 1h old'
	told 1
	now_is 'CRITICAL shop 3d old' 'OK blog 1h old'
	told 1
	# a second outage while the first lasts: it comes first
	now_is 'CRITICAL shop 3d old' 'WARNING blog 1d old'
	told 2
	[[ $(text) == "$HOST: BACKUP WARNING - blog: 1d old"$'\n'"BACKUP CRITICAL - shop: 3d old" ]]
	first=$(awk '$4 == "shop" { print $2 }' state)
	now_is 'CRITICAL blog 2d old' 'CRITICAL shop 3d old'
	told 3
	now_is 'CRITICAL shop 3d old' 'OK blog 1m old'
	told 4
	[[ $(text) =~ "BACKUP OK - blog: 1m old".*"blog: recovered; it was CRITICAL, first reported at 20"[0-9T:-]+Z$ ]]
	[ "$(awk '{ print $4 }' state)" = $'\nshop' ]
	# another message without a state for each line does not hide them
	bk-notify --slack slack --only-change state --status failure <<<x
	told 5
	bk-notify --slack slack --only-change state </dev/null
	now_is 'CRITICAL shop 3d old'
	told 6
	[[ $(text) == *"No longer reported; it was CRITICAL, "* ]]
	now_is 'OK shop 1m old'
	told 7
	[[ $(text) == *"shop: recovered; it was CRITICAL, first reported at $first" ]]
	[ "$(cat state)" = 'bk-notify 2' ]
}

@test "a database that is not mentioned any more" {
	local REMIND=()
	now_is 'CRITICAL shop 3d old' 'CRITICAL blog 3d old'
	# what could not be looked at may be as bad as it was
	now_is 'UNKNOWN listing standard input: the bucket is gone'
	told 2
	now_is 'CRITICAL shop 3d old' 'CRITICAL blog 3d old'
	told 3
	[[ $(text) == *"listing: no longer reported; it was UNKNOWN, "* ]]
	now_is 'CRITICAL shop 3d old' 'UNKNOWN listing standard input: gone'
	told 4
	now_is 'CRITICAL shop 3d old' 'OK crm 1h old'
	told 5
	[[ $(text) == *"blog: no longer reported; it was CRITICAL, "* ]]
	now_is 'OK crm 3d old'
	told 6
	[[ $(text) == *"shop: no longer reported; it was CRITICAL, "* ]]
	# who failed before he knew his job is well, whatever is hidden
	bk-notify --slack slack --only-change state --status failure <<<x
	now_is 'OK shop 1h old' 'OK crm 1h old'
	told 8
	[[ $(text) == *$'\nRecovered; it was CRITICAL, '* ]]
	# no text but a subject
	bk-notify --slack slack --only-change state --status failure <<<x
	bk-notify --slack slack --only-change state --status success \
	    --subject shop </dev/null
	told 10
	[[ $(text) == *$'shop\nRecovered; it was CRITICAL, '* ]]
}

@test "of bk-age --json people read the lines that bk-age prints" {
	local i
	for ((i = 0; i < 90; i++)); do
		printf '2026-01-02T03:04:05Z\t9\ts3://b/db%02d/db%02d_20260102T030405Z.bk\n' $i $i
	done >l
	run -2 bk-age --log "$TOP/README.md" <l
	sed '1s/ |.*//; s/; no performance data of .*//' <<<"$output" >lines
	grep -q '^and [0-9]* more: ' lines
	bk-age --json --log "$TOP/README.md" <l >json || :
	bk-notify --slack slack <json
	# without the numbers for graphs more of them fit
	[ "$(text | head -n 8 | sed 's/[0-9a-z]* old//')" = "$HOST: $(head -n 8 lines | sed 's/[0-9a-z]* old//')" ]
	[[ $(text) == *$'\nand '*' more: '* ]]
	# all of them count, those too that are left out of the lines
	bk-notify --slack slack --only-change state <json
	[ "$(grep -c '^CRITICAL .* db[0-9][0-9]$' state)" = 90 ]
	bk-notify --slack slack --only-change state <json
	told 2
	jq -c '(.subjects[] | select(.name == "db77")).status = "OK"' json |
	    bk-notify --slack slack --only-change state
	[[ $(text) == "$HOST: BACKUP OK - db77: "* ]]
	# cut off, it is no report, nor good news
	jq -c '.subjects[].status = "OK"' json >good
	head -c 3000 good >cut
	failed 3 bk-notify --slack slack --only-change new <cut
	[ "$(cut -d ' ' -f 1,4 new)" = $'bk-notify\nUNKNOWN ' ]
	# what bk-age prints for people has one state
	bk-notify --slack slack --only-change other <lines
	[ "$(cut -d ' ' -f 1,4 other)" = $'bk-notify\nCRITICAL ' ]
}

@test "the file is another's meanwhile: what that one told is not told again" {
	local pid
	printf 'bk-notify 2\n' >state
	cp state new
	date -u +'CRITICAL %FT%TZ %FT%TZ ' >>new
	exec 9<state
	flock 9
	bk-notify --slack slack --only-change state --status failure <<<x \
	    3>&- 9>&- &
	pid=$!
	await grep -q -- "-> FLOCK .* $pid " /proc/locks
	mv new state
	exec 9>&-
	wait $pid
	told 0
}

@test "--remind tells again what stays bad" {
	local REMIND=(--remind 24h) t
	now_is 'CRITICAL shop 3d old' 'OK blog 1h old'
	now_is 'CRITICAL shop 3d old' 'OK blog 1h old'
	told 1
	t=$(date -u -d '-86401 seconds' +%Y-%m-%dT%H:%M:%SZ)
	sed -i -E "s/ 20[^ ]* shop/ $t shop/" state
	now_is 'WARNING shop 3d old' 'OK blog 1h old'
	told 2
	[[ $(text) =~ "shop: still CRITICAL, first reported at 20"[0-9T:-]+Z$ ]]
	now_is 'CRITICAL shop 3d old' 'OK blog 1h old'
	told 2
	# told by a clock that was ahead
	sed -i -E "s/ 20[^ ]* shop/ 2099-01-01T00:00:00Z shop/" state
	now_is 'CRITICAL shop 3d old'
	told 3
	REMIND=()
	sed -i -E "s/ 20[^ ]* shop/ $t shop/" state
	now_is 'CRITICAL shop 3d old'
	told 3
	run -2 bk-notify --slack slack --remind 24h <<<x
	run -2 bk-notify --slack slack --only-change state --remind 0 <<<x
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
		[[ $stderr == *"state: not written by bk-notify; remove it if nothing else uses it" ]]
		cmp state before
	done
	told $(((size + 2) / 4))
	size=2026-01-02T03:04:05Z
	for n in 'x' ' ' "FINE $size $size " "CRITICAL 2026-01-02 $size " \
	    "CRITICAL $size" "CRITICAL  $size $size " "CRITICAL $size x " x \
	    "$(head -c 5000 /dev/zero | tr '\0' x)"; do
		printf 'bk-notify 2\n%s\n' "$n" >state
		failed 3 bk-notify --slack slack --only-change state --status failure <<<x
	done
	printf 'bk-notify 1 OK %s\n' "$size" >state
	failed 3 bk-notify --slack slack --only-change state --status failure <<<x
	printf 'bk-notify 2\nCRITICAL %s %s a\0b\n' "$size" "$size" >state
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
		await told 1 2>/dev/null
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
	[[ $(text) == "$HOST: failed, and left no audit line; the last one: bk-dump shop succeeded"* ]]
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

@test "what was found damaged is told with its place" {
	local t=2026-11-21T02:15:00Z
	{ record $t 9 bk-s3get success s3://b/shop/x.bk | jq -c '.type = "download"'
	  record $t 9 bk-verify failure shop 'payload: damaged: chunk 1'; } >log
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *"bk-verify shop failed"*": payload: damaged: chunk 1; it was read from s3://b/shop/x.bk" ]]
	{ record $t 9 bk-s3get failure s3://b/shop/x.bk 'no such object' |
	    jq -c '.type = "download"'
	  record $t 9 bk-verify failure shop 'standard input: unfinished'; } >log
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *"bk-s3get s3://b/shop/x.bk failed"*": no such object" ]]
}

@test "a stage that was killed is the cause" {
	export BK_AUDIT_LOG=$PWD/log
	run -3 bash -c 'set -o pipefail
	    bk-seal sh -c "kill -9 \$PPID" | bk-gz | bk-save d'
	await grep -q '"error":"killed' log
	bk-notify --slack slack --from-audit
	[[ $(text) == "$HOST: bk-seal sh failed on $HOST at 20"*": killed "* ]]
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

@test "what followed from a failure is not told for it, whichever came first" {
	local t=2026-11-21T02:15:00Z
	{ record $t 9 bk-gz failure '' 'standard input: unfinished: it is cut'
	  record $t 9 bk-dump failure shop 'killed or crashed'
	  record $t 9 bk-tar failure '' 'standard output: write: Broken pipe'
	  record $t 9 bk-crypt failure '' 'another trouble'; } >log
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *"bk-dump shop failed"*": killed or crashed" ]]
	record 2026-11-21T03:15:00Z 9 bk-gz failure '' 'standard input: unfinished' >>log
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *": bk-gz failed"*": standard input: unfinished" ]]
}

@test "the cause is of the same host, the same user, the same moment" {
	local t=2026-11-21T02
	{ record $t:09:00Z 10 bk-notify failure x 'not told'
	  record $t:10:00Z 10 bk-dump failure old 'long ago'
	  record $t:14:59Z 10 bk-dump failure there 'elsewhere' db2
	  record $t:14:59Z 10 bk-dump failure theirs 'not ours' | jq -c '.user = "u"'
	  record $t:14:59Z 300 bk-dump failure other 'began earlier'
	  record $t:14:59Z 9.5 bk-dump success fine
	  record $t:14:59Z 9.9 bk-dump failure shop 'the cause'
	  record $t:15:00Z 10 bk-notify failure x 'of another host' db2
	  record $t:15:00Z 10 bk-gz failure '' 'unfinished'
	  record $t:15:00Z 10 bk-s3put success ''; } >log
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *"bk-dump shop failed"*": the cause" ]]
}

@test "one file for the jobs of several databases: each has its own news" {
	local i=0
	# job NAME STATUS: one more run, by bk-dump and what stores it
	job() {
		i=$((i + 1))
		local t end=success
		t=$(date -u -d "2026-11-21T02:00:00Z + $i hour" +%Y-%m-%dT%H:%M:%SZ)
		if [ "$2" = failure ]; then end=failure; fi
		{ record "$t" 9 bk-dump "$2" "$1" lost | jq -c '.type = "dump"'
		  record "$t" 9 bk-s3put $end '' unfinished |
		    jq -c ".type = \"upload\" | .destination = \"s3://b/$1/$i.bk\""
		} >>log
		bk-notify --slack slack --from-audit=log --only-change s
	}
	job shop failure ; told 1
	job blog failure ; told 2
	job shop failure ; told 2
	job blog success ; told 3
	[[ $(text) == *"Recovered; it was CRITICAL, first reported at "* ]]
	job shop failure ; told 3
	job shop success ; told 4
	[ "$(cat s)" = 'bk-notify 2' ]
}

@test "stages are told apart by their run, those of one moment as well" {
	local t=2026-11-21T02:15:00Z
	of() { jq -c ".run = \"00000000000000$1\""; }
	{ record $t 9 bk-dump failure shop 'disk on fire' | of aa
	  record $t 9 bk-dump failure blog 'connection lost' | of bb
	  record $t 9 bk-gz failure '' 'standard input: unfinished' | of bb; } >log
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *"bk-dump blog failed"*": connection lost" ]]
	record $t 9 bk-gz failure '' 'standard input: unfinished' | of aa >>log
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *"bk-dump shop failed"*": disk on fire" ]]
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
	# what a crash cut off hides no other
	record 2026-11-21T02:15:00Z 1 bk-dump failure shop lost >>log
	echo x >>log
	bk-notify --slack slack --from-audit=log
	[[ $(text) == *"bk-dump shop failed"*": lost" ]]
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
	[ "$(cut -d ' ' -f 1,4 shop.told)" = $'bk-notify\nCRITICAL shop' ]
}

@test "the example of bk-audit(1): a week of the audit log as a message" {
	bk-seal echo x </dev/null | BK_AUDIT_LOG=$PWD/bk.log bk-gz >/dev/null
	sed -n '/^bk-audit --report 7d/,/^\.Ed/{/^\.Ed/!p}' "$TOP/man/bk-audit.1" |
	    sed "s,/var/log,$PWD,; s,/etc/bk,$PWD," >example
	[ "$(grep -c bk-notify example)" = 1 ]
	run -0 bash -o pipefail example
	told 1
	[[ $(text) == "backups, the last week"$'\n'"# Backups: the last 7d"$'\n'* ]]
	[[ $(text) == *"| $PWD/bk.log | 1 | "* ]]
	# no run is no silence
	run -0 bash -c 'bk-audit --report 7d /dev/null | bk-notify --slack slack'
	told 2
	[[ $(text) == *"no message: standard input is empty"* ]]
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
