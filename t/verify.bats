#!/usr/bin/env bats
# bk-verify, level 1: what is read to its end, and what that proves
load support/common
load support/pg

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	pg_start c
	createdb shop
	psql -qX -v ON_ERROR_STOP=1 shop <<-'SQL'
	CREATE TABLE orders (id int PRIMARY KEY, note text);
	INSERT INTO orders SELECT g, 'note ' || g FROM generate_series(1, 2000) g;
	CREATE TABLE odd (a text, b bytea, c float8, d numeric);
	INSERT INTO odd VALUES (E'a\nb\\.\t', '\x00ff00', 'NaN', 'Infinity'),
	    (NULL, '', '1e-310', '1e-1000'), ('\.', '\x5c2e', '-0', '1e+1000');
	CREATE TABLE empty (x int);
	CREATE TABLE nothing ();
	INSERT INTO nothing DEFAULT VALUES;
	CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '
	COPY orders FROM stdin;
	'::text $$;
	SELECT lo_from_bytea(70001, 'hello'), lo_from_bytea(70002, '');
	SQL
	bk-dump shop | cat >shop.bk	# archive-edit.py knows no offsets
	bk-keygen >key
	chmod 600 key
	grep -o 'age1.*' key >pub
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/c"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	for f in shop.bk key pub c; do
		ln -s "$BATS_FILE_TMPDIR/$f" .
	done
	pg_use c
}

# field NAME: of the receipt in $output.
field() { jq -r ".$1" <<<"$output"; }

# not_proven FILE [OPTION...]: status 3, and a receipt that says so.
not_proven() {
	local file=$1
	shift
	run -3 --separate-stderr bk-verify "$@" <"$file"
	[ "$(field result)" = 'not proven' ]
	[ "$(field proof)" = null ]
	[ "$(field error)" != null ]
}

@test "an archive of bk-dump is proven by its records and manifest" {
	run -0 --separate-stderr bk-verify <shop.bk
	[[ $stderr == 'bk-verify: shop: proven: archive of shop, 4 tables, 2004 rows, '* ]]
	[ "$(field result)" = proven ]
	[ "$(field proof)" = content ]
	[ "$(field sealed)" = true ]
	[ "$(field name)" = null ]
	[ "$(field database)" = shop ]
	[ "$(field at)" = "$(grep -aoE 'at=[0-9TZ]{16}' shop.bk | sed -E 's,at=(....)(..)(..T..)(..)(..Z),\1-\2-\3:\4:\5,')" ]
	[ "$(field level)" = 1 ]
	[ "$(field tables)" = 4 ]
	[ "$(field rows)" = 2004 ]
	[ "$(field blobs)" = 2 ]
	[ "$(field manifest | wc -c)" = 33 ]
	[[ $(field server_version) == "$(psql -XAtc 'SHOW server_version')"* ]]
	[[ $(field time) == 20??-??-??T??:??:??Z ]]
	[[ $(field tool) == bk-verify\ * ]]
}

@test "layers are recognised and opened on the way" {
	bk-gz <shop.bk | bk-crypt -r "$(<pub)" >own
	gzip <shop.bk | age -r "$(<pub)" >age
	zstd -q <shop.bk | bk-crypt --age -r "$(<pub)" >zst
	age -a -r "$(<pub)" <shop.bk | bk-zst | bk-gz >many
	for f in own age zst many; do
		run -0 --separate-stderr bk-verify -i key <$f
		[ "$(field proof)" = content ]
	done
	run -0 bk-verify --passphrase-file <(echo sesame) \
	    < <(bk-crypt --passphrase-file <(echo sesame) <shop.bk)
	BK_IDENTITY=$PWD/key run -0 bk-verify <own
	# a stream in nine of them is nobody's backup
	cp shop.bk in
	for f in 1 2 3 4 5 6 7 8; do
		bk-gz <in >out
		mv out in
	done
	run -0 --separate-stderr bk-verify <in
	[ "$(field proof)" = content ]
	bk-gz <in >nine
	not_proven nine
	[[ $stderr == *': more than 8 layers' ]]
}

