# Clusters whose WAL is kept, for bats files and scripts:
#
#	. "$SUPPORT/pg.bash"
#	. "$SUPPORT/wal.bash"
#	wal_start DIR [MAJOR]	# pg_start with segments of 1 MB, checksums,
#				# commit times, and a role bk that may
#				# replicate and do nothing else
#	wal_standby NEW DIR	# a standby of DIR, by a copy of its files
#	wal_side DIR [MAJOR]	# a place for a recovered cluster, in $SIDE:
#	bk-pitr -D "$SIDE" ...
#	wal_run DIR		# start what is there, on a free port
#	pg_stop DIR
#
# WAL_INITDB, if set, replaces initdb's options; PG_CONF and PG_ENV are
# pg.bash's.  What servers and the commands that they run write goes to
# directories of wal_dir's, since a test's own is root's.

wal_start() {
	local PG_INITDB=${WAL_INITDB:---wal-segsize=1 -k --no-sync}
	local PG_CONF="archive_mode = on
	    archive_timeout = 0
	    track_commit_timestamp = on
	    log_checkpoints = off
	    ${PG_CONF-}"
	pg_start "$@" || return
	wal_sql 'CREATE ROLE bk LOGIN REPLICATION'
}

# wal_sql STATEMENT [DB]: its rows, bare.
wal_sql() {
	psql -XqAt -v ON_ERROR_STOP=1 -c "$1" "${2:-postgres}"
}

# wal_dir NAME: print a directory of the server's beside its own.
wal_dir() {
	pg_as mkdir -p -m 755 "$PGHOST/$1" && echo "$PGHOST/$1"
}

# wal_tools: print a directory with our tools where servers may run them.
wal_tools() {
	if pg_as test -x "$BK_BIN/bk-save"; then
		echo "$BK_BIN"
		return
	fi
	[ -d "$PGHOST/bin" ] || cp -R "$BK_BIN" "$PGHOST/bin" || return
	chmod -R a+rX "$PGHOST/bin"
	echo "$PGHOST/bin"
}

# wal_env [NAME...]: servers started from now on, and wal_as, find our tools,
# and have our AWS_* and BK_* variables and NAMEs.
wal_env() {
	local name
	PG_ENV="PATH=$(wal_tools):/usr/bin:/bin"
	for name in $(compgen -e AWS_) $(compgen -e BK_) "$@"; do
		[ -z "${!name}" ] || PG_ENV+=" $name=${!name}"
	done
	export PG_ENV
}

# wal_as COMMAND...: as the servers' user, in their environment.
wal_as() {
	PG_LIB='' pg_as "$@"
}

# wal_archive [COMMAND]: the server's archive_command from now on; without
# COMMAND segments go to wal_dir archive as they are.
wal_archive() {
	local tools dir
	tools=$(wal_tools) && dir=$(wal_dir archive) || return
	wal_sql "ALTER SYSTEM SET archive_command =
	    \$\$${1:-$tools/bk-save -q $dir/%f < %p}\$\$" &&
	    wal_sql 'SELECT pg_reload_conf()' >/dev/null
}

# wal_switch: end the segment that is being written; print its name.
wal_switch() {
	wal_sql "SELECT pg_create_restore_point('switch')" >/dev/null &&
	    wal_sql 'SELECT pg_walfile_name(pg_switch_wal())'
}

# wal_archived SEGMENT: wait until the server has archived that far.
wal_archived() {
	await wal_is_archived "$1"
}

wal_is_archived() {
	[ "$(wal_sql "SELECT last_archived_wal COLLATE \"C\" >= '$1'
	    FROM pg_stat_archiver")" = t ]
}

# wal_tablespace NAME: in a directory beside the server's own.
wal_tablespace() {
	local dir
	dir=$(wal_dir "space-$1") &&
	    wal_sql "CREATE TABLESPACE $1 LOCATION '$dir'"
}

# wal_break TABLE BLOCK [BYTES]: the bytes at the middle of a page of TABLE's,
# on the server's disk, as a bad disk would.
wal_break() {
	local file
	file=$(wal_sql "SELECT pg_relation_filepath('$1')") &&
	    wal_sql CHECKPOINT || return
	head -c "${3:-8}" /dev/zero | tr '\0' U |
	    dd of="$PGHOST/data/$file" bs=1 seek=$(($2 * 8192 + 4096)) \
	    conv=notrunc status=none
}

