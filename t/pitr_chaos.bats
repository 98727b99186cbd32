#!/usr/bin/env bats
# Whatever is killed, and whenever: a commit that returned to its client is
# never lost.  Commits are counted by the clients; moments and victims are
# random: BK_CHAOS_SEED repeats a run, BK_CHAOS_RUNS makes it longer.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"

PUT='bk-gz -1 | bk-save -q archive/$BK_WAL_NAME'
GET='[ -e archive/$BK_WAL_NAME ] || exit 4; bk-gz -d <archive/$BK_WAL_NAME'
# the same where somebody is killed meanwhile, or the moment that it is done
DICED_PUT=". ./dice; $PUT && . ./dice"
DICED_GET=". ./dice; $GET && . ./dice"

setup_file() {
	SEED=${BK_CHAOS_SEED:-$RANDOM}
	export SEED
	echo "# pitr_chaos: BK_CHAOS_SEED=$SEED" >&3
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	RANDOM=$SEED
	RUNS=${BK_CHAOS_RUNS:-6}
	RECEIVER=
}

teardown() {
	load_stop
	receiver_stop
	pg_stop side
	cluster_up pg || server_lost
	pg_stop pg
	[ -z "${MOUNTED-}" ] || umount "$MOUNTED"
}

# server: one, in pg; what is received and archived goes to directories beside
# its own, where we are then.
server() {
	wal_start pg
	TOOLS=$(wal_tools)
	wal_dir archive
	wal_dir spool
	wal_dir walput
	dice
	ln -s "$PGHOST"/{archive,spool,walput,receiver.pid,receiver.on,dice.d} .
}

# receiver COMMAND: bk-walrecv from the server in use, in the background, and
# again when it has ended, as systemd would, until receiver_stop.
receiver() {
	wal_env PGHOST PGPORT
	pg_as touch "$PGHOST/receiver.on"
	wal_as PGUSER=bk sh -c 'cd "$PGHOST" && while [ -e receiver.on ]; do
		bk-walrecv --slot bk --spool spool -- "$1" &
		echo $! >receiver.pid
		wait
	    done' sh "$1" >>receiver.log 2>&1 &
	RECEIVER=$!
}

receiver_kill() {
	kill -9 "$(<receiver.pid)" || :		# by the dice already
}

receiver_stop() {
	[ -n "$RECEIVER" ] || return 0
	rm "$(readlink receiver.on)"
	receiver_kill
	wait "$RECEIVER"
	RECEIVER=
}

# synchronous: no commit returns before the receiver has it.
synchronous() {
	wal_sql "ALTER SYSTEM SET synchronous_standby_names = '*'"
	wal_sql 'SELECT pg_reload_conf()' >/dev/null
	await receiver_is_synchronous
}

receiver_is_synchronous() {
	[ "$(wal_sql "SELECT count(*) FROM pg_stat_replication
	    WHERE state = 'streaming' AND sync_state = 'sync'")" = 1 ]
}

# a_while [MS]: up to half a second, or so many milliseconds.
a_while() {
	read -r -t "$(printf '0.%03d' $((RANDOM % ${1:-500})))" <> <(:) || :
}

# dice: a shell script beside the archive that, one time in four, kills the
# COMMAND that it is part of, or the tool that runs that.
dice() {
	pg_as mkdir "$PGHOST/dice.d"
	cat >"$PGHOST/dice" <<-SH
	echo >>dice.d/\$BK_WAL_NAME
	n=\$(echo $SEED \$BK_WAL_NAME \$(wc -l <dice.d/\$BK_WAL_NAME) | cksum)
	# at most that often for one file, so that there is an end
	[ \$(wc -l <dice.d/\$BK_WAL_NAME) -le 3 ] || n=128
	case \$((\${n%% *} / 64 % 8)) in
	0) echo >>dice.d/killed; kill -9 \$PPID ;;
	1) echo >>dice.d/killed; kill -9 \$\$ ;;
	esac
	SH
}

