#!/usr/bin/env bats
# bk-s3put of WAL: stored once, whoever sends it again, and never other WAL.

load support/common
load support/s3

SEG=000000010000000000000005

setup_file() {
	rgw_start
	s3_mb backups
	cd "$BATS_FILE_TMPDIR"
	head -c 6291456 /dev/urandom >a
	# its last byte is another one, no matter which that is
	{ head -c 6291455 a; tail -c 1 a | LC_ALL=C tr '\000-\377' '\001-\377\000'; } >b
	head -c 100000 a >short
	head -c 200000 a >long
	: >empty
	bk-keygen -o key 2>recipient
}

teardown_file() { rgw_stop; }

setup() {
	cd "$BATS_FILE_TMPDIR"
	AT=s3://backups/$BATS_TEST_NUMBER
	BK_RECIPIENTS=$(bk-keygen -y key)
	export BK_RECIPIENTS
	form=cat
}

teardown() { fault_stop; }

# put NAME END FILE [CLUSTER]: in $form
put() {
	wal "$@" | sh -c "$form | bk-s3put --part-size 5M --retry-for 5s $AT/$1"
}

# object NAME: what a HEAD tells that a write would change.
object() {
	s3_curl HEAD "/${AT#s3://}/$1" | grep -Ei '^(etag|last-mod|x-amz-meta|content-len)'
}

# kept NAME COMMAND...: the object NAME is unwritten after COMMAND.
kept() {
	local before
	before=$(object "$1")
	"${@:2}"
	[ "$(object "$1")" = "$before" ]
	[ "$(s3_uploads backups)" = 0 ]
}

@test "WAL that is there already is stored; other WAL is refused" {
	for form in cat 'bk-gz | bk-crypt' 'bk-crypt --age'; do
		AT=s3://backups/forms/${form##* }
		put $SEG 0/6000000 a
		kept $SEG put $SEG 0/6000000 a
		kept $SEG eval 'run -1 --separate-stderr put $SEG 0/6000000 b'
		[[ $stderr == "bk-s3put: $AT/$SEG: already exists, and is not known to hold this WAL; give each cluster"* ]]
		one_line_error bk-s3put
		cut_off() { wal $SEG 0/6000000 a | head -c 4000000 | sh -c "bk-gz | bk-s3put $AT/$SEG"; }
		kept $SEG eval 'run -3 cut_off'
		unlabelled() { bk-s3put "$AT/$SEG" <a; }
		kept $SEG eval 'run -1 --separate-stderr unlabelled'
		[[ $stderr == *"already exists; choose another name, or use --overwrite" ]]
	done
	bk-s3get "$AT/$SEG" | bk-crypt -d -i key | cmp - a
	put 00000002.history "" short
	kept 00000002.history put 00000002.history "" short
	kept 00000002.history eval 'run -1 put 00000002.history "" long'
}

@test "a copy without its metadata is known by what is in it, if it tells" {
	form='bk-gz | bk-crypt'
	put $SEG 0/6000000 a
	bk-s3get "$AT/$SEG" >copy
	AT+=/copy
	s3_send PUT "/${AT#s3://}/$SEG" copy
	kept $SEG put $SEG 0/6000000 a
	kept $SEG eval 'run -1 put $SEG 0/6000000 b'
	s3_send PUT "/${AT#s3://}/$SEG" short
	kept $SEG eval 'run -1 --separate-stderr put $SEG 0/6000000 a'
	[[ $stderr == *"store no WAL with --age"* ]]
	s3_send PUT "/${AT#s3://}/$SEG" empty
	kept $SEG eval 'run -1 put $SEG 0/6000000 a'
}

@test "a .partial is replaced by what is known to begin with it alone" {
	local part=$SEG.partial
	for form in 'bk-gz | bk-crypt' cat 'bk-crypt --age'; do
		sampled || continue
		AT=s3://backups/partial/${form##* }
		put $part 0/5018000 short
		kept $part put $part 0/5018000 short
		kept $part eval 'run -1 put $part 0/5030000 long'
		kept $part eval 'PRIOR=a run -1 put $part 0/5030000 long'
		PRIOR=short put $part 0/5030000 long
		[[ $(object $part) == *'wal='$part';end=0/5030000;'* ]]
		kept $part eval 'run -1 put $part 0/5018000 short'
		# of another cluster, or of the same length
		kept $part eval 'PRIOR=long run -1 put $part 0/5040000 a 7002'
		kept $part eval 'run -1 put $part 0/5030000 b'
		kept $part put $SEG 0/6000000 a
		[ "$(s3_keys backups "${AT#s3://backups/}/" | wc -l)" = 2 ]
	done
}

@test "the same WAL that came meanwhile is fine, other WAL is not" {
	local status
	for form in cat bk-gz; do	# parts, and one PUT of what is left
		AT=s3://backups/meanwhile/$form
		mkfifo pipe
		bk-s3put --part-size 5M "$AT/$SEG" <pipe 2>err & local pid=$!
		exec 8>pipe
		wal $SEG 0/6000000 a | $form >stream
		head -c 5500000 stream >&8
		put $SEG 0/6000000 a
		tail -c +5500001 stream >&8
		exec 8>&-
		kept $SEG wait $pid
		[ ! -s err ]
		bk-s3put --part-size 5M "$AT/b" <pipe 2>err & pid=$!
		exec 8>pipe
		wal $SEG 0/6000000 b | $form >stream
		head -c 5500000 stream >&8
		s3_send PUT "/${AT#s3://}/b" short
		tail -c +5500001 stream >&8
		exec 8>&-
		status=0
		wait $pid || status=$?
		[ $status = 1 ]
		grep -q 'not known to hold this WAL' err
		[ "$(s3_uploads backups)" = 0 ]
		rm pipe
	done
}

@test "If-None-Match: the same WAL won at the last moment" {
	strict_start
	put $SEG 0/6000000 a
	put $SEG.partial 0/5018000 short
	# it is not seen before, only when it is too late
	fault_start 'HEAD . 1-2 status:404:NoSuchKey' 'GET . 1-2 status:404:NoSuchKey'
	put $SEG 0/6000000 a
	fault_start 'HEAD . 1-2 status:404:NoSuchKey' 'GET . 1-2 status:404:NoSuchKey'
	run -1 --separate-stderr put $SEG 0/6000000 b
	[[ $stderr == *"not known to hold this WAL"* ]]
	fault_stop
	bk-s3get "$AT/$SEG" | cmp - a
	PRIOR=short put $SEG.partial 0/5030000 long
	bk-s3get "$AT/$SEG.partial" | cmp - long
	strict_stop
}
