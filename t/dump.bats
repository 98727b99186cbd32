#!/usr/bin/env bats
# bk-dump: the archive is what pg_dump's would be, and restores to the same.

load support/common
. "$SUPPORT/pg.bash"

setup_file() {
	pg_start "$BATS_FILE_TMPDIR/pg"
	createdb -T template0 weird
	psql -qX -f "$SUPPORT/weird.sql" weird >/dev/null
	createdb -T template0 empty
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
}

# sql_of ARCHIVE...: pg_restore's script of it; the token of psql's \restrict
# is random.
sql_of() {
	pg_restore -f - "$@" | sed '/^\\\(un\)\?restrict /d'
}

# text DATABASE: pg_dump's text of it, lines sorted.
text() {
	pg_dump "$1" | sed '/^\\\(un\)\?restrict /d' | sort
}

# records ARCHIVE: the JSON of its hidden blocks, one a line.
records() {
	grep -ao '{"bk":"[^}]*}' "$1"
}

@test "the script of the archive is that of pg_dump's, byte by byte" {
	bk-dump -j 3 weird >ours
	pg_dump -Fc -Z0 weird >theirs
	cmp <(sql_of ours) <(sql_of theirs)
}

@test "it does not matter how many connections read" {
	local j
	bk-dump -j 1 weird >1
	for j in 2 3 4 8; do
		bk-dump -j "$j" weird >"$j"
		[ "$(stat -c %s 1)" = "$(stat -c %s "$j")" ]
		# before: the time in the header; after: the manifest
		cmp <(tail -c +100 1 | head -c -1000) \
		    <(tail -c +100 "$j" | head -c -1000)
	done
}

@test "a restored database has the same text and the same digests" {
	createdb -T template0 again
	bk-dump weird | tee 1 | pg_restore -d again
	diff <(text weird) <(text again)
	bk-dump again >2
	diff <(records 1 | grep -v '"manifest"' | sed 's/"id":[0-9]*//') \
	    <(records 2 | grep -v '"manifest"' | sed 's/"id":[0-9]*//')
	dropdb again
}

@test "from a file: pg_restore in parallel, by table, by schema, its list" {
	bk-dump weird >a
	pg_dump -Fc weird >theirs
	createdb -T template0 again
	pg_restore -j 4 -d again a
	diff <(text weird) <(text again)
	dropdb again
	diff <(pg_restore -l a | grep -v '^;') \
	    <(pg_restore -l theirs | grep -v '^;')
	diff <(sql_of -t large a) <(sql_of -t large theirs)
	diff <(sql_of -n public a) <(sql_of -n public theirs)
	diff <(sql_of --section=data a) <(sql_of --section=data theirs)
}

@test "in a file each block's offset is in the table of contents" {
	[[ $(command -v strace) ]] || skip "no strace"
	bk-dump weird >a
	bk-dump weird | cat >b
	strace -o trace -e trace=read,lseek pg_restore -t types -f /dev/null a
	seek=$(grep -c . trace)
	strace -o trace -e trace=read,lseek pg_restore -t types -f /dev/null b
	[ "$seek" -lt "$(grep -c . trace)" ]
	# nothing to go back to in what is appended to
	: >c
	bk-dump weird >>c
	cmp <(tail -c +100 b | head -c -1000) <(tail -c +100 c | head -c -1000)
}

@test "options that say what is dumped mean what they mean to pg_dump" {
	local o
	while read -r o; do
		eval "bk-dump -j 2 $o weird" >ours 2>/dev/null
		eval "pg_dump -Fc -Z0 $o weird" >theirs 2>/dev/null
		cmp <(sql_of ours) <(sql_of theirs) || { echo "$o"; false; }
	done <<-'OPTIONS'
	-s
	-a
	-t large -t 'events*'
	-T large -T toasted
	-n '"we""ird sch.ema"'
	-N public
	-e postgres_fdw
	-b -t types
	-B
	-C -c --if-exists
	-O -x
	-E SQL_ASCII
	-S postgres -a --disable-triggers
	--exclude-table-data='large*' --exclude-table-data=events
	--section=data
	--section=pre-data --section=post-data
	--load-via-partition-root
	--no-unlogged-table-data --no-comments
	--quote-all-identifiers
	--extra-float-digits=0 -t types
	--enable-row-security -t secrets
	--serializable-deferrable -t large
	--role=postgres --strict-names -t hen
	OPTIONS
}

