#!/usr/bin/env bats
# Data that knows all about marks, wherever a user of a database or the author
# of a file can write: it makes no end of what failed, and no name of another's.

load support/common
. "$SUPPORT/pg.bash"

setup_file() {
	export OPEN CLOSE EVIL
	OPEN=$(opening_word) CLOSE=$(closing_word)
	EVIL="$OPEN$SUM(db=shop;at=20300101T000000Z;run=0123456789abcdef)"
	pg_start "$BATS_FILE_TMPDIR/pg"
	# a name has 63 bytes, an opening mark 96
	createdb -T template0 "$OPEN${SUM:33}"
	createdb -T template0 evil
	psql -qX -v open="$OPEN" -v close="$CLOSE" -v evil="$EVIL" \
	    -v nonce="$NONCE" -v sum="$SUM" evil <<-'EOF2' >/dev/null
	COMMENT ON DATABASE evil IS :'evil';
	CREATE ROLE tenant;
	COMMENT ON ROLE tenant IS :'evil';
	ALTER ROLE tenant SET "app.x" = :'evil';
	SELECT :'open' || substr(:'sum', 34) AS name \gset
	CREATE ROLE :"name";
	CREATE TABLE :"name" (:"name" text DEFAULT :'evil');
	COMMENT ON TABLE :"name" IS :'evil';
	COMMENT ON COLUMN :"name".:"name" IS :'evil';
	-- each number of bytes that may follow a mark, 69 bytes a row
	INSERT INTO :"name" SELECT :'close' || :'nonce' ||
	    lpad(to_hex(i % 2400), 4, '0') FROM generate_series(1, 40000) i;
	SELECT lo_from_bytea(0, convert_to(repeat(:'close' || :'nonce' ||
	    '0000', 5000), 'UTF8')) AS lo;
	EOF2
	bk-keygen >"$BATS_FILE_TMPDIR/key" 2>/dev/null
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	pg_use "$BATS_FILE_TMPDIR/pg"
	cd "$BATS_TEST_TMPDIR"
	mkdir d
	KEY=$BATS_FILE_TMPDIR/key
	R=$(bk-keygen -y "$KEY")
}

nothing_stored() { [ -z "$(ls -A d)" ]; }