killed() {
	cat dice.d/killed 2>/dev/null | wc -l
}

server_kill() {
	kill -9 "$(pg_pid pg)"
}

# server_lost: it was killed and has gone.  Where nobody buries it, its process
# id seems to be taken.
server_lost() {
	await server_gone
	rm -f pg/home/data/postmaster.pid
}

server_again() {
	server_lost
	await pg_ctl_ pg start 2>/dev/null
}

# server_gone: none of its processes works in its directory any more.
server_gone() {
	[ -z "$(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$(readlink pg/home)/data" \
	    2>/dev/null)" ]
}

# cluster_up DIR: its server runs, and is no corpse.
cluster_up() {
	readlink -q "/proc/$(pg_pid "$1" 2>/dev/null)/exe" >/dev/null
}

commits_go_on() {
	await more_than "$(($(wc -l <commits) + 1))"
}

more_than() {
	[ "$(wc -l <commits)" -ge "$1" ]
}

# recover BASE OPTION...: into side, from base and archive.
recover() {
	wal_side side
	wal_env
	wal_as bk-pitr -D "$SIDE" "${@:2}" <"$1"
}

@test "the receiver, its commands, the server: no commit is lost" {
	local i
	server
	receiver "$DICED_PUT"
	synchronous
	PGUSER=bk bk-base -c fast >base.tar
	load_start commits
	for ((i = 0; i < RUNS; i++)); do
		a_while
		case $((i % 3)) in
		0) receiver_kill ;;
		1) server_kill ;;
		2) server_kill; receiver_kill ;;
		esac
		cluster_up pg || server_again
		commits_go_on
		wal_switch
	done
	# the machine is lost, in the middle of it all
	a_while
	server_kill
	receiver_stop
	load_stop
	tell
	recover base.tar --target latest --wal "cd $PGHOST
	    [ ! -e spool/\$BK_WAL_NAME ] || exec cat spool/\$BK_WAL_NAME
	    $GET"
	wal_run side
	load_holds commits
}

@test "archive_command and restore_command: every commit" {
	local i from spool
	server
	from=$PGHOST
	wal_archive "cd $from && PATH=$TOOLS:\$PATH bk-walput \
	    --spool walput -j 3 data/%p -- '$DICED_PUT'"
	PGUSER=bk bk-base -c fast >base.tar
	load_start commits
	for ((i = 0; i < RUNS; i++)); do
		a_while
		[ $((i % 2)) = 0 ] || { server_kill; server_again; }
		commits_go_on
	done
	load_stop
	wal_archived "$(wal_switch)"
	tell

	# and back, by a restore_command of our own
	wal_side side
	spool=${SIDE%/data}/spool
	wal_as mkdir -m 700 "$SIDE" "$spool"
	wal_as tar -xf - -C "$SIDE" <base.tar
	wal_as touch "$SIDE/recovery.signal"
	cat >>"$SIDE/postgresql.conf" <<-CONF
	restore_command = 'cd $from && PATH=$TOOLS:\$PATH bk-walget --ahead 4 --spool $spool %f $SIDE/%p -- ''$DICED_GET'''
	archive_mode = off
	CONF
	wal_place side
	pg_use side
	await recovered
	load_holds commits
}

# recovered: the side cluster is; or is started again.
recovered() {
	wal_settled || { cluster_up side || pg_ctl_ side -W start; false; }
}

# tell: what has happened; and some were killed.
tell() {
	echo "# $(wc -l <commits) commits, $(ls archive | wc -l) segments," \
	    "$(killed) killed by the dice" >&3
	[ "$(killed)" -gt 0 ]
}

# stage NAME COMMAND...: with its process id in NAME.pid.
stage() {
	sh -c 'echo $$ >"$0.pid"; exec "$@"' "$@" 2>"$1.err"
}

# kill_at BYTE FILE: when so much has passed, kill the process in FILE.
kill_at() {
	atbyte.py "$1" sh -c "kill -9 \$(cat $2)"
}

