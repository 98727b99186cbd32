#!/usr/bin/env bats
# Every tool leaves one line in the audit log, however its run ends.

load support/common
load support/pg
load support/s3

setup_file() {
	local source
	TOOLS=
	for source in "$TOP"/bin/bk-*.c; do
		source=${source##*/}
		# which have no runs of their own
		[[ $source == bk-audit.c || $source == bk-check.c ]] ||
		    TOOLS+=" ${source%.c}"
	done
	rgw_start
	s3_mb backups
	pg_start "$BATS_FILE_TMPDIR/pg"
	createdb shop
	psql -qd shop -c 'create table t as select 1 as a'
	# nothing listens there; something that never answers listens here
	CLOSED=$(free_port)
	perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 99,
	    LocalAddr => "127.0.0.1"); $| = 1; print $s->sockport, "\n"; sleep' \
	    >"$BATS_FILE_TMPDIR/hole" 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/hole.pid"
	await test -s "$BATS_FILE_TMPDIR/hole"
	HOLE=$(cat "$BATS_FILE_TMPDIR/hole")
	export TOOLS CLOSED HOLE

	cd "$BATS_FILE_TMPDIR"
	mkdir -p many dir
	(cd many && touch bk-{1..3000}.a-name-that-is-not-that-short)
	bk-keygen -o key
	bk-dump -q shop >shop.bk
	echo data >in
	printf '1\t0/3000158\tno target\n' >00000002.history
	echo s3://backups/nothing >names
	printf '%s\t%s\tb/shop-%s.bk\n' "$(date -u +%FT%TZ)" 2000000 \
	    "$(date -u +%Y%m%dT%H%M%SZ)" >listing
	bk-s3put -q s3://backups/there <in
	echo http://127.0.0.1:"$CLOSED"/ >url
	chmod 600 url
	mkfifo pipe full
}

teardown_file() {
	kill "$(cat "$BATS_FILE_TMPDIR/hole.pid")" || :
	pg_stop "$BATS_FILE_TMPDIR/pg"
	rgw_stop
}

setup() {
	cd "$BATS_FILE_TMPDIR"
	export BK_AUDIT_LOG=$BATS_TEST_TMPDIR/audit.log
	BK_RECIPIENTS=$(bk-keygen -y key)
	export BK_RECIPIENTS BK_IDENTITY=$PWD/key OUT=$BATS_TEST_TMPDIR
	rm -f "$BK_AUDIT_LOG"
}

# good TOOL: a call that succeeds.
good() {
	case $1 in
	bk-age) echo 'bk-age <listing' ;;
	bk-prune) echo 'bk-prune -d 3 <listing' ;;
	bk-crypt | bk-gz | bk-zst) echo "$1 <in >$OUT/out" ;;
	bk-base) echo 'bk-base -qc fast >/dev/null' ;;
	bk-dump) echo 'bk-dump -q shop >/dev/null' ;;
	bk-keygen) echo "bk-keygen -o $OUT/new" ;;
	bk-ls) echo 'bk-ls many' ;;
	bk-pitr) echo 'BK_AUDIT_LOG= bk-base -qc fast |
	    bk-pitr -q -D nowhere --dry-run --target latest >/dev/null' ;;
	bk-restore) echo 'bk-restore -q copy <shop.bk' ;;
	bk-rm) echo "echo $OUT/out >$OUT/name; bk-rm <$OUT/name" ;;
	bk-s3get) echo 'bk-s3get s3://backups/there >/dev/null' ;;
	bk-s3ls) echo 'bk-s3ls s3://backups/' ;;
	bk-s3put) echo 'bk-s3put -q s3://backups/put <in' ;;
	bk-s3rm) echo 'bk-s3rm <names' ;;
	bk-save) echo "bk-save -q $OUT/saved <in" ;;
	bk-run) echo 'bk-run -- "cat in >/dev/null"' ;;
	bk-seal) echo 'bk-seal echo x' ;;
	bk-stat) echo 'bk-stat shop' ;;
	bk-tee) echo 'bk-tee "cat >/dev/null" <in' ;;
	bk-verify) echo 'bk-verify <shop.bk' ;;
	bk-walget) echo "bk-walget 00000002.history $OUT/history -- 'exit 4' || [ \$? = 1 ]" ;;
	bk-walput) echo "bk-walput 00000002.history -- 'cat >/dev/null'" ;;
	bk-walrecv) return 1 ;;		# it ends by a signal, or fails
	bk-notify) return 1 ;;		# it takes a server, see its own tests
	*) echo "echo no call of $1 is known here" ;;
	esac
}