@test "a passphrase in the environment is not there for long" {
	[ -r /proc/self/environ ] || skip "no /proc"
	local pid
	wiped() {
		[ "$(cat "/proc/$1/comm")" = bk-verify ] &&
		    [ "$(grep -ca topsecret "/proc/$1/environ")" = 0 ]
	}
	BK_PASSPHRASE=topsecret bk-crypt <shop.bk >pass
	mkfifo slow
	BK_PASSPHRASE=topsecret bk-verify <slow >receipt 3>&- &
	pid=$!
	exec 4>slow
	await wiped $pid
	cat pass >&4
	exec 4>&-
	wait $pid
	grep -q '"result":"proven"' receipt
}

@test "no key, or a wrong one: could not tell" {
	bk-crypt -r "$(<pub)" <shop.bk >own
	run -1 --separate-stderr bk-verify <own
	one_line_error bk-verify
	[ "$(field result)" = 'could not tell' ]
	bk-keygen >other
	chmod 600 other
	run -1 --separate-stderr bk-verify -i other <own
	one_line_error bk-verify
	[[ $stderr == *'no identity matches any of its recipients (1)' ]]
	[ "$(field result)" = 'could not tell' ]
	# no receipt of it refutes what another has proven
	mkdir proofs
	bk-verify -q -i key --receipts proofs <own
	name=$(ls proofs)
	run -1 bk-verify -q -i other -o proofs/later.receipt.json <own
	printf '%s\t9\ts3://b/%s.bk\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
	    "${name%%.*}" >list
	run bk-age --receipts proofs <list
	[[ $output == *', proven '* ]]
	chmod 644 other
	run -3 --separate-stderr bk-verify -i other <own
	one_line_error bk-verify
}

@test "a changed byte, a row dropped or repeated, columns swapped, a cut" {
	for what in byte drop repeat swap cut; do
		"$SUPPORT/archive-edit.py" orders $what <shop.bk >edited
		not_proven edited
		[[ $stderr == *'table public.orders'* ]]
		[[ $(field error) == *'table public.orders' ]]
	done
	"$SUPPORT/archive-edit.py" orders none <shop.bk | bk-verify >receipt
}

@test "the table of differences has what was expected and what was found" {
	"$SUPPORT/archive-edit.py" orders drop <shop.bk >edited
	not_proven edited
	[ "$(field differences)" = 3 ]
	[[ ${stderr_lines[0]} == *object*expected*found ]]
	[[ ${stderr_lines[1]} == *public.orders*'2000 rows'*'1999 rows'* ]]
	[[ ${stderr_lines[2]} == *'manifest: rows'*2004*2003 ]]
}

@test "an unfinished stream is not proven, whichever layer was cut" {
	bk-gz <shop.bk >a.gz
	bk-crypt -r "$(<pub)" <a.gz >a.bk
	gzip <shop.bk >foreign
	for f in shop.bk a.gz a.bk foreign; do
		for cut in 0 1 600 5000 -1 -33 -70; do
			sampled || continue
			head -c $((cut > 0 ? cut : $(stat -Lc %s $f) + cut)) \
			    $f >cut
			[ $cut != 0 ] || : >cut
			not_proven cut -i key
			one_line_error bk-verify
		done
	done
	head -c -3000 shop.bk | gzip >inner	# a good gzip of a cut dump
	not_proven inner
	bk-seal head -c -3000 shop.bk >vouched
	not_proven vouched
}

@test "the input is read to its end, also when it is damaged" {
	"$SUPPORT/archive-edit.py" odd cut <shop.bk >edited
	sed 's/^PGDMP/PGDMX/' shop.bk | cat - shop.bk shop.bk shop.bk >junk
	bk-gz <shop.bk | sed '200s/./x/' >damaged
	for f in edited junk damaged; do
		for i in 1 2 3 4 5; do cat $f; done >big
		run -0 bash -c 'cat big | bk-verify >r 2>&1; echo ${PIPESTATUS[*]}'
		[ "$output" = "0 3" ]
	done
}

