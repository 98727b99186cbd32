#!/usr/bin/env bats
# bk-verify of base backups: every file by the manifest, the WAL that recovery
# needs record by record, and what the label says of all this.

load support/common
. "$SUPPORT/pg.bash"
. "$SUPPORT/wal.bash"

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	wal_start pg
	wal_tablespace fast
	wal_sql 'CREATE TABLE t TABLESPACE fast AS
	    SELECT i, md5(i::text) FROM generate_series(1, 5000) i'
	export SYSID
	SYSID=$(wal_sql 'SELECT system_identifier FROM pg_control_system()')
	bk-base -c fast >base.tar
	LABEL=$(seal_of base.tar | cut -c 65-)
	export LABEL
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

teardown() {
	local major
	for major in 13 17 18 19; do pg_stop other$major; done
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	BASE=$BATS_FILE_TMPDIR/base.tar
	pg_use "$BATS_FILE_TMPDIR/pg"
}

field() { jq -r ".$1" <<<"$output"; }

# not_proven FILE WORDS: it is refused with these words in the receipt's table.
not_proven() {
	run -3 --separate-stderr bk-verify <"$1"
	[ "$(field result)" = 'not proven' ]
	[[ $stderr == *$2* ]] || { echo "no '$2' in: $stderr"; return 1; }
}

# in_place FILE FROM TO: the same number of bytes, everywhere.
in_place() {
	[ "${#2}" = "${#3}" ]
	LC_ALL=C sed "s|$2|$3|g" "$BASE" >"$1"
	run ! cmp -s "$BASE" "$1"
}

# offset_of FILE MEMBER: where the data of a member of the tar begins.
offset_of() {
	python3 -c 'import sys, tarfile
print(tarfile.open(sys.argv[1]).getmember(sys.argv[2]).offset_data)' "$@"
}

# spoil FILE MEMBER AT: a copy of the base with one bit of a member flipped.
spoil() {
	cp "$BASE" "$1"
	python3 - "$1" $(($(offset_of "$1" "$2") + $3)) <<-'PY'
	import sys
	with open(sys.argv[1], 'r+b') as f:
	    f.seek(int(sys.argv[2]))
	    b = f.read(1)[0]
	    f.seek(-1, 1)
	    f.write(bytes([b ^ 4]))
	PY
}

@test "a base backup is whole: files, WAL, cluster, timeline, instant" {
	run -0 --separate-stderr bk-verify <"$BASE"
	[ "$(field 'kind, .proof, .sealed, .not_covered' | paste -sd ' ')" = \
	    'base content true null' ]
	[ "$(field cluster) $(field timeline)" = "$SYSID 1" ]
	[[ $LABEL == "(cluster=$SYSID;"*";tli=1;start=$(field start_lsn);"* ]]
	[[ $(field end_lsn) =~ ^0/[0-9A-F]+$ ]]
	[ "$(field at | tr -d :-)" = "$(grep -o '[0-9]*T[0-9]*Z' <<<"$LABEL")" ]
	[ "$(field server_version)" = "$(psql -XAtc 'SHOW server_version' \
	    postgres | sed 's/[^0-9].*//')" ]
	[ "$(field files)" -gt 900 ]
	# through every layer, and the receipt has the backup's name
	mkdir proofs
	bk-keygen >key 2>keygen.err
	bk-zst <"$BASE" | bk-crypt -r "$(bk-keygen -y key)" |
	    bk-verify -i key --receipts proofs 2>text >receipt
	[[ $(<text) == *"$SYSID: proven: base backup, "*' files, '*'; sealed' ]]
	[[ $(ls proofs) == "$SYSID-$(field at | tr -d :-)".*.receipt.json ]]
}

@test "in pipes its own marks are those of any stream" {
	local n size chain
	bk-save 'd-{host}-{utc}' <"$BASE"
	cmp "$BASE" "d-$(uname -n)-$(grep -o '[0-9]*T[0-9]*Z' <<<"$LABEL")"
	rm d-*
	size=$(stat -c %s "$BASE")
	for chain in cat bk-gz 'bk-seal cat'; do
		for n in 3000 $((size / 2)) $((size - 2000)) $((size - 1)); do
			run -3 bash -c "head -c $n '$BASE' | $chain |
			    bk-save --sealed x"
		done
		[ ! -e x ]
		bash -c "$chain <'$BASE' | bk-save --sealed x"
		[ "$(seal_of x | cut -c 65-)" = "$LABEL" ] || [ "$chain" = 'bk-seal cat' ]
		rm x
	done
	run -3 --separate-stderr bk-verify < <(head -c $((size - 1)) "$BASE")
	[[ $stderr == *unfinished* ]]
	run -3 bk-verify < <(cat "$BASE"; head -c 512 /dev/zero)
}