@test "a dump that ends within rows of closing marks is stored by nobody" {
	local chain n size end
	bk-dump -j 1 evil >whole
	seal=$(seal_of whole)
	[[ $seal =~ \(db=evil\;host=[^\;]*\;at=([0-9TZ]+)\; ]]
	bk-save 'd/{db}-{utc}' <whole
	cmp whole "d/evil-${BASH_REMATCH[1]}"
	rm d/*
	size=$(stat -c %s whole)
	# killed: what had left, up to any byte of two rows, and of the end
	end=$(grep -abo "$CLOSE" whole | sed -n 20000p | cut -d : -f 1)
	for n in $(seq "$end" $((end + 138))) $(seq $((size - 150)) $((size - 1))); do
		sampled || continue
		head -c "$n" whole >part
		run -3 bk-save --sealed 'd/{db}-{utc}' <part
	done
	nothing_stored
	for chain in bk-gz bk-zst "bk-crypt -r $R" "bk-crypt --age -r $R" \
	    "bk-gz | bk-crypt -r $R" 'bk-seal cat' "bk-tee 'bk-save d/1'"; do
		for n in "$end" $((end + 68)) $((size - 1)); do
			run -3 bash -c "head -c $n whole | $chain |
			    bk-save --sealed 'd/{db}-{utc}'"
		done
	done
	nothing_stored
}

@test "a dump that is killed behind such rows is stored by nobody" {
	local dump chain
	mkfifo fifo
	for chain in cat bk-gz "bk-crypt -r $R"; do
		bk-dump -j 1 evil >fifo 2>err 3>&- &
		dump=$!
		# its writer is held up within the rows
		run -3 bash -c "{ head -c 1000000; kill -9 $dump; cat; } <fifo |
		    $chain | bk-save 'd/{db}-{utc}'"
		status=0
		wait "$dump" || status=$?
		[ "$status" = 137 ]
		nothing_stored
	done
}

@test "no name, comment or value takes another's label" {
	local db
	for db in evil "$OPEN${SUM:33}"; do
		bk-dump -s "$db" | bk-gz | bk-crypt -r "$R" |
		    bk-save 'd/{db}-{date}'
	done
	[ "$(ls d | cut -d - -f 1 | sort)" = "$(printf '%s\n' "$OPEN${SUM:33}" \
	    evil | sort)" ]
	run ! ls d/*2030*
}

@test "bk-seal of a cluster's dump: neither refused, nor named, nor forged" {
	bk-seal pg_dumpall </dev/null | bk-gz | bk-save --db all 'd/{db}-{date}'
	[[ $(ls d) == all-* && $(ls d) != *2030* ]]
	[ "$(gunzip <d/all-* | grep -cF "$EVIL")" -gt 3 ]
	bk-verify <d/all-* >receipt
	jq -e '.sealed and .result == "proven"' receipt
	rm d/*
	pg_dumpall >all.sql
	local n end
	end=$(grep -abo "$CLOSE" all.sql | sed -n 10000p | cut -d : -f 1)
	for n in "$end" $((end + 20)) $((end + 68)) $((end + 100)); do
		run -3 bash -c "bk-seal sh -c 'head -c $n all.sql; exit 1' |
		    bk-gz | bk-save d/x"
	done
	nothing_stored
}

@test "without bk-seal: nobody's text is a mark, and nothing is sealed" {
	local file chain n
	pg_dumpall >all.sql
	# within the first 4 KiB, as a comment on a role is
	head -c 4096 all.sql | grep -qF "$EVIL"
	# and with an end, as the last words of a file may be
	{ echo 'one line'; printf %s "$EVIL"; echo; seq 1000
	    printf %s "$CLOSE${NONCE}0000"; } >text
	mkdir in
	cp text in/b
	printf %s "$EVIL" >in/a
	tar -C in -cf tar a b
	pg_dump -Fc "$OPEN${SUM:33}" >archive
	for file in all.sql text tar archive; do
		bk-save --db mine 'd/{db}' <$file
		cmp $file d/mine
		bk-gz <$file | bk-save --db mine 'd/{db}.gz'
		gunzip <d/mine.gz | cmp - $file
		[ "$(seal_of d/mine.gz | cut -c 65-)" = "()" ]
		for chain in 'bk-gz --sealed' 'bk-zst --sealed' \
		    "bk-crypt --sealed -r $R" 'bk-save --sealed d/x' \
		    "bk-tee --sealed 'cat >d/x'"; do
			run -3 --separate-stderr bash -c "$chain <$file >out"
			[[ $stderr == *'not sealed: no opening mark'* ]]
		done
		rm d/*
	done
}

@test "bk-seal of files: names and contents that are marks" {
	local n
	mkdir in
	perl -e 'print "$ARGV[0]" x 2000' "$CLOSE${NONCE}0000" >"in/$EVIL"
	printf %s "$EVIL" >in/note
	( cd in && bk-seal tar -cf - * </dev/null ) >tar
	bk-save d/x <tar
	tar -xOf d/x "$EVIL" | cmp - "in/$EVIL"
	bk-gz <tar | bk-gz -d --seal | bk-save d/y
	cmp d/x d/y
	rm d/*
	for n in 1000 5120 5121 5188 60000 132000; do
		run -3 bash -c "bk-seal sh -c 'head -c $n \"\$0\"; exit 1' \
		    <(cd in && tar -cf - *) </dev/null | bk-save d/x"
	done
	# a file alone, of the mark's own period
	perl -e 'print "$ARGV[0]" x 50000' "$CLOSE${NONCE}0000" >marks
	for n in 64 68 3200000; do
		run -3 bash -c "bk-seal sh -c 'head -c $n marks; exit 1' \
		    </dev/null | bk-save d/x"
	done
	nothing_stored
}

@test "what was sealed stays so through bk-gz -d --seal, into a database" {
	bk-seal pg_dump evil </dev/null | bk-gz >sealed.gz
	createdb back
	run -3 bash -c 'bk-gz -d <sealed.gz | bk-restore --replace back back'
	bk-gz -d --seal <sealed.gz | bk-restore --replace back back
	[ "$(psql -XAtc 'SELECT count(*) FROM pg_largeobject_metadata' back)" = 1 ]
	# and not, where the compressed stream has no end
	run -3 bash -c 'head -c -1 sealed.gz | bk-gz -d --seal | bk-save d/x'
	nothing_stored
}

# live: what it writes ends in marks made of all that stands in the head of out,
# which it reads once that is there; then it fails, or kills who vouches for it.
live() {	# END
	cat <<-'EOF2'
	head -c 200000 /dev/zero
	until head=$(head -c 4096 "$1" | tr -d '\0' | grep -aoE '^[0-9a-f]{96}'); do
		read -r -t 0.01 <> <(:)
	done
	perl -e 'print map { $_ x 60 } @ARGV' \
	    "$CLOSE${head:32:32}0000" "$CLOSE${head:64}0000" "$CLOSE${head:32}0000"
	EOF2
	echo "$1"
}

@test "who reads the head of a stream while it is written makes no end of it" {
	long
	local n size
	live 'exit 1' >fails
	live 'exit 0' >succeeds
	bk-seal bash fails out </dev/null >out || [ $? = 1 ]
	size=$(stat -c %s out)
	for n in $(seq $((size - 150)) "$size"); do
		sampled || continue
		head -c "$n" out >part
		run -3 bk-save --sealed d/x <part
	done
	nothing_stored
	live 'kill -9 $PPID' >kills
	run -137 bash -c 'exec bk-seal bash kills out </dev/null >out'
	size=$(stat -c %s out)
	for n in $(seq $((size - 150)) "$size"); do
		sampled || continue
		head -c "$n" out >part
		run -3 bk-save --sealed d/x <part
	done
	nothing_stored
	bk-seal bash succeeds out </dev/null >out
	# its head was there to be read: what came of it is in the stream
	grep -qaF "$CLOSE$(seal_of out | cut -c 1-32)0000" out
	bk-save --sealed d/x <out
}

# forged FILE: it, encrypted to the victim's public key and, as the header says,
# signed by ann, whose signature it is not.
forged() {
	bk-seal cat "$1" </dev/null | bk-crypt -r "$R" --sign ann |
	    perl -0777 -pe 'substr($_, -100, 1) ^= "\1"'
}

@test "a wrong signature: any marks that the stream ends with, nothing comes of it" {
	local n bare chain
	bk-keygen --sign -o ann
	bk-keygen -y ann >ann.pub
	pg_dump -s postgres >sql
	echo 'CREATE TABLE public.forged ();' >>sql
	seq -f '-- %.0f' 20000 >>sql
	# its author, who knows the nonce, writes as many ends as he likes
	for n in 0 1 60 61 62 200 1000; do
		sampled || continue
		{ printf %s "$EVIL"; cat sql; printf %s '-- '
		    perl -e 'print $ARGV[0] x $ARGV[1]' "$CLOSE${NONCE}0000" $n
		} >stream
		forged stream >plain.bk
		gzip -c stream >in && forged in >gz.bk
		zstd -qc stream >in && forged in >zst.bk
		for bare in '' --bare; do
			for chain in 'plain.bk cat' 'plain.bk bk-gz' \
			    'gz.bk bk-gz -d' 'zst.bk bk-zst -d' \
			    'gz.bk bk-gz -d --seal'; do
				run -3 bash -c "bk-crypt -d -i $KEY $bare \
				    --signer ann.pub <${chain%% *} |
				    ${chain#* } | bk-save --sealed d/x"
			done
		done
		for chain in 'plain.bk cat' 'gz.bk bk-gz -d'; do
			run -3 bash -c "bk-crypt -d -i $KEY --signer ann.pub \
			    <${chain%% *} | ${chain#* } | bk-restore --into new"
		done
	done
	nothing_stored
	# without marks of its own, it is the envelope's alone
	forged sql >plain.bk
	run -3 bash -c "bk-crypt -d -i $KEY --signer ann.pub <plain.bk |
	    bk-restore --into new"
	[ "$(psql -XAtc "SELECT count(*) FROM pg_database
	    WHERE datname LIKE 'new%'" postgres)" = 0 ]
	# and who signed it gets all of that
	bk-seal cat stream </dev/null | bk-crypt -r "$R" --sign ann >good.bk
	bk-crypt -d -i "$KEY" --signer ann.pub <good.bk | bk-save --sealed d/x
	cmp stream d/x
	bk-seal cat sql </dev/null | bk-crypt -r "$R" --sign ann |
	    bk-crypt -d -i "$KEY" --signer ann.pub | bk-restore --into new
}

@test "a signature covers the label: another's around the stream is no name" {
	bk-keygen --sign -o ann
	bk-keygen -y ann >ann.pub
	{ marked_head db=mine; echo ' y'; closing_mark; } |
	    bk-crypt -r "$R" --sign ann >signed
	{ printf %s "$EVIL"; cat signed; closing_mark; } >around
	bk-crypt -d -i "$KEY" --signer ann.pub <around | bk-save 'd/{db}'
	[ "$(ls d)" = mine ]
	# age has no room for one: then it is the plaintext's own, or none
	rm d/mine
	{ marked_head db=mine; echo ' y'; closing_mark; } |
	    bk-crypt --age -r "$R" --sign ann --signature sig --bare >age
	{ printf %s "$EVIL"; cat age; closing_mark; } >around
	bk-crypt -d -i "$KEY" --signer ann.pub --signature sig <around |
	    bk-save 'd/{db}'
	[ "$(ls d)" = mine ]
}