@test "archives of pg_dump: structure, packed or not" {
	pg_dump -Fc shop >z
	pg_dump -Fc -Z0 shop >plain
	pg_dump -Fc -s shop >schema
	pg_dump -Fc --inserts shop >inserts
	for f in z plain schema inserts; do
		run -0 --separate-stderr bk-verify <$f
		[ "$(field proof)" = structure ]
		[ "$(field sealed)" = false ]
	done
	run -0 --separate-stderr bk-verify <z
	[ "$(field rows)" = 2004 ]
	[ "$(field blobs)" = 2 ]
	run -3 bk-verify --sealed <z
	run -0 bk-verify --sealed < <(bk-seal cat z)
	head -c -100 z >cut
	not_proven cut
	"$SUPPORT/archive-edit.py" orders cut <plain >cut
	not_proven cut
}

@test "archives of newer versions, zstd and LZ4" {
	"$SUPPORT/pg-clients.sh" 17 p17 2>why || skip "$(<why)"
	p17/bin/pg_dump -Fc --compress=zstd shop | cat >zst
	p17/bin/pg_dump -Fc --compress=lz4 shop | cat >lz4
	p17/bin/pg_dump -Fc -Z0 shop >twice	# its TOC is behind it again
	p17/bin/pg_dump shop >sql
	for f in zst twice sql; do
		run -0 --separate-stderr bk-verify <$f
		[ "$(field rows)" = 2004 ]
	done
	run -1 --separate-stderr bk-verify <lz4
	one_line_error bk-verify
	p17/bin/pg_restore -f - lz4 | bk-verify -o /dev/null
	for f in zst twice; do
		head -c -1000 $f >cut
		not_proven cut
	done
	grep -v '^.unrestrict' sql >cut
	if grep -q '^.restrict' sql; then
		not_proven cut
	fi
}

@test "scripts of pg_dump and pg_dumpall are whole to the last statement" {
	pg_dump shop >sql
	pg_dumpall >all
	pg_dumpall -g >globals
	pg_dump --inserts shop >inserts
	for f in sql all globals inserts; do
		run -0 --separate-stderr bk-verify <$f
		[ "$(field kind)" = sql ]
		head -n -8 $f >cut
		not_proven cut
		one_line_error bk-verify
	done
	run -0 --separate-stderr bk-verify <sql
	[ "$(field tables)" = 4 ]
	[ "$(field rows)" = 2004 ]
}

