#!/usr/bin/env bats
# bk-restore on the other servers, and with programs of other versions.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/archive.bash"

setup() {
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	pg_stop "$BATS_TEST_TMPDIR/pg"
}

# clients MAJOR: fetched programs of that version in $BIN, for BK_PG_BINDIR.
clients() {
	why=$("$SUPPORT/pg-clients.sh" "$1" "$PWD/clients" 2>&1) || skip "$why"
	BIN=$PWD/clients/bin
	export BK_PG_BINDIR=$BIN
}

# same_as_psql MAJOR: a copy by bk-restore has the text of one by psql.
same_as_psql() {
	pg_among "$1" || skip "$PG_WHY"
	pg_start "$PWD/pg" "$1"
	createdb -T template0 weird
	# these servers come without contrib
	sed '/postgres_fdw/d; /^CREATE SERVER/d; /^CREATE FOREIGN/d' \
	    "$SUPPORT/weird.sql" | psql -qX weird >/dev/null
	createdb -T template0 copy
	# 17's programs set a parameter that 16 does not know
	"${BIN:+$BIN/}pg_dump" weird | sed '/^SET transaction_timeout/d' |
	    psql -qX copy >/dev/null 2>&1
	bk-dump weird | bk-restore -q -j 3 --into new
	# Debian's 15.20 notes a number of its own with columns
	diff <(text copy | sed /pg_attver/d) <(text new | sed /pg_attver/d)
}

@test "PostgreSQL 13" { same_as_psql 13; }
@test "PostgreSQL 14" { same_as_psql 14; }

@test "PostgreSQL 15 by the programs of 17, whose settings it does not know" {
	clients 17
	same_as_psql 15
	"$BIN/pg_dump" -Fc weird >theirs
	run --separate-stderr -1 bk-restore --into z <theirs
	one_line_error bk-restore
	[[ $stderr == *transaction_timeout* ]]
}

@test "PostgreSQL 16 by the programs of 17" { clients 17; same_as_psql 16; }
@test "PostgreSQL 17" { clients 17; same_as_psql 17; }
@test "PostgreSQL 18" { clients 18; same_as_psql 18; }

@test "an archive that is too new for the programs says which are needed" {
	clients 17
	pg_start "$PWD/pg"
	createdb a
	bk-dump a >new.bk
	unset BK_PG_BINDIR
	BK_PG_BINDIR=$(pg_config --bindir)
	[[ $("$BK_PG_BINDIR/pg_restore" --version) == *' 15'* ]] ||
	    skip "newer programs are installed"
	export BK_PG_BINDIR
	run --separate-stderr -1 bk-restore --into b <new.bk
	one_line_error bk-restore
	[[ $stderr == *'postgresql-client-17'* ]]
}