@test "another encoding; one that cannot hold the data is refused" {
	createdb -T template0 latin
	psql -qXc "CREATE TABLE \"é\" AS SELECT 'ü'::text AS \"ä\"" latin
	bk-dump -E LATIN1 latin >ours
	pg_dump -Fc -E LATIN1 latin >theirs
	cmp <(sql_of ours) <(sql_of theirs)
	sql_of ours | grep -aq $'^\xfc$'
	dropdb latin
	run --separate-stderr -1 bk-dump -E LATIN1 weird
	one_line_error bk-dump
	[[ $stderr == *'no equivalent in encoding "LATIN1"'* ]]
}

@test "a database without anything is a sealed archive too" {
	bk-dump empty >a
	[ "$(tail -c 64 a | grep -ac "$(closing_mark)")" = 1 ]
	[ "$(head -c 4096 a | grep -ac "$(opening_mark)(empty)")" = 1 ]
	pg_restore -l a
	[ "$(records a | wc -l)" = 1 ]
	bk-dump -s weird | pg_restore -f /dev/null
}

@test "the manifest tells what was dumped, the records each table" {
	bk-dump -j 1 -t large -t types weird >a
	n=$(psql -XAtc 'SELECT count(*) FROM large' weird)
	psql -XAtc 'COPY large TO STDOUT' weird >text
	records a | grep '"table":"large"' |
	    grep "\"rows\":$n,\"bytes\":$(stat -c %s text),"
	records a | tail -n 1 >m
	grep '^{"bk":"manifest","version":1,"database":"weird"' m
	grep '"options":"-tlarge -ttypes"' m
	grep "\"tables\":2,\"rows\":$((n + 2))," m
	grep -E '"system_identifier":"[0-9]+".*"lsn":"[0-9A-F]+/' m
	[ "$(stat -c %s m)" -lt 2200 ]
}

