# Throwaway PostgreSQL clusters, for bats files and scripts:
#
#	. "$SUPPORT/pg.bash"
#	pg_have 17 || skip "$PG_WHY"	# a version that has to be fetched
#	pg_start DIR [MAJOR]		# DIR: any name; one cluster each
#	psql ...			# PGHOST, PGPORT and PGUSER point there
#	pg_stop DIR
#
# The server runs as an unprivileged user even if we are root, listens on a
# Unix socket of its own and a free loopback port, trusts whoever connects, and
# never syncs: it is to be fast and to be thrown away.  It lives in a short
# directory below $BK_TMP (or /tmp) that this user owns (PGHOST; data/ and log
# in it), since a test's own is root's, and too long for a socket; DIR/home
# points there.
# Clusters share a template and so a system identifier; with PG_INITDB (options
# for initdb) a cluster gets one of its own.  PG_CONF: lines for
# postgresql.conf.  PG_ENV: words NAME=VALUE for the server's environment.

PG_CACHE=${XDG_CACHE_HOME:-/var/tmp}/bk-pg

# Debian's clients are a program in Perl that looks for a cluster and starts
# the real ones: those come first.
for PG_CLIENTS in /usr/lib/postgresql/*/bin; do :; done
[ ! -d "$PG_CLIENTS" ] || PATH=$PG_CLIENTS:$PATH

# pg_as CMD...: as the user that servers run as, in a clean environment.
pg_as() {
	local user
	set -- env -i PATH=/usr/bin:/bin LC_ALL=C TZ=UTC \
	    ${PG_LIB:+LD_LIBRARY_PATH="$PG_LIB"} ${PG_ENV-} "$@"
	if [ "$(id -u)" = 0 ]; then
		user=$(id -un postgres 2>/dev/null || echo nobody)
		set -- setpriv --reuid="$user" --regid="$(id -g "$user")" \
		    --clear-groups "$@"
	fi
	# bats waits for whoever holds its descriptors
	(cd / && exec "$@" 3>&- 4>&-)
}

# pg_find [MAJOR]: set PG_BIN and PG_LIB; fetches what is not installed.
# Without MAJOR the installed version.  On failure PG_WHY says why.
pg_find() {
	local dir home
	PG_LIB=
	for dir in $(ls -d "/usr/lib/postgresql/${1:-*}/bin" \
	    "/usr/pgsql-${1:-*}/bin" 2>/dev/null | sort -rV) \
	    "$(pg_config --bindir 2>/dev/null)"; do
		[ -x "$dir/postgres" ] || continue
		[ -z "${1-}" ] ||
		    [[ $("$dir/postgres" --version) == *" $1"[.\ ]* ]] || continue
		PG_BIN=$dir
		return
	done
	[ -n "${1-}" ] || { PG_WHY="no PostgreSQL server installed"; return 1; }
	home=$("${BASH_SOURCE[0]%/*}/pg-multi.sh" "$1" 2>&1) || {
		PG_WHY="no PostgreSQL $1: $home"
		return 1
	}
	PG_BIN=$home/bin PG_LIB=$home/lib
}

pg_have() {
	local PG_BIN PG_LIB
	pg_find "$1"
}

# pg_among MAJOR: we have it, and it is one of $BK_MAJORS, if that is set: for
# tests of the same on every major.
pg_among() {
	[[ ",${BK_MAJORS:-$1}," == *",$1,"* ]] || {
		PG_WHY="BK_MAJORS=$BK_MAJORS"
		return 1
	}
	pg_have "$1"
}

# pg_initdb DATA: an empty cluster, copied from a template where that will do.
pg_initdb() {
	local template initdb

	initdb=("$PG_BIN/initdb" -U postgres -A trust -E UTF8 --locale=C -N)
	if [ -n "${PG_INITDB-}" ]; then
		# shellcheck disable=SC2086	# several options
		pg_as "${initdb[@]}" $PG_INITDB -D "$1"
		return
	fi
	mkdir -p "$PG_CACHE"
	template=$PG_CACHE/template-$(pg_as "$PG_BIN/initdb" --version |
	    awk '{ print $3 }')-$(pg_as id -u) || return
	(
		flock 9
		[ -d "$template" ] && exit
		pg_as "${initdb[@]}" -D "$1" && cp -a "$1" "$template.new" &&
		    mv "$template.new" "$template"
	) 9>"$PG_CACHE/lock-template" || return
	[ -d "$1" ] || cp -a "$template" "$1"
}

# pg_start DIR [MAJOR]
pg_start() {
	local home try var
	pg_find "${2-}" || { echo "pg_start: $PG_WHY" >&2; return 1; }
	home=$(mktemp -d "${BK_TMP:-/tmp}/bk-pg.XXXXXX") && mkdir -p "$1" &&
	    ln -s "$home" "$1/home" || return
	chmod 755 "$home"
	[ "$(id -u)" != 0 ] || chown "$(pg_as id -u)" "$home"
	pg_initdb "$home/data" >"$home/initdb.log" 2>&1 || {
		cat "$home/initdb.log" >&2
		return 1
	}
	for var in ${!PG@}; do
		case $var in PG_*) ;; *) unset "$var" ;; esac
	done
	for try in 1 2 3 4 5; do
		PGPORT=$(free_port)
		cat >>"$home/data/postgresql.conf" <<-CONF
		listen_addresses = '127.0.0.1'
		port = $PGPORT
		unix_socket_directories = '$home'
		fsync = off
		checkpoint_completion_target = 0
		shared_buffers = 32MB
		wal_level = replica
		max_wal_senders = 10
		max_replication_slots = 10
		dynamic_shared_memory_type = mmap
		timezone = UTC
		log_timezone = UTC
		${PG_CONF-}
		CONF
		if pg_as "$PG_BIN/pg_ctl" -D "$home/data" -l "$home/log" -s -w \
		    -t 60 start >/dev/null 2>&1; then
			printf '%s\n' "$PG_BIN" "$PG_LIB" >"$home/server"
			pg_use "$1"
			return
		fi
		# somebody else was faster at that port
		grep -q 'could not bind' "$home/log" || break
	done
	tail -n 5 "$home/log" >&2
	pg_stop "$1"
	return 1
}

# pg_use DIR: point PGHOST, PGPORT and PGUSER at a cluster that runs.
pg_use() {
	PGHOST=$(readlink "$1/home") || return
	PGPORT=$(sed -n 's/^port = //p' "$PGHOST/data/postgresql.conf" |
	    tail -n 1)
	PGUSER=postgres
	export PGHOST PGPORT PGUSER
}

# pg_pid DIR: print the postmaster's process id.
pg_pid() {
	head -n 1 "$1/home/data/postmaster.pid"
}

# pg_ctl_ DIR ARG...: pg_ctl of that cluster.
pg_ctl_() {
	local PG_BIN PG_LIB home
	home=$(readlink "$1/home") || return
	{ read -r PG_BIN; read -r PG_LIB; } <"$home/server"
	shift
	pg_as "$PG_BIN/pg_ctl" -D "$home/data" -l "$home/log" -s -w "$@"
}

# pg_stop DIR: stop at once and remove; fine if it is not there.
pg_stop() {
	local home
	home=$(readlink "${1:?}/home") || return 0
	[ ! -e "$home/data/postmaster.pid" ] ||
	    pg_ctl_ "$1" -m immediate stop || return
	rm -rf "$home" "${1:?}/home"
}