# wal_side DIR [MAJOR]: $SIDE is a data directory to be, of the server's user.
wal_side() {
	local home
	pg_find "${2-}" || { echo "wal_side: $PG_WHY" >&2; return 1; }
	home=$(mktemp -d "${BK_TMP:-/tmp}/bk-pg.XXXXXX") && mkdir -p "$1" &&
	    ln -s "$home" "$1/home" || return
	chmod 755 "$home"
	[ "$(id -u)" != 0 ] || chown "$(pg_as id -u)" "$home"
	printf '%s\n' "$PG_BIN" "$PG_LIB" >"$home/server"
	SIDE=$home/data
}

# wal_place DIR: the cluster in DIR gets a port and a socket of its own.
wal_place() {
	local home
	home=$(readlink "$1/home") || return
	cat >>"$home/data/postgresql.conf" <<-CONF
	port = $(free_port)
	unix_socket_directories = '$home'
	CONF
}

# wal_run DIR: start what was recovered there; it has ended recovery, or waits
# in it for us, when this returns.
wal_run() {
	wal_place "$1" && pg_ctl_ "$1" -t 60 start >/dev/null &&
	    pg_use "$1" && await wal_settled || {
		tail -n 5 "$1/home/log" >&2
		return 1
	}
}

# wal_settled: recovery has ended, or is paused.
wal_settled() {
	[ "$(psql -XAtc 'SELECT CASE WHEN pg_is_in_recovery()
	    THEN pg_is_wal_replay_paused() ELSE true END' postgres \
	    2>/dev/null)" = t ]
}

# wal_standby NEW DIR: a standby of the cluster DIR, which may be at work and
# has no tablespaces of its own.
wal_standby() {
	local start=pg_backup_start stop=pg_backup_stop never=
	pg_use "$2"
	local from=$PGHOST port=$PGPORT
	wal_side "$1" "$(wal_sql "SELECT
	    current_setting('server_version_num')::int / 10000")" || return
	[ "$(wal_sql 'SHOW server_version_num')" -ge 150000 ] ||
	    start=pg_start_backup stop=pg_stop_backup never=', false'
	psql -XqAt -v ON_ERROR_STOP=1 postgres <<-SQL >/dev/null || return
	SELECT $start('standby', true$never);
	\! cp -a $from/data $SIDE 2>$SIDE.log
	\! rm -rf $SIDE/pg_wal/* $SIDE/postmaster.* $SIDE/pg_replslot/*
	\! mkdir -m 700 $SIDE/pg_wal/archive_status
	\! chown --reference=$SIDE $SIDE/pg_wal/archive_status
	\o $SIDE/backup_label
	SELECT labelfile FROM $stop(${never#, }${never:+, }false);
	SQL
	chown --reference="$SIDE" "$SIDE/backup_label"
	pg_as touch "$SIDE/standby.signal"
	cat >>"$SIDE/postgresql.conf" <<-CONF
	primary_conninfo = 'host=$from port=$port user=bk'
	CONF
	wal_place "$1" && pg_ctl_ "$1" -t 60 start >/dev/null && pg_use "$1"
}

# load_start FILE [CLIENTS]: INSERTs into the table load, one a transaction,
# until load_stop; each number whose commit has returned is a line of FILE.
# A server that goes away and comes again is written to again.
load_start() {
	local client
	LOAD=$1 LOAD_PIDS=()
	wal_sql 'CREATE TABLE IF NOT EXISTS load (n bigserial PRIMARY KEY,
	    pad text NOT NULL DEFAULT repeat(md5(random()::text), 8))'
	: >>"$LOAD" && : >"$LOAD.run"
	for ((client = 0; client < ${2:-2}; client++)); do
		load_client >>"$LOAD" 2>>"$LOAD.err" 3>&- 4>&- &
		LOAD_PIDS+=($!)
	done
	await test -s "$LOAD"
}

load_client() {
	while [ -e "$LOAD.run" ]; do
		while [ -e "$LOAD.run" ] &&
		    printf 'INSERT INTO load DEFAULT VALUES RETURNING n;\n%.0s' \
			{1..20}; do :; done 2>/dev/null |
		    psql -XqAt -v ON_ERROR_STOP=1 postgres ||
			read -r -t 0.1 <> <(:) || :
	done
}

# load_stop: when it returns all clients have ended; fine if there are none.
load_stop() {
	[ -n "${LOAD-}" ] || return 0
	rm -f "$LOAD.run"
	wait "${LOAD_PIDS[@]}"
}

# load_holds FILE [LINES]: the table load has every number of FILE, or of its
# first LINES.
load_holds() {
	local missing
	head -n "${2:--0}" "$1" >"$1.asked"
	wal_sql 'SELECT n FROM load' | sort >"$1.have"
	missing=$(sort "$1.asked" | comm -23 - "$1.have" | wc -l)
	[ "$missing" = 0 ] || {
		echo "$missing of $(wc -l <"$1.asked") commits are lost" >&2
		return 1
	}
}
