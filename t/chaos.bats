#!/usr/bin/env bats
# The promise of the seal: whatever dies, wherever, at whatever moment, no
# object is left, no exit status hides it, and whoever stops because of its
# input says so in one line.
#
# Moments are bytes of the stream, at random, and in the last test of the clock:
# BK_CHAOS_SEED repeats a run, BK_CHAOS_RUNS makes the last one longer.  make
# torture does the same ten thousand times.

load support/common
load support/pg
load support/s3
load support/kills

STAGES=(dump gz crypt put)

setup_file() {
	rgw_start
	s3_mb backups
	pg_start "$BATS_FILE_TMPDIR/pg"
	psql -qAtX -v ON_ERROR_STOP=1 -d postgres <<-'SQL'
	create database shop;
	\c shop
	create table a as select i, md5(i::text) || md5((i * 2)::text) ||
		md5((i * 3)::text) || md5((i * 5)::text) || md5((i * 7)::text) t
		from generate_series(1, 80000) i;
	create table b as select i, random() r from generate_series(1, 1000) i;
	SQL
	cd "$BATS_FILE_TMPDIR"
	bk-keygen -o key
	bk-dump -j2 shop >1
	bk-gz -1 <1 >2
	bk-crypt -r "$(bk-keygen -y key)" <2 >3
	SIZES="0 $(stat -c %s 1) $(stat -c %s 2) $(stat -c %s 3)"
	rm 1 2 3
	SEED=${BK_CHAOS_SEED:-$RANDOM}
	export SIZES SEED
	echo "# chaos: BK_CHAOS_SEED=$SEED" >&3
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
	rgw_stop
}

setup() {
	local key
	cd "$BATS_TEST_TMPDIR"
	for key in $(s3_keys backups); do s3_curl DELETE "/backups/$key"; done
	read -r -a SIZE <<<"$SIZES"
	export BK_RECIPIENTS BK_IDENTITY=$BATS_FILE_TMPDIR/key
	BK_RECIPIENTS=$(bk-keygen -y "$BK_IDENTITY")
	RANDOM=$SEED
}

# stage NAME COMMAND...: run it with its process id in NAME.pid and what it
# says in NAME.err.
stage() {
	sh -c 'echo $$ >"$0.pid"; exec "$@"' "$@" 2>"$1.err"
}

# here PLACE: between two stages.  At PLACE, what $MIDDLE says; else a detour.
here() {
	if [ "$1" = "$PLACE" ]; then
		exec "${MIDDLE[@]}"
	else
		exec cat
	fi
}

# For atbyte.py: kill the stage $0, once it is the tool and no shell any more.
kill_stage='until grep -q "^[0-9]" "$0.pid" 2>/dev/null &&
	grep -q ^bk- "/proc/$(cat "$0.pid")/comm"; do
	[ -d "/proc/$(cat "$0.pid" 2>/dev/null)" ] || exit; done
	kill -9 "$(cat "$0.pid")"'

