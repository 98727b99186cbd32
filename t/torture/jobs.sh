# For the scripts in t/torture/jobs, by bash -e.

# sample N: N bytes that are the same every time, and compress by half.
sample() { openssl enc -aes-128-ctr -K 00 -iv 00 </dev/zero 2>/dev/null | head -c $(($1 * 3 / 4)) | base64 -w 72 | head -c "$1" || :; }

# unfinished FILE COMMAND...: a bk reader refuses FILE, or it is empty.
unfinished() {
	local status=0
	[ -s "$1" ] || return 0
	"${@:2}" <"$1" >/dev/null 2>&1 || status=$?
	[ $status = 3 ] || { echo "$1 passes for complete: $status"; return 1; }
}

# absent FILE...
absent() {
	local f
	for f in "$@"; do
		[ ! -e "$f" ] || { echo "$f is there"; return 1; }
	done
}

# holds DIR NAME...: that and nothing else.
holds() {
	local want=("${@:2}")
	diff <(ls -A "$1") <(printf '%s\n' "${want[@]}")
}

# tells_left DIR: what bk-pitr has left in DIR cannot be started, and it says so;
# after a crash the next run does.  Then DIR is removed, as both say.
tells_left() {
	local said
	absent "$1/PG_VERSION"
	if [ -n "$(ls -A "$1" 2>/dev/null)" ]; then
		said=$(cat "$D.err")
		((STATUS > 0 && STATUS < 128)) ||
			said=$(bk-pitr -q -D "$1" --target immediate <base.tar 2>&1) || :
		[[ $said =~ $1' could not be cleared: remove '|$1' is kept but cannot be started; run again with --delta '|$1': left by a recovery that was interrupted; remove '|$1': not empty: ' ]] ||
			{ echo "something is left in $1; told: $said"; return 1; }
	fi
	rm -rf "$1"
}

# inside: what is in the envelope on standard input.
inside() {
	perl -0777 -pe 's/\A.{96}\([^)]*\)//s; substr($_, -68) = ""'
}

# keys: key, pub, signkey, signpub.
keys() {
	bk-keygen -o key
	bk-keygen -y key >pub
	bk-keygen --sign -o signkey
	bk-keygen -y signkey >signpub
}

# backups: d/shop-DATE.bk, one a day, of five bytes each.
backups() {
	local i
	mkdir d
	for i in 1 2 3 4 5 6; do
		echo data >"d/shop-202001${i}1T000000Z.bk"
	done
}

# audited: log, of three runs.
audited() {
	local i
	for i in 1 2 3; do
		echo $i | BK_AUDIT_LOG=log bk-gz >/dev/null
	done
}

# refused_listing FILE: no reader takes it, or it is empty.
refused_listing() {
	if [ -s "$1" ] && bk-rm -n <"$1" >/dev/null 2>&1; then
		echo "$1 passes for complete"
		return 1
	fi
}

# serve NAME SCRIPT...: t/support/SCRIPT, whose port is NAME_PORT.
serve() {
	"$SUPPORT/$2" "${@:3}" >"$D.$1" 2>&1 </dev/null &
	echo $! >>"$D.pids"
	until grep -q '^listening [0-9]' "$D.$1"; do read -r -t 0.05 <> <(:) || :; done
	echo "$1_PORT=$(sed -n 's/^listening //p' "$D.$1")" >>env
	. ./env
}

# pg: the sweep's server, whose address goes to env.
pg() {
	if [ ! -e "$ROOT/pg.env" ]; then
		(cd "$ROOT" && . "$SUPPORT/common.bash" && . "$SUPPORT/pg.bash" && . "$SUPPORT/wal.bash" &&
		    wal_start pg && env | grep ^PG >pg.env)
	fi
	cat "$ROOT/pg.env" >>env
	set -a
	. ./env
	set +a
}

