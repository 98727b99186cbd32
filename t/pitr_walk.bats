#!/usr/bin/env bats
# Records of real WAL as walfile/wal_reader sees them: as pg_waldump does.

load support/common

teardown() {
	. "$SUPPORT/pg.bash"
	pg_stop "$BATS_TEST_TMPDIR/pg"
}

# ours: "LSN KIND XID TIME NAME", times as pg_waldump has them.
ours() {
	"${BK_BIN%/bin}/t/walfile_reader.t" "$@" | perl -MPOSIX=strftime -ne '
		my ($lsn, $kind, $xid, $time, $name) = /^(\S+) (\S+) (\d+) (\d+) (.*)/s;
		chomp $name;
		my $text = $kind =~ /COMMIT|ABORT/ ? sprintf("%s.%06d",
		    strftime("%Y-%m-%d %H:%M:%S", gmtime(int($time / 1e6))),
		    $time % 1000000) : "";
		print "$lsn $kind $xid $text$name\n"'
}

# theirs FIRST LAST: the same by pg_waldump.
theirs() {
	# it fails at the end of the WAL
	{ TZ=UTC "$PG_BIN/pg_waldump" -p . "$1" "$2" 2>/dev/null || :; } | perl -ne '
		my ($rmgr, $xid, $high, $low, $what, $rest) =
		    m{^rmgr: (\S+).*tx: +(\d+), lsn: (\w+)/(\w+),.*desc: (\S+) ?(.*)};
		my ($kind, $text) = ("-", "");
		if ($rmgr eq "Transaction" && $what =~ /^(COMMIT|ABORT)(_PREPARED)?$/) {
			$kind = $1;
			$xid = $rest =~ s/^(\d+): // ? $1 : $xid;
			$rest =~ /^([-\d]+ [:\d]+)(\.\d+)? UTC/;
			$text = $1 . substr(($2 // ".") . "000000", 0, 7);
		} else {
			$xid = 0;
		}
		if ($rmgr eq "XLOG") {
			$kind = "CHECKPOINT" if $what =~ /^CHECKPOINT_(SHUT|ONL)/;
			$kind = "SWITCH" if $what eq "SWITCH";
			($kind, $text) = ("POINT", $1)
			    if $what eq "RESTORE_POINT" && $rest =~ /^(\w+)/;
		}
		printf("%X/%X %s %s %s\n", hex $high, hex $low, $kind, $xid, $text)'
}

@test "every record, its kind, its transaction, its time, as pg_waldump has it" {
	local first last
	. "$SUPPORT/pg.bash"
	. "$SUPPORT/wal.bash"
	cd "$BATS_TEST_TMPDIR"
	WAL_INITDB='--wal-segsize=16 --no-sync' \
	    PG_CONF='max_prepared_transactions = 2' wal_start pg
	psql -XqAt -v ON_ERROR_STOP=1 postgres <<-'SQL' >/dev/null
	CREATE TABLE t(n int PRIMARY KEY, s text);
	INSERT INTO t SELECT n, repeat('x', n % 3000) FROM generate_series(1, 20000) n;
	SELECT pg_create_restore_point('first');
	BEGIN; INSERT INTO t VALUES (-1); PREPARE TRANSACTION 'p';
	BEGIN; INSERT INTO t VALUES (-2); PREPARE TRANSACTION 'q';
	COMMIT PREPARED 'p'; ROLLBACK PREPARED 'q';
	BEGIN; INSERT INTO t VALUES (-3); ROLLBACK;
	CHECKPOINT;
	DO $$ BEGIN FOR i IN 1..200 LOOP
		BEGIN INSERT INTO t VALUES (i); EXCEPTION WHEN OTHERS THEN END;
	END LOOP; END $$;
	SELECT pg_logical_emit_message(true, 'big', repeat('z', 20000000));
	SELECT pg_switch_wal();
	UPDATE t SET s = s || 'y';
	DROP TABLE t;
	SELECT pg_create_restore_point('last');
	SELECT pg_switch_wal();
	SQL
	pg_ctl_ pg -m fast stop
	cd "$PGHOST/data/pg_wal"
	first=000000010000000000000001
	last=$("$PG_BIN/pg_controldata" .. | sed -n 's/.*WAL file: *//p')
	theirs "$first" "$last" >"$BATS_TEST_TMPDIR/theirs"
	ours 0/1000028 $(find . -maxdepth 1 -name '0*' -printf '%f\n' | sort |
	    awk -v last="x$last" '"x" $0 <= last') >"$BATS_TEST_TMPDIR/ours" || :
	cd "$BATS_TEST_TMPDIR"
	[ "$(grep -c ' COMMIT ' theirs)" -gt 200 ]
	grep -q ' POINT 0 last' ours
	cmp ours theirs
}