# somewhere FILE: a byte of it.
somewhere() {
	echo $(((RANDOM * 32768 + RANDOM) % $(stat -Lc %s "$1")))
}

@test "bk-base and bk-pitr: nothing that could be taken for whole" {
	local round stages=(base gz save) stored=0 unpacked=0
	server
	PATH=$SUPPORT:$PATH
	wal_sql 'CREATE TABLE t AS SELECT i, md5(i::text)
	    FROM generate_series(1, 100000) i'
	PGUSER=bk bk-base -c fast >base.tar
	wal_env
	for ((round = 0; round < RUNS; round++)); do
		if PGUSER=bk stage base bk-base -c fast |
		    kill_at "$(somewhere base.tar)" "${stages[round % 3]}.pid" |
		    stage gz bk-gz -1 | stage save bk-save archive/base; then
			# it had already written, or read, all
			stored=$((stored + 1))
			bk-gz -d <archive/base | tar -tf - >list
			grep backup_manifest list
			rm archive/base
		fi
		[ ! -e archive/base ]
	done
	for ((round = 0; round < RUNS; round++)); do
		wal_side side
		if kill_at "$(somewhere base.tar)" "$PGHOST/receiver.pid" \
		    <base.tar | wal_as sh -c 'echo $$ >"$0"; exec "$@"' \
		    "$PGHOST/receiver.pid" bk-pitr -D "$SIDE" --wal 'exit 4' \
		    --target immediate; then
			unpacked=$((unpacked + 1))
		else
			[ ! -e "$SIDE/PG_VERSION" ]
			run ! pg_ctl_ side start
		fi
		pg_stop side
	done
	echo "# $stored of $RUNS stored, $unpacked unpacked" >&3
	[ $((stored + unpacked)) -lt "$RUNS" ]
}

@test "a full spool: no commit returns that is not in it" {
	[ "$(id -u)" = 0 ] || skip 'takes root'
	server
	mount -t tmpfs -o size=3m tmpfs "$PGHOST/spool" || skip 'no mount here'
	MOUNTED=$PGHOST/spool
	touch archive/outage
	receiver "[ ! -e archive/outage ] && $PUT"
	synchronous
	PGUSER=bk bk-base -c fast >base.tar
	load_start commits
	await grep -qi 'no space' receiver.log
	# what had returned until then is in the spool
	cp commits commits.then
	wal_as cp -r "$PGHOST/spool" "$PGHOST/then"
	rm archive/outage
	await more_than "$(($(wc -l <commits) + 100))"
	load_stop
	receiver_stop
	recover base.tar --target latest --wal "cd $PGHOST/then
	    [ ! -e \$BK_WAL_NAME ] && exit 4 || cat \$BK_WAL_NAME"
	wal_run side
	load_holds commits.then
}

@test "segments of 1 GiB" {
	local segment
	WAL_INITDB="--wal-segsize=1024 --no-sync" server
	PGUSER=bk bk-base -c fast >base.tar
	receiver "$PUT"
	load_start commits 1
	await more_than 1000
	load_stop
	segment=$(wal_switch)
	await test -e "archive/$segment"
	recover base.tar --target latest --wal "cd $PGHOST; $GET"
	wal_run side
	load_holds commits
}

@test "a thousand segments" {
	server
	wal_archive "cd $PGHOST && PATH=$TOOLS:\$PATH bk-walput \
	    --spool walput -j 4 data/%p -- '$PUT'"
	PGUSER=bk bk-base -c fast >base.tar
	wal_sql 'CREATE TABLE step (n int)'
	printf 'INSERT INTO step VALUES (%d); SELECT pg_switch_wal();\n' \
	    $(seq 1000) | psql -XqAt postgres >/dev/null
	wal_archived "$(wal_switch)"
	[ "$(ls archive | wc -l)" -ge 1000 ]
	recover base.tar --target latest --wal "cd $PGHOST; $GET"
	wal_run side
	[ "$(wal_sql 'SELECT count(*) FROM step')" = 1000 ]
}