# bad TOOL: one that fails when it has begun.
bad() {
	case $1 in
	bk-age) echo 'bk-age </dev/null' ;;
	bk-prune) echo 'bk-prune -d 3 </dev/null' ;;
	bk-crypt | bk-gz | bk-zst) echo "$1 -d <in" ;;
	bk-base | bk-dump | bk-stat) echo "PGHOST=127.0.0.1 PGPORT=$CLOSED $1 shop" ;;
	bk-keygen) echo 'bk-keygen -y in' ;;
	bk-ls) echo 'bk-ls nowhere' ;;
	bk-notify) echo 'bk-notify --webhook url --retry-for 1s <in' ;;
	bk-pitr) echo 'bk-pitr -q -D nowhere --dry-run --target latest <in' ;;
	bk-restore) echo 'bk-restore -q copy <in' ;;
	bk-rm) echo 'echo dir | bk-rm' ;;
	bk-s3get) echo 'bk-s3get s3://backups/nothing' ;;
	bk-s3ls) echo 'bk-s3ls s3://nothing/' ;;
	bk-s3put) echo 'bk-s3put -q s3://nothing/put <in' ;;
	bk-s3rm) echo 'echo s3://nothing/x | bk-s3rm' ;;
	bk-save) echo 'bk-save -q nowhere/saved <in' ;;
	bk-run) echo 'bk-run -- false' ;;
	bk-seal) echo 'bk-seal false' ;;
	bk-tee) echo 'bk-tee false <in' ;;
	bk-verify) echo 'bk-verify --sealed <in' ;;
	bk-walget) echo 'bk-walget 00000002.history out -- false' ;;
	bk-walput) echo 'bk-walput 00000002.history -- false' ;;
	bk-walrecv) echo "bk-walrecv -h 127.0.0.1 -p $CLOSED cat" ;;
	*) echo "echo no call of $1 is known here" ;;
	esac
}

# slow TOOL: one that goes on for ever: pipe has neither data nor an end, full
# no reader.
slow() {
	case $1 in
	bk-base | bk-dump | bk-stat) echo "PGHOST=127.0.0.1 PGPORT=$HOLE exec $1 shop >/dev/null" ;;
	bk-keygen) echo 'exec bk-keygen -y pipe' ;;
	bk-ls) echo 'exec bk-ls many >full' ;;
	bk-notify) echo 'exec bk-notify --webhook url <pipe' ;;
	bk-prune) echo 'exec bk-prune -d 3 <pipe' ;;
	bk-s3get) echo "AWS_ENDPOINT_URL=http://127.0.0.1:$HOLE exec bk-s3get s3://backups/there >/dev/null" ;;
	bk-s3ls) echo "AWS_ENDPOINT_URL=http://127.0.0.1:$HOLE exec bk-s3ls s3://backups/" ;;
	bk-s3put) echo 'exec bk-s3put -q s3://backups/put <pipe' ;;
	bk-save) echo "exec bk-save -q $OUT/saved2 <pipe" ;;
	bk-run) echo 'exec bk-run -- "cat pipe"' ;;
	bk-seal) echo 'exec bk-seal cat pipe' ;;
	bk-tee) echo 'exec bk-tee "cat >/dev/null" <pipe' ;;
	bk-pitr) echo 'exec bk-pitr -q -D nowhere --dry-run --target latest <pipe' ;;
	bk-restore) echo 'exec bk-restore -q copy <pipe' ;;
	bk-walget) echo 'exec bk-walget 00000002.history out -- cat pipe' ;;
	bk-walput) echo 'exec bk-walput 00000002.history -- sleep 100' ;;
	bk-walrecv) echo 'exec bk-walrecv "cat >/dev/null"' ;;
	*) echo "exec $1 <pipe >/dev/null" ;;
	esac
}

# lines N: the log has N lines.
lines() {
	[ -e "$BK_AUDIT_LOG" ] && [ "$(wc -l <"$BK_AUDIT_LOG")" = "$1" ]
}

# last FIELD: of the last line.
last() {
	tail -n 1 "$BK_AUDIT_LOG" | jq -r ".$1"
}

has_recorder() {
	local child
	for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
		[ "$(cat "/proc/$child/comm" 2>/dev/null)" != bk-audit ] || return 0
	done
	return 1
}