@test "piped into pg_restore, both succeed, however slow it is" {
	local i
	createdb -T template0 again
	for i in $(seq 20); do
		run -0 bash -c "set -o pipefail; bk-dump -j $((i % 4 + 1)) weird |
		    { read -r -n 5 -d '' m; read -r -t 0.0$((i % 10)) <> <(:)
		      { printf %s \"\$m\"; cat; } | pg_restore -f /dev/null; }"
	done
	bk-dump weird | pg_restore -d again
	dropdb again
}

@test "names of databases: quotes, blanks, newline, equals sign, unicode" {
	local db
	for db in "it's \"q\" \\ x" $'new\nline' 'a=b' 'postgresql://x/y' \
	    'дб 表' "$(printf 'n%.0s' {1..63})"; do
		psql -qX -v db="$db" <<<'CREATE DATABASE :"db"' postgres
		PGDATABASE=$db psql -qXc 'CREATE TABLE t AS SELECT 7 AS a'
		PGDATABASE=$db bk-dump >a
		sql_of a | grep -qx 7
	done
	# on the command line, what looks like one is a connection string
	bk-dump "dbname='it\\'s \"q\" \\\\ x'" >a
	grep -aqF '(it%27s%20%22q%22%20%5C%20x)' a
	bk-dump "postgresql:///new%0aline?host=$PGHOST" >a
	records a | grep -F '"database":"new\nline"'
}

@test "where the database is found: argument, PG*, DATABASE_URL, service" {
	local host=$PGHOST port=$PGPORT
	createdb -T empty other
	found() { records - | grep -o '"database":"[a-z]*"' | cut -d'"' -f 4; }
	[ "$(PGDATABASE=other bk-dump | found)" = other ]
	[ "$(PGDATABASE=other DATABASE_URL=postgresql:///empty bk-dump |
	    found)" = other ]
	[ "$(PGDATABASE=other bk-dump empty | found)" = empty ]
	unset PGHOST PGPORT PGUSER
	DATABASE_URL="postgresql://postgres@127.0.0.1:$port/other"
	[ "$(DATABASE_URL=$DATABASE_URL bk-dump | found)" = other ]
	printf '[mine]\nhost=%s\nport=%s\nuser=postgres\ndbname=other\n' \
	    "$host" "$port" >service.conf
	[ "$(PGSERVICEFILE=service.conf PGSERVICE=mine bk-dump | found)" = \
	    other ]
	[ "$(bk-dump -h "$host" -p "$port" -U postgres -d other | found)" = \
	    other ]
	dropdb -h "$host" -p "$port" -U postgres other
}

@test "a password reaches pg_dump, but never a command line" {
	psql -qXc "CREATE ROLE pw LOGIN SUPERUSER PASSWORD 'tops3cret'" postgres
	hba=$PGHOST/data/pg_hba.conf
	cp "$hba" hba.old
	sed -i '1i host all pw 127.0.0.1/32 scram-sha-256' "$hba"
	psql -qXAtc 'SELECT pg_reload_conf()' postgres
	# a lock that pg_dump waits for, so that it is there to be looked at
	coproc psql -qXAt weird
	echo 'BEGIN; LOCK TABLE hen; SELECT 1;' >&"${COPROC[1]}"
	read -r _ <&"${COPROC[0]}"
	bk-dump "postgresql://pw:tops3cret@127.0.0.1:$PGPORT/weird" >a 3>&- &
	await 10 pgrep -P $! pg_dump
	cat /proc/"$(pgrep -P $! pg_dump)"/cmdline >cmdline
	echo 'COMMIT; \q' >&"${COPROC[1]}"
	wait $!
	run -1 grep -a tops3cret cmdline
	run -1 grep -a tops3cret a
	run --separate-stderr -1 bk-dump \
	    "postgresql://pw:wr0ng@127.0.0.1:$PGPORT/weird"
	one_line_error bk-dump
	[[ $stderr == *'password authentication failed'* ]]
	run --separate-stderr -1 bk-dump \
	    "postgresql://pw@127.0.0.1:$PGPORT/weird"
	one_line_error bk-dump
	[[ $stderr == *'needs a password'* ]]
	cat hba.old >"$hba"
	psql -qXAtc 'SELECT pg_reload_conf()' postgres
}

@test "a database written to at full speed is dumped as of one moment" {
	[[ $(command -v pgbench) ]] || skip "no pgbench"
	createdb -T template0 bench
	pgbench -q -i -s 3 bench >/dev/null 2>&1
	pgbench -n -c 2 -T 30 bench >/dev/null 2>&1 3>&- &
	bench=$!
	await 10 psql -qXAtc 'SELECT 1/(count(*) - 50 > 0)::int
	    FROM pgbench_history' bench
	createdb -T template0 again
	for i in 1 2 3; do
		bk-dump -j 3 bench | pg_restore --clean --if-exists -d again
		sums=$(psql -XAtc "SELECT (SELECT sum(abalance) FROM
		    pgbench_accounts), (SELECT sum(bbalance) FROM
		    pgbench_branches), (SELECT sum(tbalance) FROM
		    pgbench_tellers), (SELECT sum(delta) FROM
		    pgbench_history)" again)
		IFS='|' read -r a b c d <<<"$sums"
		[ "$a" = "$b" ] && [ "$b" = "$c" ] && [ "$c" = "$d" ]
	done
	kill $bench
	wait $bench || [ $? = 143 ]
	dropdb again
}

@test "an extension's configuration tables: only the user's rows" {
	[ "$(id -u)" = 0 ] || skip "cannot install an extension"
	dir=$(pg_config --sharedir)/extension
	cat >"$dir/bk_test.control" <<-CONTROL
	default_version = '1'
	CONTROL
	cat >"$dir/bk_test--1.sql" <<-'SQL'
	CREATE TABLE bk_config (k text, builtin bool DEFAULT false);
	INSERT INTO bk_config VALUES ('shipped', true);
	SELECT pg_extension_config_dump('bk_config', 'WHERE NOT builtin');
	CREATE TABLE bk_all (k text);
	SELECT pg_extension_config_dump('bk_all', '');
	SQL
	createdb -T template0 ext
	psql -qXc 'CREATE EXTENSION bk_test' ext
	rm "$dir"/bk_test*
	psql -qXc "INSERT INTO bk_config VALUES ('mine')" ext
	psql -qXc "INSERT INTO bk_all VALUES ('all')" ext
	bk-dump ext >ours
	pg_dump -Fc ext >theirs
	cmp <(sql_of ours) <(sql_of theirs)
	sql_of ours | grep '^mine'
	run -1 grep -a shipped ours
	dropdb ext
}

@test "a foreign table's data, if asked for" {
	createdb -T template0 fdw
	psql -qX fdw <<-SQL
	CREATE EXTENSION postgres_fdw;
	CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw
	    OPTIONS (host '$PGHOST', port '$PGPORT', dbname 'weird');
	CREATE USER MAPPING FOR postgres SERVER s OPTIONS (user 'postgres');
	CREATE FOREIGN TABLE f (id int, egg int) SERVER s
	    OPTIONS (table_name 'hen', schema_name 'public');
	CREATE TABLE local AS SELECT 3 AS a;
	SQL
	bk-dump --include-foreign-data=s fdw >ours
	pg_dump -Fc --include-foreign-data=s fdw >theirs
	cmp <(sql_of ours) <(sql_of theirs)
	records ours | grep '"table":"f","rows":1'
	dropdb fdw
}

@test "wide rows: 64 MB of text and bytea" {
	createdb -T template0 wide
	psql -qX wide <<-'SQL'
	CREATE TABLE w (id int, t text, b bytea);
	INSERT INTO w SELECT i, repeat(md5(i::text), 1000000),
	    decode(repeat(md5(i::text), 500000), 'hex')
	    FROM generate_series(1, 2) i;
	SQL
	bk-dump -j 3 wide | pg_restore -f - | sed '/restrict /d' | cksum >ours
	pg_dump -Fp wide | sed '/restrict /d' | cksum >theirs
	cmp ours theirs
	dropdb wide
}

@test "--globals: roles and tablespaces in a block of their own" {
	psql -qXc 'CREATE ROLE "glo""bal"' postgres
	bk-dump --globals weird >ours
	grep -aqF 'CREATE ROLE "glo""bal"' ours
	bk-dump weird >plain
	cmp <(sql_of ours) <(sql_of plain)
	size=$(grep -ao '{"bk":"globals","bytes":[0-9]*}' ours |
	    grep -o '[0-9]*')
	[ "$size" -gt 100 ]
	bk-dump --globals weird | pg_restore -f /dev/null
}

@test "what was done is told: progress, audit log" {
	export BK_AUDIT_LOG=$PWD/audit
	bk-dump -v weird 2>log >a
	grep -E '[0-9]+/[0-9]+ tables, .* of ' log
	run --separate-stderr -0 bash -c 'bk-dump -q weird >a'
	[ -z "$stderr" ]
	run -1 bk-dump nonesuch
	[ "$(wc -l <audit)" = 3 ]
	tail -n +2 audit | head -n 1 | grep '"operation":"bk-dump"' |
	    grep '"source":"weird"' |
	    grep "\"size_bytes\":$(stat -c %s a)" | grep '"status":"success"'
	tail -n 1 audit | grep '"status":"failure"' | grep nonesuch
}

@test "the examples of the manual" {
	createdb -T template0 shop
	psql -qX shop <<-'SQL'
	CREATE SCHEMA sales;
	CREATE SCHEMA stock;
	CREATE TABLE orders AS SELECT generate_series(1, 9) AS id;
	CREATE TABLE sales.log AS SELECT 'noise'::text AS t;
	CREATE TABLE stock.bin AS SELECT 8 AS n;
	SQL
	createdb -T template0 shop2
	bk-dump -j 8 shop > shop.bk
	pg_restore -t orders -d shop2 shop.bk
	[ "$(psql -XAtc 'SELECT count(*) FROM orders' shop2)" = 9 ]
	bk-dump -n sales -n stock --exclude-table-data='*.log' \
	    --lock-wait-timeout=5min shop > part.bk
	run -1 grep -a noise part.bk
	records part.bk | grep '"table":"bin","rows":1'
	dropdb shop2
	dropdb shop
}

@test "what pg_dump warns of is passed on" {
	bk-dump -a weird 2>err >a
	grep '^bk-dump: pg_dump: warning: there are circular' err
	[ "$(wc -l <err)" = 1 ]
}

@test "wrong calls: exit 2, nothing written" {
	local o
	for o in -Fp '-f x' -Z5 --inserts --snapshot=1 --nonesuch -j0 -jx \
	    '-j 999' '--lock=perhaps' 'a b' --compress=1 --column-inserts; do
		# shellcheck disable=SC2086	# several words
		run --separate-stderr -2 bk-dump $o
		[ -z "$output" ]
		[[ $stderr == *"usage: bk-dump "* ]]
	done
	BK_JOBS=none run -2 bk-dump weird
	run -2 script -qec "bk-dump weird" /dev/null
	run --separate-stderr -2 bash -c 'bk-dump weird >&-'
}

@test "help and version" {
	run -0 bk-dump --help
	[[ ${lines[0]} == "Example: bk-dump "* ]]
	[ "${#lines[@]}" -le 24 ]
	[[ $output == *"$(bk-dump -Fp 2>&1 | tail -n 1 | cut -c 1-50)"* ]]
	run -0 bk-dump --version
}
