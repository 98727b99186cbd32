#!/usr/bin/env bash
# month.sh DIR BEFORE DAYS HOURS END: what bk-age would have found out in the
# DAYS before the instant END (in seconds), every so many HOURS, as OpenMetrics
# on standard output.  Backups were made for BEFORE days already.  Works in DIR,
# which it makes and removes.
#
# Nothing of it is invented but the clock (faketime, for the server as well) and
# the listing of WAL: a real server has two databases that grow, every night
# each is dumped, stored and pruned, on Sundays the newest backup is proven, and
# every so often bk-age looks.  There is trouble, counted in days from the end:
#
#	20	WAL is not archived for six hours
#	14-12	the weekend before: a right was taken away, dumps of shop fail,
#		and the host of the restore test is down
#	6	somebody empties a table; on 5 it is put right
#	4	two WAL segments are lost
#
set -euo pipefail
unset BATS_VERSION		# a script of its own, even in a test
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"
. "$SUPPORT/pg.bash"
. "$SUPPORT/listing.bash"

dir=$1 before=$2 days=$3 hours=$4 end=$5
export PGOPTIONS='-c client_min_messages=error'
FAKETIME_LIB=$(faketime -f +0 printenv LD_PRELOAD)

# at CMD...: run CMD by the clock that showed $NOW when it was set.
at() {
	ASAN_OPTIONS=verify_asan_link_order=0:$ASAN_OPTIONS \
	    faketime -f "$SHIFT" "$@"
}

# set_clock: it shows $NOW, and goes on.
set_clock() { printf -v SHIFT '%+ds' $((NOW - EPOCHSECONDS)); }

# set_server_clock: the server's is the same, by which backups are dated.
# faketime itself would wait for the server to end.
set_server_clock() {
	pg_as env LD_PRELOAD="$FAKETIME_LIB" FAKETIME="$SHIFT" \
	    "$PG_BIN/pg_ctl" -D "$PGHOST/data" -l "$PGHOST/log" -s -w restart
}

finish() {
	pg_stop "$dir/pg"
	mountpoint -q "$dir/srv/backups" && umount "$dir/srv/backups"
	rm -rf "$dir"
}

# left: days until the end; weekday: 1 to 7.
left() { echo $(((end - NOW + DAY - 1) / DAY)); }
weekday() { date -d "@$NOW" +%u; }

# trouble: dumps of shop fail, and no backup is proven.
trouble() {
	[ "$(left)" -ge 10 ] && [ "$(left)" -le 15 ] && [ "$(weekday)" -ge 5 ]
}

begin() {
	mkdir "$dir"
	cd "$dir"
	trap finish EXIT
	mkdir -p srv/backups proofs
	# a disk small enough to be seen to fill
	[ "$(id -u)" != 0 ] ||
	    mount -t tmpfs -o size=51m,mode=755 backups srv/backups 2>/dev/null || :
	pg_start "$dir/pg"
	createdb shop
	createdb crm
	for db in shop crm; do
		psql -qX -d $db -c 'ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES
		    TO PUBLIC' -c "CREATE TABLE orders AS SELECT i, md5(i::text) ||
		    md5((i * 7)::text) FROM generate_series(1, 45000) i"
	done
	psql -qX -d crm -c 'DELETE FROM orders WHERE i > 38000'
	psql -qX -d shop -c 'CREATE ROLE backup LOGIN'
}

# A day passes: rows come; of crm some go, one day most of them.
grow() {
	local db n
	n=$(left)
	for db in shop crm; do
		psql -qX -d $db -c "INSERT INTO orders SELECT i, md5((i * $n)::text) ||
		    md5((i + $n)::text) FROM generate_series(1, 200 +
		    $n * 37 % 90 * 10) i"
	done
	psql -qX -d crm -c "DELETE FROM orders WHERE hashint4(i + $n) % 50 = 0"
	case $(left) in
	6) psql -qX -d crm -c '\copy orders TO saved' \
	    -c 'DELETE FROM orders WHERE i % 8 > 0' ;;
	5) psql -qX -d crm -c 'TRUNCATE orders' -c '\copy orders FROM saved' ;;
	esac
}

# The crontab's lines of a night.
night() {
	local db file right='GRANT SELECT ON orders TO PUBLIC'
	set_server_clock
	grow
	! trouble || right='REVOKE SELECT ON orders FROM PUBLIC'
	psql -qX -d shop -c "$right"
	for db in shop crm; do
		export BK_AUDIT_LOG=audit.log
		at sh -c "PGUSER=backup bk-dump -q $db | bk-gz |
		    bk-save 'srv/backups/{db}/{db}-{utc}.bk'" 2>>errors || :
		unset BK_AUDIT_LOG
		# the kernel does not know what time it is meant to be
		for file in "srv/backups/$db/$db-$(date -d "@$NOW" +%Y%m%d)"*; do
			[ ! -e "$file" ] || touch -d "@$NOW" "$file"
		done
	done
	bk-ls srv/backups | at bk-prune -d 10 -w 4 2>>errors |
	    bk-rm >>errors 2>&1 || :
}

# Sundays: prove the newest, if it is new.
prove() {
	local file
	! trouble || return 0
	for file in srv/backups/*; do
		file=$file/$(ls "$file" | tail -n 1)
		at bk-verify -q --receipts proofs <"$file" 2>>errors || :
	done
}

# The WAL archive's listing: a segment each quarter of an hour for a day.
wal() {
	local t n at back=$((end - 20 * DAY + 6 * 3600)) lost=$((end - 4 * DAY))
	for ((t = NOW - NOW % 900 - DAY; t <= NOW; t += 900)); do
		[ $t != $lost ] && [ $t != $((lost + 900)) ] || continue
		n=$((t / 900 % 65536)) at=$t
		if [ $t -lt $back ] && [ $t -gt $((back - 6 * 3600)) ]; then
			[ "$NOW" -ge $back ] || continue
			at=$back
		fi
		printf '%(%Y-%m-%dT%H:%M:%SZ)T\t16777216\t/srv/wal/%08X%08X%08X\n' \
		    $at 1 $((n / 256)) $((n % 256))
	done
}

# What there is to be seen now.
look() {
	bk-ls srv/backups | at bk-age --receipts proofs --log audit.log \
	    --path srv/backups --prometheus backups.prom >>status || :
	wal | at bk-age --wal --prometheus wal.prom >>status || :
	sed "/^#/d; s,\([\" ]\)srv/,\1/srv/,g; s/\$/ $NOW/" ./*.prom
}

begin
for ((NOW = end - (before + days) * DAY; NOW < end; NOW += hours * 3600)); do
	set_clock
	if [ $(((end - NOW) % DAY)) = 0 ]; then
		night
		[ "$(weekday)" != 7 ] || prove
	fi
	[ $NOW -lt $((end - days * DAY)) ] || look
done
echo "# EOF"