# segments: data/pg_wal of a server, and the names of three, S1 to S3, in env.
segments() {
	local n
	pg
	if [ ! -e "$ROOT/names" ]; then
		for n in 1 2 3; do
			psql -Xqc "SELECT pg_logical_emit_message(true, 'n', '$n')" postgres >/dev/null
			psql -XqAtc 'SELECT pg_walfile_name(pg_switch_wal())' postgres >>"$ROOT/names"
		done
	fi
	mkdir -p data/pg_wal/archive_status data/global
	sed "s|.*|$PGHOST/data/pg_wal/&|" "$ROOT/names" | xargs cp -t data/pg_wal
	cp "$PGHOST/data/global/pg_control" data/global
	awk '{ print "S" NR "=" $0 }' "$ROOT/names" >>env
}

# slot: the slot "all", behind which the server has the segments SEGMENTS,
# and some of NEXT.  "sh confirmed SLOT": are they?
slot() {
	local n
	pg
	if [ ! -e "$ROOT/slot" ]; then
		psql -XqAtc "SELECT pg_create_physical_replication_slot('all', true)" postgres >/dev/null
		for n in 1 2; do
			psql -Xqc "SELECT pg_logical_emit_message(true, 'n', '$n')" postgres >/dev/null
			psql -XqAtc 'SELECT pg_walfile_name(pg_switch_wal())' postgres >>"$ROOT/slot"
		done
		psql -Xqc "SELECT pg_logical_emit_message(true, 'n', '3')" postgres >/dev/null
	fi
	echo "NEXT=$(psql -XqAtc 'SELECT pg_walfile_name(pg_current_wal_lsn())' postgres)" >>env
	echo "SEGMENTS=$(tr '\n' ' ' <"$ROOT/slot")" >>env
	cat >confirmed <<-SH
		psql -XqAtc "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '\$1'
		    AND pg_walfile_name(restart_lsn - 1) >= '$(tail -n 1 "$ROOT/slot")'" postgres | grep -qx 1
	SH
}

# archived: the segments in archive.
archived() {
	local s
	mkdir archive
	for s in $(cat "$ROOT/names"); do
		(cd data; bk-walput pg_wal/$s -- "bk-gz >../archive/$s")
	done
}

# database: shop on the server.
database() {
	pg
	if [ ! -e "$ROOT/shop" ]; then
		createdb shop
		psql -qX -v ON_ERROR_STOP=1 shop <<-'SQL'
		CREATE TABLE orders (id int PRIMARY KEY, note text);
		INSERT INTO orders SELECT g, 'note ' || g FROM generate_series(1, 2000) g;
		CREATE TABLE empty (x int);
		CREATE VIEW many AS SELECT * FROM orders;
		SQL
		touch "$ROOT/shop"
	fi
}

# archive: shop.bk, of the database, and keys.
archive() {
	database
	[ -e "$ROOT/shop.bk" ] || bk-dump shop | cat >"$ROOT/shop.bk"
	cp "$ROOT/shop.bk" .
	keys
}

# base: base.tar, of the server.
base() {
	pg
	[ -e "$ROOT/base.tar" ] || bk-base | cat >"$ROOT/base.tar"
	cp "$ROOT/base.tar" .
}

# none_like NAME: the server has no database whose name begins so.
none_like() {
	[ -z "$(psql -XqAtc "SELECT datname FROM pg_database WHERE datname LIKE '$1%'" postgres)" ] || {
		echo "databases like $1 are left"
		return 1
	}
}

# rgw: an S3 server with the bucket backups, for the whole sweep.
rgw() {
	if [ ! -e "$ROOT/rgw.env" ]; then
		(
			. "$SUPPORT/common.bash"
			. "$SUPPORT/s3.bash"
			s3_isolate
			lines=$("$SUPPORT/rgw.sh" start "$ROOT/rgw")
			eval "$lines"
			S3_URL=$AWS_ENDPOINT_URL
			s3_mb backups
			env | grep ^AWS_ >"$ROOT/rgw.env"
		)
	fi
	cat "$ROOT/rgw.env" >>env
	set -a
	. ./env
	set +a
}

# finish: what the sweep has started ends.
finish() {
	local pid
	. "$SUPPORT/common.bash"; . "$SUPPORT/pg.bash"
	[ ! -e pg.env ] || pg_stop "$PWD/pg"
	[ ! -e rgw ] || "$SUPPORT/rgw.sh" stop "$PWD/rgw"
	for pid in $(cat ./*.pids 2>/dev/null || :); do
		kill "$pid" 2>/dev/null || :
	done
}
