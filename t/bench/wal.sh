#!/usr/bin/env bash
# wal.sh [ROUNDS]: bk-walrecv behind a server that writes WAL as fast as pgbench
# can, and the recovery of 200 segments beside pgBackRest's archive-get, both
# from a RADOS Gateway over TLS, compressed by zstd and encrypted.  CPU includes
# the database server's.  DURATION (of pgbench, 20 s), SEGSIZE (16 MB).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. t/support/common.bash
. t/support/pg.bash
. t/support/wal.bash
. t/support/s3.bash
. t/support/pgbackrest.bash
ROUNDS=${1:-3}
WORK=$(mktemp -d /tmp/bk-bench.XXXXXX)
RECEIVER=
finish() {
	local status=$?
	[ -z "$RECEIVER" ] || kill "$RECEIVER" || status=1
	pg_stop "$WORK/side" || status=1
	pg_stop "$WORK/pg" || status=1
	[ ! -d "$WORK/rgw" ] || rgw_stop "$WORK/rgw" || status=1
	rm -rf "$WORK"
	exit $status
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# lag: bytes of WAL that the receiver in slot bk has not confirmed.
lag() {
	wal_sql "SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), restart_lsn)
	    FROM pg_replication_slots WHERE slot_name = 'bk'"
}

caught_up() {
	[ "$(lag)" -le 0 ]
}

# beside LABEL [RECEIVER...]: pgbench, and then how long until all is confirmed.
beside() {
	local tps wal start
	if [ $# -gt 1 ]; then
		"${@:2}" >>"$WORK/receiver.log" 2>&1 &
		RECEIVER=$!
		await caught_up
	fi
	wal=$(wal_sql 'SELECT pg_current_wal_lsn()')
	tps=$(pgbench -n -c 8 -j 2 -T "$DURATION" bench 2>/dev/null |
	    sed -n 's/^tps = \([0-9]*\).*/\1/p')
	start=${EPOCHREALTIME/./}
	wal=$(wal_sql "SELECT (pg_current_wal_lsn() - '$wal') / 1e6 / $DURATION")
	[ $# = 1 ] || await caught_up
	awk -v l="$1" -v tps="$tps" -v wal="$wal" \
	    -v late=$((${EPOCHREALTIME/./} - start)) 'BEGIN {
		printf "%-16s %7d tps %6.1f MB/s of WAL, all confirmed %.1f s later\n",
		    l, tps, wal, late / 1e6 }'
	if [ $# -gt 1 ]; then
		kill "$RECEIVER"
		wait "$RECEIVER" || :
		RECEIVER=
	fi
}

keeps_up() {
	printf '== beside pgbench, which writes as fast as it can\n'
	beside alone
	wal_sql "SELECT pg_create_physical_replication_slot('bk', true)" >/dev/null
	mkdir "$WORK/received" "$WORK/spool"
	beside pg_receivewal "$PG_BIN/pg_receivewal" -S bk -D "$WORK/received" \
	    --synchronous
	rm -rf "$WORK/received"
	beside bk-walrecv bk-walrecv --slot bk --spool "$WORK/spool" -- \
	    sh -c "${PUT/wal/received}"
	wal_sql "SELECT pg_drop_replication_slot('bk')" >/dev/null
}

# make_archive: 200 segments, in both archives.
make_archive() {
	local dir last i
	dir=$(wal_dir archive)
	wal_archive "cp %p $dir/%f"
	bk-base -q -c fast >"$WORK/base.tar"
	for ((i = 0; i < 200; i++)); do
		pgbench -n -c 4 -t 1000 bench >/dev/null 2>&1
		last=$(wal_switch)
		[ "$(find "$dir" -type f | wc -l)" -lt 200 ] || break
	done
	wal_archived "$last"
	ROWS=$(wal_sql 'SELECT count(*) FROM pgbench_history' bench)
	find "$dir" -type f | sort >"$WORK/segments"
	while read -r file; do
		BK_WAL_NAME=${file##*/} sh -c "$PUT" <"$file"
		wal_as pgbackrest --stanza=bench --no-archive-async \
		    archive-push "$file"
	done <"$WORK/segments"
	echo "$(wc -l <"$WORK/segments") segments"
}

# template: the base backup, unpacked, with settings of its own.
template() {
	wal_side "$WORK/side"
	SIDES=${SIDE%/data}
	wal_as mkdir -m 700 "$SIDES/template"
	wal_as tar -xf - -C "$SIDES/template" <"$WORK/base.tar"
	wal_as touch "$SIDES/template/recovery.signal"
	cat >>"$SIDES/template/postgresql.conf" <<-CONF
	port = $(free_port)
	unix_socket_directories = '$SIDES'
	archive_mode = off
	CONF
}

# recovery COMMAND: print a shell command that recovers with this
# restore_command, to the end of WAL.
recovery() {
	cat <<-END
	rm -rf $SIDE $SIDES/spool && mkdir $SIDES/spool &&
	cp -a $SIDES/template $SIDE && chown --reference=$SIDE $SIDES/spool &&
	echo "restore_command = '$1'" >>$SIDE/postgresql.conf &&
	. t/support/common.bash && . t/support/pg.bash && . t/support/wal.bash &&
	pg_ctl_ $WORK/side -t 600 start >/dev/null && pg_use $WORK/side &&
	await wal_settled &&
	[ "\$(wal_sql 'SELECT count(*) FROM pgbench_history' bench)" = $ROWS ] &&
	pg_ctl_ $WORK/side -m immediate stop
	END
}

recovers() {
	printf '\n== recovery of 200 segments\n'
	command -v pgbackrest >/dev/null || {
		echo 'wal: not beside pgBackRest: apt-get install pgbackrest' >&2
		return
	}
	pgbackrest_setup "$(wal_dir pgbackrest)"
	make_archive
	template
	wal_env PGBACKREST_CONFIG
	printf '#!/bin/sh\n%s\n' "$GET" >"$WORK/get"
	install -m 755 "$WORK/get" "$SIDES/get"
	t/support/paired.py --targets 'bk-walget:wall<=1.0' "$ROUNDS" \
	    pgbackrest "$(recovery "pgbackrest --stanza=bench \
		--pg1-path=$SIDE archive-get %f %p")" \
	    bk-walget "$(recovery "bk-walget --spool $SIDES/spool --ahead 16 \
		-j $(nproc) %f %p -- $SIDES/get")"
}

PG_CONF='shared_buffers = 128MB
max_wal_size = 4GB' WAL_INITDB="-k --no-sync --wal-segsize=${SEGSIZE:-16}" \
    wal_start "$WORK/pg"
PATH=$PG_BIN:$PATH
createdb bench
pgbench -q -i -s "${SCALE:-20}" bench >/dev/null 2>&1
KEYS=$(wal_dir keys)
wal_env
wal_as sh -c 'umask 77 && bk-keygen -o "$0/key"' "$KEYS" 2>/dev/null
export BK_IDENTITY=$KEYS/key BK_RECIPIENTS
BK_RECIPIENTS=$(bk-keygen -y "$BK_IDENTITY")
TLS=1 rgw_start "$WORK/rgw"
s3_mb backups
# the servers' user has to read the certificate
cp "$AWS_CA_BUNDLE" "$KEYS/cert.pem"
chmod a+r "$KEYS/cert.pem"
export AWS_CA_BUNDLE=$KEYS/cert.pem
PUT='bk-zst | bk-crypt | bk-s3put s3://backups/wal/$BK_WAL_NAME'
GET='bk-s3get s3://backups/wal/$BK_WAL_NAME | bk-crypt -d | bk-zst -d'
DURATION=${DURATION:-20}
keeps_up
recovers
