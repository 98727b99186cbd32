#!/usr/bin/env bash
# seeds.sh [NAME ...]: make the seeds in t/fuzz/corpus anew, by our own tools,
# on a throwaway server.  Files that fuzzing found ("found-*") stay.  Wants
# `make all units`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
PATH=$PWD/build/bin:$PATH
. t/support/common.bash
. t/support/pg.bash

WORK=$(mktemp -d /tmp/bk-seeds.XXXXXX)
trap 'pg_stop "$WORK/pg"; rm -rf "$WORK"' EXIT
wanted=" $* "

# wants NAME: is it to be made?  Then it begins empty.
wants() {
	[ "$wanted" = "  " ] || [[ $wanted == *" $1 "* ]] || return 1
	dir=t/fuzz/corpus/$1
	mkdir -p "$dir"
	find "$dir" -type f ! -name 'found-*' -delete
}

# seed NAME: standard input is one.
seed() {
	build/t/fuzz.t --pack >"$dir/$1"
}

# The bytes 0 to 31, a secret to nobody.
key=$WORK/key
(umask 77 && echo AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG >"$key")
(umask 77 && echo BK-SIGN-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SHV7UZS >"$key.sign")
to=$(bk-keygen -y "$key")
seq 1 300 >"$WORK/text"
export BK_AUDIT_LOG=

if wants reader; then
	bk-seal head -c 300 "$WORK/text" | cat | seed envelope
	{ opening_mark db=shop && closing_mark 0; } | seed empty-envelope
	head -c 300 "$WORK/text" | seed bare
	head -c 300 "$WORK/text" | bk-gz | seed gzip
	head -c 300 "$WORK/text" | bk-zst | seed zstd
	head -c 300 "$WORK/text" | bk-crypt -r "$to" | seed crypt
	wal 000000010000000A000000FF A/FF000000 "$WORK/text" |
	    seed wal
fi

if wants gz; then
	bk-gz <"$WORK/text" | seed ours
	bk-gz </dev/null | seed empty
	gzip -9 <"$WORK/text" | seed gzip
	{ gzip <"$WORK/text" && gzip -1 </dev/null && head -c 40 /dev/zero; } |
	    seed members
	bgzip <"$WORK/text" | seed bgzf
	{ head -c 3000000 /dev/zero | bk-gz; } | seed zeros
fi

if wants crypt; then
	bk-crypt -r "$to" <"$WORK/text" | seed ours
	bk-crypt -r "$to" --sign "$key.sign" <"$WORK/text" | seed signed
	bk-crypt --age --bare -r "$to" <"$WORK/text" | seed age
	bk-crypt --age -r "$to" <"$WORK/text" | cat | seed envelope
	bk-crypt --age --bare -r "$to" </dev/null | seed empty
	age -a -r "$to" <"$WORK/text" | seed armored
fi

if wants header; then
	bk-crypt -r "$to" </dev/null | sed '/^---/q' | seed ours
	bk-crypt -r "$to" --sign "$key.sign" </dev/null | sed '/^---/q' |
	    seed signed
	age -r "$to" -r "$to" </dev/null | sed '/^---/q' | seed age
	echo secret >"$WORK/pass"
	chmod 600 "$WORK/pass"
	bk-crypt --passphrase-file "$WORK/pass" </dev/null | sed '/^---/q' |
	    seed scrypt
fi

if wants tar; then
	mkdir "$WORK/files"
	cd "$WORK/files"
	mkdir dir
	head -c 700 ../text >dir/file
	ln -s dir/file link
	: >"$(printf 'a%.0s' {1..150})"
	cd "$OLDPWD"
	for format in ustar pax gnu; do
		# ustar has no room for the long name
		[ $format = ustar ] && skip=(--exclude='a*') || skip=()
		tar -C "$WORK/files" --format=$format -b 1 "${skip[@]}" -cf - . |
		    seed $format
	done
	t/fuzz/support/tar.py "$(opening_mark "cluster=7001;run=00112233aabbccdd")" \
	    "$(closing_word)$NONCE" | seed ours
fi

if wants archive; then
	pg_start "$WORK/pg" >/dev/null
	psql -Xqd postgres <<-'SQL'
	create table t (a int primary key, b text);
	insert into t select i, repeat('x', i) || E'\t\\' from generate_series(1, 9) i;
	create view v as select * from t;
	comment on view v is 'it''s';
	select lo_from_bytea(0, 'large');
	create role fuzz;
	grant select on t to fuzz;
	SQL
	bk-dump postgres | seed ours
	PGDATABASE=postgres pg_dump -Fc -Z 6 | seed zlib
	PGDATABASE=postgres pg_dump -Fc -Z 0 | seed plain
fi

if wants s3xml; then
	cat <<-'XML' | seed objects
	<?xml version="1.0" encoding="UTF-8"?>
	<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>x&amp;y</NextContinuationToken><Contents><Key>shop/a%20b.bk</Key><LastModified>2026-11-21T05:27:19.000Z</LastModified><ETag>&quot;0&quot;</ETag><Size>1234</Size></Contents><Contents><Key>z</Key><LastModified>2026-11-21T05:27:20Z</LastModified><Size>0</Size></Contents></ListBucketResult>
	XML
	cat <<-'XML' | seed versions
	<ListVersionsResult><IsTruncated>false</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextVersionIdMarker>i</NextVersionIdMarker><Version><Key>k</Key><VersionId>null</VersionId><LastModified>2026-11-21T05:27:19.000Z</LastModified><Size>5</Size></Version><DeleteMarker><Key>k</Key><VersionId>v2</VersionId><LastModified>2026-11-21T05:27:19.000Z</LastModified></DeleteMarker></ListVersionsResult>
	XML
	cat <<-'XML' | seed uploads
	<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker><Upload><Key>k</Key><UploadId>u</UploadId><Initiated>2026-11-21T05:27:19.000Z</Initiated></Upload></ListMultipartUploadsResult>
	XML
	cat <<-'XML' | seed error
	<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message><Region>eu-north-1</Region><RequestId>1</RequestId></Error>
	XML
	cat <<-'XML' | seed complete
	<s:CompleteMultipartUploadResult xmlns:s="x"><s:ETag>"00-2"</s:ETag></s:CompleteMultipartUploadResult>
	XML
fi