# pipeline KEY: statuses of the stages in STATUS, of all in ALL.
pipeline() {
	rm -f ./*.pid ./*.err
	ALL=(0 0 0 0 0 0 0)
	stage dump bk-dump -j2 shop | here 1 |
	    stage gz bk-gz -1 | here 2 |
	    stage crypt bk-crypt | here 3 |
	    stage put bk-s3put --part-size 5M --retry-for 5s "s3://backups/$1" ||
	    ALL=("${PIPESTATUS[@]}")
	STATUS=("${ALL[0]}" "${ALL[2]}" "${ALL[4]}" "${ALL[6]}")
}

# somewhere PLACE: a byte of the stream there.
somewhere() {
	echo $(((RANDOM * 32768 + RANDOM) % SIZE[$1]))
}

# wrong WHAT: say what happened in this run, fail.
wrong() {
	echo "$*; statuses ${ALL[*]}; place $PLACE, ${MIDDLE[*]}" >&2
	tail -n 5 ./*.err >&2
	return 1
}

# nothing_stored
nothing_stored() {
	[ -z "$(s3_keys backups)" ] || wrong "an object is there"
}

# refused STAGE...: each ended with 3 and one line about its input.
refused() {
	local name
	for name; do
		case $name in
		gz) set -- "${STATUS[1]}" ;;
		crypt) set -- "${STATUS[2]}" ;;
		put) set -- "${STATUS[3]}" ;;
		esac
		[ "$1" = 3 ] || wrong "$name: not 3"
		[ "$(wc -l <$name.err)" = 1 ] || wrong "$name: not one line"
		grep -q "standard input: unfinished: " $name.err ||
		    wrong "$name: does not name its input"
	done
}

# quiet STAGE...: each lost its reader, or had ended; it said nothing.
quiet() {
	local name
	for name; do
		case $name in
		dump) set -- "${STATUS[0]}" ;;
		gz) set -- "${STATUS[1]}" ;;
		crypt) set -- "${STATUS[2]}" ;;
		esac
		[ "$1" -le 1 ] || wrong "$name: not 0 or 1"
		[ ! -s $name.err ] || wrong "$name: says something"
	done
}

# kill_one KEY PLACE BYTES TARGET: prints "hit" or "late".
kill_one() {
	local t=$4
	PLACE=$2 MIDDLE=(atbyte.py "$3" sh -c "$kill_stage" "${STAGES[t]}")
	pipeline "$1"
	if [ "${STATUS[t]}" != 137 ] || [ -n "$(s3_keys backups)" ]; then
		# it had ended already, or had written its last byte: then all
		# is well, or nothing is
		STATUS[t]=0
		[ "${STATUS[*]}" = "0 0 0 0" ] || wrong "neither killed nor done"
		[ "$(s3_keys backups)" = "$1" ] || wrong "done, and no object"
		bk-s3get "s3://backups/$1" | bk-crypt -d | bk-gz -d |
		    pg_restore -f /dev/null || wrong "stored, and not whole"
		s3_curl DELETE "/backups/$1"
		echo late
		return
	fi
	nothing_stored
	refused "${STAGES[@]:t+1}"
	quiet "${STAGES[@]:0:t}"
	[ $t = 3 ] || [ "$(s3_uploads backups)" = "$UPLOADS" ] ||
	    wrong "an upload was not aborted"
	UPLOADS=$(s3_uploads backups)
	echo hit
}

@test "left alone, the pipeline stores what restores" {
	PLACE=0 MIDDLE=()
	pipeline good
	[ "${ALL[*]}" = "0 0 0 0 0 0 0" ]
	[ "$(s3_keys backups)" = good ]
	bk-s3get s3://backups/good | bk-crypt -d | bk-gz -d |
	    pg_restore -f - >text
	[ "$(grep -cE '^[0-9]+.[0-9a-f]{160}$' text)" = 80000 ]
}

@test "kill -9 any stage at any moment: nothing is stored" {
	local i place tried=0 hits=0
	PATH=$SUPPORT:$PATH UPLOADS=0
	for ((i = 0; i < 20; i++)); do
		sampled || continue
		tried=$((tried + 1))
		place=$((1 + i / 4 % 3))
		kill_one "k$i" $place "$([ $i -lt 12 ] && echo $((i % 2)) ||
		    somewhere $place)" $((i % 4)) >outcome
		[ "$(cat outcome)" != hit ] || hits=$((hits + 1))
	done
	echo "# chaos: $hits of $tried kills hit a stage that was at work" >&3
	[ $hits -ge $((tried / 2)) ]
}

@test "tee, cat and other detours pass a good stream" {
	PLACE=1 MIDDLE=(tee copy)
	pipeline teed
	[ "${ALL[*]}" = "0 0 0 0 0 0 0" ]
	pg_restore -l copy >list
	PLACE=3 MIDDLE=(sh -c 'dd bs=1000 2>/dev/null | tr a-z a-z')
	pipeline detour
	[ "${ALL[*]}" = "0 0 0 0 0 0 0" ]
	[ "$(s3_keys backups)" = "detour
teed" ]
}

@test "a detour that cuts, though it ends with 0: nothing is stored" {
	long
	local i place names
	for ((i = 0; i < 9; i++)); do
		place=$((1 + i % 3))
		PLACE=$place MIDDLE=(head -c "$(somewhere $place)")
		pipeline "cut$i"
		nothing_stored
		names=("${STAGES[@]}")
		refused "${names[@]:place}"
		quiet "${names[@]:0:place}"
	done
	# even by the closing mark alone, or by all there is
	for place in 1 2 3; do
		for i in "head -c -42" "true"; do
			PLACE=$place
			read -r -a MIDDLE <<<"$i"
			pipeline cut
			nothing_stored
			refused "${STAGES[@]:place}"
		done
	done
}

@test "a tee that is killed in the middle: nothing is stored" {
	PLACE=1 MIDDLE=(sh -c "tee copy | { head -c $(somewhere 1); kill -9 \$\$; }")
	pipeline tee
	nothing_stored
	refused gz crypt put
}

@test "the database goes away: nothing is stored" {
	local i
	PATH=$SUPPORT:$PATH
	for i in 1 2 3; do
		PLACE=1 MIDDLE=(atbyte.py "$((SIZE[1] / 8 * i))" psql -d postgres -c
		    "select pg_terminate_backend(pid) from pg_stat_activity
		    where datname = 'shop'")
		pipeline "db$i"
		[ "${STATUS[0]}" = 1 ] || wrong "bk-dump: not 1"
		[ "$(wc -l <dump.err)" = 1 ] || wrong "bk-dump: not one line"
		nothing_stored
		refused gz crypt put
	done
}

@test "the connection to S3 is cut for good: nothing is stored" {
	PATH=$SUPPORT:$PATH
	fault_start
	PLACE=3 MIDDLE=(atbyte.py "$((SIZE[3] / 2))" kill -9 "$S3FAULT_PID")
	pipeline net
	fault_stop
	[ "${STATUS[3]}" = 1 ] || wrong "bk-s3put: not 1"
	[ "$(wc -l <put.err)" = 1 ] || wrong "bk-s3put: not one line"
	quiet dump gz crypt
	nothing_stored
}

@test "the disk is full: every stage says so, with 1" {
	local cmd
	bk-dump -j2 shop >dump
	bk-gz -1 <dump >gz
	for cmd in "bk-dump shop" "bk-gz <dump" "bk-crypt <gz" \
	    "bk-seal cat dump"; do
		run -1 --separate-stderr sh -c "$cmd >/dev/full"
		[[ $stderr == *"No space left on device" ]]
		one_line_error "${cmd%% *}"
	done
}

@test "bk-seal: a foreign producer that is killed leaves nothing" {
	local n
	PATH=$SUPPORT:$PATH
	# in the first half: of the last bytes pg_dump is rid when it has
	# filled the pipes, and then it has succeeded
	for n in 0 1 "$(($(somewhere 1) / 2))" "$(($(somewhere 1) / 2))"; do
		rm -f ./*.err
		ALL=(0)
		bk-seal sh -c 'echo $$ >dump.pid; exec pg_dump -Fc -Z0 shop' 2>seal.err |
		    atbyte.py "$n" sh -c 'kill -9 "$(cat dump.pid)"' |
		    bk-gz -1 2>gz.err | bk-crypt 2>crypt.err |
		    bk-s3put s3://backups/foreign 2>put.err ||
		    ALL=("${PIPESTATUS[@]}")
		PLACE=1 MIDDLE=(n "$n") STATUS=(1 "${ALL[@]:2}")
		[ "${ALL[0]}" = 1 ] || wrong "bk-seal: not 1"
		[ "$(cat seal.err)" = "bk-seal: sh: killed by signal 9; not sealed" ]
		refused gz crypt put
		nothing_stored
	done
}

# Last: it makes databases and objects of its own.
@test "kill -9 any stage, or all, at any moment of its life: old or new" {
	kills_prepare
	"$TOP/t/torture/kill_rounds.py" --rounds "${BK_CHAOS_RUNS:-10}" \
	    --seed "$SEED" --kinds s3,save,restore >out || { cat out >&2; false; }
	grep '^#' out >&3
	grep -q 'violations=0 ' out
}