@test "a base backup against its manifest" {
	pg_basebackup=$(ls /usr/lib/postgresql/*/bin/pg_basebackup | tail -n 1)
	$pg_basebackup -D - -Ft -X fetch -c fast >base
	run -0 --separate-stderr bk-verify <base
	[ "$(field proof)" = content ]
	[ "$(field kind)" = base ]
	[ "$(field files)" -gt 900 ]
	[ "$(field bytes)" -gt 20000000 ]
	$pg_basebackup -D - -Ft -X fetch -c fast --manifest-checksums=SHA256 |
	    bk-gz | bk-verify -o r
	[ "$(jq -r .proof r)" = content ]
	cp base bad
	printf damage | dd of=bad bs=1 seek=5000000 conv=notrunc status=none
	not_proven bad
	[[ $stderr == *'bytes'* || $stderr == *CRC32C* ]]
	head -c -1500 base >cut
	not_proven cut
	python3 - <<-'PY'
	import tarfile
	with tarfile.open('base') as old, tarfile.open('less', 'w') as new:
	    for m in old:
	        if m.name != 'PG_VERSION':
	            new.addfile(m, old.extractfile(m) if m.isfile() else None)
	PY
	not_proven less
	[[ $stderr == *PG_VERSION* ]]
	run -1 bk-verify < <($pg_basebackup -D - -Ft -X fetch -c fast \
	    --manifest-checksums=SHA512)
}

@test "other tars, and what bk cannot read" {
	tar -cf other "$TOP/LICENSE" 2>/dev/null
	run -1 --separate-stderr bk-verify <other
	one_line_error bk-verify
	[ "$(field result)" = 'could not tell' ]
	bk-seal cat other | bk-gz >packed
	run -0 --separate-stderr bk-verify <packed
	[ "$(field proof) $(field definitions)" = 'seal not' ]
	run -0 --separate-stderr bk-verify < <(bk-seal head -c 9999 /dev/urandom)
	[ "$(field proof)" = seal ]
	run -3 bk-verify < <(bk-seal cat other | head -c -100)
	run -3 bk-verify < <(head -c 1300 other)
	pg_dump -Ft shop >dump.tar
	run -0 --separate-stderr bk-verify <dump.tar
	[ "$(field kind) $(field proof)" = 'tar of pg_dump structure' ]
	[ "$(field tables)" = 4 ]
	tar --delete -f dump.tar restore.sql
	not_proven dump.tar
	for head in '\x8c\x0d\x04\x09' '\x85\x02\x0c\x03' \
	    '\x84\x5e\x03\x12' '-----BEGIN PGP MESSAGE-----\n'; do
		run -1 --separate-stderr bk-verify < <(printf -- "$head"
		    head -c 2000 /dev/urandom)
		[[ $stderr == *'gpg -d'* ]]
	done
}

@test "anything else is refused" {
	head -c 100000 /dev/urandom >noise
	echo hello >text
	for f in noise text; do
		not_proven $f
		one_line_error bk-verify
	done
	run -3 --separate-stderr bash -c ': | bk-verify'
	[[ $stderr == *'it is empty'* ]]
}

@test "usage errors" {
	run -2 bk-verify shop.bk <shop.bk
	run -2 bk-verify -j 0 <shop.bk
	run -2 bk-verify --wrong <shop.bk
	usage 'one of --restore' bk-verify --restore x --scratch <shop.bk
	usage '--sql is for' bk-verify --sql shop.bk <shop.bk
	run -2 script -qec bk-verify /dev/null </dev/null
	[[ $output == *'from a terminal; use < FILE'* ]]
	run -0 bk-verify --help
	[ "${#lines[@]}" -le 40 ]
	[[ ${lines[0]} == 'Example: '* ]]
	run -0 bk-verify --version
}

@test "the receipt: a file, whole or not at all; a row of Markdown" {
	run -0 --separate-stderr bk-verify -o receipt --name 'nightly/shop' <shop.bk
	[ -z "$output" ]
	[ "$(jq -r .name receipt)" = nightly/shop ]
	[ "$(wc -l <receipt)" = 1 ]
	ls >after
	[ "$(grep -c receipt after)" = 1 ]	# and no temporary file
	run -0 --separate-stderr bk-verify --md --name 'a|b' <shop.bk
	[[ $output == '| 20'*' | a\|b | 20'*' | proven | 1 | 4 | 2004 | '*' |' ]]
	run -1 --separate-stderr bk-verify -q -o no/such/file <shop.bk
	one_line_error bk-verify
	run -1 bash -c 'bk-verify <shop.bk >/dev/full'
	mkdir dir
	run -1 --separate-stderr bk-verify -q -o dir <shop.bk
	one_line_error bk-verify
	[[ $stderr == *'dir: Is a directory'* ]]
}

@test "receipts are stored where others find them" {
	mkdir proofs
	run -0 bk-verify --receipts proofs --name ../shop/x.bk <shop.bk
	run -0 bk-verify --receipts proofs/ <shop.bk
	ls -A proofs >names
	[ "$(wc -l <names)" = 2 ]
	grep -q '^shop-20[0-9]*T[0-9]*Z\.20[0-9]*T[0-9]*Z\.receipt\.json$' names
	[ "$(jq -rs '[.[].result] | unique[]' proofs/*)" = proven ]
	"$SUPPORT/archive-edit.py" orders byte <shop.bk >edited
	run -3 bk-verify --receipts proofs --name bad <edited
	[ "$(jq -r .result proofs/bad.*)" = 'not proven' ]
	# before it waits for hours
	mkfifo never
	exec {fd}<>never
	run -1 --separate-stderr bk-verify --receipts none <never
	[ "$stderr" = 'bk-verify: none: receipt directory: No such file or directory' ]
	run -1 --separate-stderr bk-verify --receipts names <never
	one_line_error bk-verify
	mkdir closed
	chmod 555 closed
	run -1 --separate-stderr as_nobody "$BK_BIN/bk-verify" \
	    --receipts closed <&$fd
	[[ $stderr == 'bk-verify: closed: receipt directory: Permission denied'* ]]
	exec {fd}<&-
	[ "$(stat -c %a proofs/shop-*)" = 644 ]
	rm -r proofs/*
	umask 027
	run -0 bk-verify --receipts proofs -o r <shop.bk
	[ "$(stat -c %a proofs/shop-* r)" = $'640\n640' ]
}

@test "whatever is read proves every copy of it, without a name" {
	local at name
	mkdir proofs store
	bk-gz <shop.bk | bk-crypt -r "$(<pub)" | bk-save 'store/{db}/daily/{db}-{utc}.bk'
	name=$(ls store/shop/daily)
	at=$(grep -aoE 'at=[0-9TZ]{16}' shop.bk)
	[ "$name" = "shop-${at#at=}.bk" ]
	mkdir -p copy/2026 && cp "store/shop/daily/$name" copy/2026
	run -2 bash -c 'bk-ls store | bk-age --receipts proofs'
	[[ $output == *"never proven"* ]]
	# only that it is there, by whom and of when; it needs no key for that
	run -1 bk-verify -q --receipts proofs <"store/shop/daily/$name"
	jq -e '.result == "could not tell" and .database == "shop" and
	    .name == null' proofs/*
	run -2 bash -c 'bk-ls store | bk-age --receipts proofs'
	bk-verify -q -i key --receipts proofs <"copy/2026/$name"
	run -0 bash -c 'bk-ls store | bk-age --receipts proofs'
	[[ $output == "BACKUP OK - shop: "*", proven "*" ago, "* ]]
	run -0 bash -c 'bk-ls copy | bk-age --receipts proofs'
	# and a copy that is damaged
	printf X | dd of="copy/2026/$name" bs=1 seek=2000 conv=notrunc status=none
	run -3 bk-verify -q -i key --receipts proofs <"copy/2026/$name"
	run -2 bash -c 'bk-ls store | bk-age --receipts proofs'
	[[ $output == *"found not restorable"* ]]
}

@test "a good backup of another database, or time, is no proof of --name" {
	local at name
	mkdir proofs
	at=$(grep -aoE 'at=[0-9TZ]{16}' shop.bk)
	name=s3://b/crm/daily/crm-${at#at=}.bk
	printf '%s\t9\t%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$name" >list
	not_proven shop.bk -q --receipts proofs --name "$name"
	[[ $stderr == "bk-verify: standard input: not proven: the stream is the backup of shop, 20"*"Z, not $name; correct --name, or leave it out" ]]
	jq -e '.at == null and .database == null' <<<"$output"
	run -2 bk-age --receipts proofs <list
	[[ $output == *'found not restorable'* ]]
	# the label of a layer around it, which is known at once
	run -3 bk-verify -q --name "$name" < <(bk-gz <shop.bk)
	run -3 bk-verify -q --name s3://b/shop/shop-20261018T195646Z.bk <shop.bk
	bk-verify -q --name "s3://b/crm/shop-${at#at=}.bk" <shop.bk
	# receipts of another make: the label counts
	bk-verify -q -o one <shop.bk
	jq -c --arg name "$name" '.name=$name' one >proofs/other.receipt.json
	rm proofs/s3*
	run -2 bk-age --receipts proofs <list
	[[ $output == *'never proven'* ]]
	run -3 --separate-stderr bk-prune -d 1 --receipts proofs <list
	[[ $stderr == *'nothing is proven'* ]]
}

@test "a verification of nothing proves nothing, and spoils no proof" {
	mkdir proofs
	bk-verify -q --receipts proofs <shop.bk
	run -3 --separate-stderr bash -c ': | bk-verify -q --receipts proofs --name ""'
	[[ $stderr == *"proofs: no receipt stored: the stream has no database name and time; give --name"* ]]
	[ "$(ls proofs | wc -l)" = 1 ]
	# nor does what is proven, if nobody knows of whom: that is a failure
	printf '%s\n' '-- PostgreSQL database dump' 'SELECT 1;' \
	    '-- PostgreSQL database dump complete' >sql
	run -1 --separate-stderr bk-verify --receipts proofs <sql
	[[ $stderr == *"no receipt stored"* ]]
	[ "$(ls proofs | wc -l)" = 1 ]
	bk-verify -q --receipts proofs --name shop.sql <sql
	[ "$(jq -r .name proofs/shop.sql.*)" = shop.sql ]
}

@test "a label that was put around another backup is refused" {
	bk-gz <shop.bk >good.gz
	LC_ALL=C sed 's/(db=shop;/(db=blog;/' good.gz >other.gz
	[ "$(cmp -l good.gz other.gz | wc -l)" = 3 ]
	run -0 bk-verify -q <good.gz
	run -3 --separate-stderr bk-verify <other.gz
	[[ $stderr == *"label and content disagree: the content is a backup of shop at 20"* ]]
}

@test "-q is silent on success; -v lists the rows of each table" {
	run -0 --separate-stderr bk-verify -q <shop.bk
	[ -z "$output$stderr" ]
	run -3 --separate-stderr bk-verify -q < <(head -c 3000 shop.bk)
	[ "$(field result)" = 'not proven' ] && [ -n "$stderr" ]
	run -0 --separate-stderr bk-verify -v <shop.bk
	[ "$(field result)" = proven ]
	[ "$(grep -E '^ +[0-9]+ +[0-9]+  table public\.' <<<"$stderr" |
	    awk '{ n += $1 } END { print NR, n }')" = "4 2004" ]
	grep -qE '^ +2 +5  large objects ' <<<"$stderr"
}

@test "two at once" {
	for i in 1 2 3 4; do
		bk-verify -q -o r$i <shop.bk &
	done
	wait
	[ "$(jq -rs '[.[].result] | unique[]' r?)" = proven ]
}

# memory_of FILE: verify it; print the most memory that took, in KiB.
memory_of() {
	python3 - "$1" <<-'PY'
	import resource, subprocess, sys
	subprocess.run(['bk-verify', '-q', '-o', 'r'], stdin=open(sys.argv[1]),
	    check=True)
	print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
	PY
}

# BIG_ROW: its megabytes; bytea takes two bytes of text for each.
@test "a row that is larger than memory should be, in constant memory" {
	long
	psql -qX shop -c 'CREATE SCHEMA big' -c "CREATE TABLE big.row AS SELECT
	    repeat('0123456789abcdef', 65536 * ${BIG_ROW:-64}) AS v"
	bk-dump shop -n big >big.bk
	psql -qX -c 'DROP TABLE big.row' shop
	[ "$(stat -c %s big.bk)" -gt $((1048576 * ${BIG_ROW:-64})) ]
	run -0 memory_of big.bk
	[ "$(jq -r .proof r)" = content ]
	sanitized || [ "$output" -lt 20000 ]
}

@test "100,000 tables: a kilobyte each" {
	long
	if sanitized; then skip "a sanitizer has memory of its own"; fi
	python3 - >many <<-'PY'
	import sys
	def num(v): return bytes([v < 0]) + abs(v).to_bytes(4, 'little')
	def text(s): return num(-1) if s is None else num(len(s)) + s
	def entry(i):
	    name = b'a_table_with_a_longer_name_%d' % i
	    return (num(i) + num(1) + text(b'0') + text(b'%d' % i) + text(name) +
	        text(b'TABLE DATA') + num(3) + text(b'') + text(b'') +
	        text(b'COPY public.%s (id, note) FROM stdin;\n' % name) +
	        text(b'public') + text(b'') + text(b'') + text(b'postgres') +
	        text(b'false') + text(None) + b'\1' + bytes(8))
	def block(i):
	    rows = b'%d\tx\n' % i * 3 + b'\\.\n\n\n'
	    return b'\1' + num(i) + num(len(rows)) + rows + num(0)
	n = range(1, 100001)
	out = sys.stdout.buffer
	out.write(b'PGDMP\1\17\0\4\10\1\0' + num(1) * 7 + text(b'x') * 3)
	out.write(num(len(n)) + b''.join(map(entry, n)))
	out.write(b''.join(map(block, n)))
	PY
	run -0 memory_of many
	[ "$(jq -r .tables r)" = 100000 ]
	[ "$(jq -r .rows r)" = 300000 ]
	[ "$output" -lt 130000 ]
}

@test "the man page's examples" {
	mkdir proofs
	bk-gz <shop.bk | bk-crypt -r "$(<pub)" >shop.gz.bk
	run -0 bash -c 'bk-verify -i key <shop.gz.bk'
	run -0 bash -c 'bk-verify -q -i key \
	    --md --receipts proofs <shop.gz.bk >>journal.md'
	[ "$(wc -l <journal.md)" = 1 ]
	run -0 bash -c 'pg_dump shop | bk-verify -o /dev/null'
}