@test "a flipped bit of a file, the manifest or WAL, and which" {
	long
	local wal end
	spoil bad PG_VERSION 1
	not_proven bad 'PG_VERSION'
	spoil bad backup_manifest 200
	not_proven bad 'backup_manifest'
	wal=$(tar -tf "$BASE" | grep -E 'pg_wal/[0-9A-F]{24}$' | head -n 1)
	spoil bad "$wal" 26			# of its first page's header
	not_proven bad 'another cluster'
	# within the records that recovery has to read
	run -0 --separate-stderr bk-verify <"$BASE"
	end=$(field end_lsn)
	spoil bad "$wal" $((0x${end#*/} % 1048576 - 10))
	not_proven bad 'WAL: records up to'
	# behind them nothing is needed
	spoil bad "$wal" 1048575
	bk-verify <bad
}

@test "a file that is missing, or too many; and no WAL at all" {
	long
	cat >edit.py <<-'EOF2'
	import re, sys, tarfile
	drop, add = re.compile(sys.argv[3]), sys.argv[4:]
	with tarfile.open(sys.argv[1]) as old, \
	    tarfile.open(sys.argv[2], 'w') as new:
	    for m in old:
	        m.pax_headers = {}
	        if not drop.search(m.name):
	            new.addfile(m, old.extractfile(m) if m.isfile() else None)
	    for name in add:
	        new.addfile(tarfile.TarInfo(name))
	EOF2
	# without its marks it is judged by what is in it
	python3 edit.py "$BASE" same '^$'
	bk-verify <same
	python3 edit.py "$BASE" less '^base/1/112$'
	not_proven less 'base/1/112'
	python3 edit.py "$BASE" less 'pg_tblspc/.*/[0-9]{5}$'
	not_proven less 'pg_tblspc/'
	python3 edit.py "$BASE" more '^$' base/1/99999
	not_proven more 'base/1/99999'
	python3 edit.py "$BASE" twice '^$' PG_VERSION
	not_proven twice 'PG_VERSION'
	python3 edit.py "$BASE" none '^backup_manifest$'
	run -3 --separate-stderr bk-verify <none
	[[ $stderr == *'no backup_manifest'* ]]
	python3 edit.py "$BASE" dry '^pg_wal/0'
	run -0 --separate-stderr bk-verify <dry
	[[ $(field not_covered) == 'WAL from 0/'*' to 0/'*', which is not inside' ]]
}

@test "a label or trailer that says something else" {
	in_place bad "cluster=$SYSID;" "cluster=${SYSID%?}$((9 - ${SYSID: -1}));"
	not_proven bad 'label: cluster'
	in_place bad ';tli=1;' ';tli=2;'
	not_proven bad 'label: timeline'
	start=$(grep -o 'start=0/[0-9A-F]' <<<"$LABEL")
	in_place bad ";$start" ";${start%?}F"
	not_proven bad 'label: start of WAL'
	end=$(tail -c 2560 "$BASE" | grep -ao 'comment=end=0/[0-9A-F]')
	in_place bad "$end" "${end%?}F"
	not_proven bad 'trailer: end of WAL'
	# another's label around it
	run -3 --separate-stderr bk-verify < <(bk-gz <"$BASE" |
	    LC_ALL=C sed "s|;tli=1;|;tli=2;|")
	[[ $stderr == *'label and content disagree'* ]]
}

@test "each major version's, in the stream and recovered" {
	local major tmp increment
	for major in 13 17 18 19; do
		pg_among $major || skip "$PG_WHY"
		tmp=$(mktemp -d "${BK_TMP:-/tmp}/bk-verify-base.XXXXXX")
		chmod 777 "$tmp"
		wal_start other$major $major
		bk-base -c fast --manifest m >base
		PG_PROGRAMS=$(sed -n 1p other$major/home/server)
		PG_LIBS=$(sed -n 2p other$major/home/server)
		run -0 --separate-stderr bk-verify <base
		[ "$(field 'server_version, .proof, .not_covered' |
		    paste -sd ' ')" = "$major content null" ]
		run -0 --separate-stderr env TMPDIR="$tmp" \
		    BK_PG_BINDIR="$PG_PROGRAMS" LD_LIBRARY_PATH="$PG_LIBS" \
		    bk-verify --scratch <base
		[ "$(field proof)" = recovery ]
		[[ $(field restored_on) == $major[.r]* ]]
		if [ $major -ge 17 ]; then
			wal_sql 'ALTER SYSTEM SET summarize_wal = on'
			wal_sql 'SELECT pg_reload_conf()' >/dev/null
			bk-base -c fast --manifest m >base
			bk-base -c fast --incremental m >increment
			run -0 --separate-stderr bk-verify <increment
			[[ $(field not_covered) == *'increment to'* ]]
			run -1 --separate-stderr env TMPDIR="$tmp" \
			    BK_PG_BINDIR="$PG_PROGRAMS" \
			    LD_LIBRARY_PATH="$PG_LIBS" \
			    bk-verify --scratch <increment
			[[ $stderr == *'by bk-pitr'* ]]
		fi
		pg_stop other$major
		rmdir "$tmp"
	done
}

@test "pg_basebackup under bk-seal, and tars of a directory" {
	local pg_basebackup
	wal_sql 'DROP TABLE t'
	wal_sql 'DROP TABLESPACE fast'
	pg_basebackup=$(ls /usr/lib/postgresql/*/bin/pg_basebackup | tail -n 1)
	bk-seal "$pg_basebackup" -D - -Ft -X fetch -c fast </dev/null | bk-gz >gz
	run -0 --separate-stderr bk-verify <gz
	[ "$(field 'kind, .proof, .sealed, .not_covered, .cluster' |
	    paste -sd ' ')" = "base content true null $SYSID" ]
	[[ $(field at) == 20*Z && $(field start_lsn) == 0/* ]]
	wal_archive /bin/true
	run -0 --separate-stderr bk-verify < <("$pg_basebackup" -D - -Ft \
	    -X none -c fast 2>/dev/null)
	[[ $(field not_covered) == *'not inside' ]]
	"$pg_basebackup" -D dir -X fetch -c fast --manifest-checksums=SHA256
	run -0 --separate-stderr bk-verify < <(tar -C dir -cf - .)
	[ "$(field proof)" = content ]
}