# end_slow TOOL SIGNAL: end one by that; $status is what it ended with.
end_slow() {
	local pid
	env --default-signal=TERM bash -c "$(slow "$1")" >"$OUT/said" 2>&1 3>&- 7>&- 8>&- &
	pid=$!
	await has_recorder "$pid"
	kill -"$2" "$pid"
	status=0
	wait "$pid" 2>/dev/null || status=$?
}

@test "a success is one line" {
	local tool call n=0
	for tool in $TOOLS; do
		call=$(good "$tool") || continue
		run -0 bash -c "$call"
		lines $((++n)) || { echo "$tool: $n lines are wanted"; false; }
		[ "$(last operation)" = "$tool" ]
		[ "$(last status)" = success ]
		[ "$(last error)" = null ]
	done
	bk-audit --verify
}

@test "a failure is one line, with the words of the message" {
	local tool n=0
	for tool in $TOOLS; do
		run bash -c "$(bad "$tool")"
		[ "$status" != 0 ]
		lines $((++n)) || { echo "$tool: $n lines are wanted"; false; }
		[ "$(last operation)" = "$tool" ]
		[ "$(last status)" = failure ]
		[ -n "$(last error)" ]
	done
	bk-audit --verify
}

@test "who deletes names what; a dry run has deleted nothing" {
	local tool place=$OUT
	for tool in bk-rm bk-s3rm; do
		printf '%s\n' "$place"/x-{1,2,3} >"$OUT/names"
		$tool --dry-run <"$OUT/names"
		[ "$(last type) $(last destination)" = "list null" ]
		$tool <"$OUT/names"
		[ "$(last type) $(last destination)" = "delete $place/x-1 and 2 more" ]
		echo "$place/x-1" | $tool
		[ "$(last destination)" = "$place/x-1" ]
		$tool </dev/null
		[ "$(last destination)" = null ]
		place=s3://backups
	done
	echo s3://nothing/x | run -1 bk-s3rm
	[ "$(last status) $(last destination)" = "failure s3://nothing/x" ]
}

@test "what bk-restore does with databases put aside is no restore" {
	local call
	for call in list-old=list drop-old=drop rollback=rollback; do
		run -4 bk-restore "--${call%=*}" shop
		[ "$(last type) $(last destination)" = "${call#*=} shop" ]
	done
}

@test "what SIGTERM ends is one line, there when the tool has ended" {
	local tool n=0 status
	exec 7<>pipe 8<>full
	for tool in $TOOLS; do
		end_slow "$tool" TERM
		[ $status = 143 ] || { echo "$tool: $status: $(cat "$OUT/said")"; false; }
		lines $((++n)) || { echo "$tool: $n lines are wanted"; false; }
		[ "$(last operation)" = "$tool" ]
		# which is how a receiver ends
		[ "$tool" != bk-walrecv ] ||
		    { [ "$(last status)" = success ]; continue; }
		[ "$(last status)" = failure ]
		[ -n "$(last error)" ]
	done
	bk-audit --verify
}

@test "what SIGKILL ends is one line" {
	long
	local tool n=0 status
	exec 7<>pipe 8<>full
	for tool in $TOOLS; do
		end_slow "$tool" KILL
		[ $status = 137 ]
		await lines $((++n)) || { echo "$tool: $n lines are wanted"; false; }
		[ "$(last operation)" = "$tool" ]
		[ "$(last error)" = "killed or crashed: it wrote no audit line" ]
	done
	bk-audit --verify
}

# state: all that a tool could have made, or deleted.
state() {
	find . "$OUT" -name 'findings*' -prune -o -type f -print | sort
	s3_keys backups
	psql -XAtc 'select datname from pg_database order by 1' postgres
}

@test "in a rehearsal no tool does any of it" {
	local tool call
	echo old >"$OUT/out"
	echo "$OUT/out" >"$OUT/name"
	touch "$OUT/out.bk" && state >"$OUT/findings.before"
	for tool in $TOOLS; do
		call=$(good "$tool") || call=$(bad "$tool")
		call=${call/>$OUT\/out/>/dev/null}
		BK_CHECK_FD=9 run bash -c "$call" 9>"$OUT/findings" <in
		grep -qE "^(ok|warning|unknown|problem)"$'\t'"$tool: " "$OUT/findings" ||
		    { echo "$tool: $call: says nothing: $output"; return 1; }
	done
	state | diff "$OUT/findings.before" -
	[ ! -e "$BK_AUDIT_LOG" ]
	[ "$(cat "$OUT/out")" = old ]
}
