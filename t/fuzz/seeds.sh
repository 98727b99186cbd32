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

# server: a throwaway one, started once.
server() {
	[ -d "$WORK/pg" ] || pg_start "$WORK/pg" >/dev/null
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
	server
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

if wants zst; then
	bk-zst <"$WORK/text" | seed ours
	bk-zst </dev/null | seed empty
	zstd -q -19 --check <"$WORK/text" | seed zstd
	{ zstd -q <"$WORK/text" && zstd -q </dev/null && head -c 40 /dev/zero; } |
	    seed frames
	head -c 300000 /dev/zero | bk-zst | seed zeros
fi

if wants payload; then
	printf '\1\200\0' | seed whole
	printf '\0\377\377\0\200\0' | seed cut
	printf '\1\100\100\41\60\0\2\0\0' | seed flipped
fi

if wants armor; then
	for n in 0 1 47 48 500; do
		head -c $n "$WORK/text" | age -a -r "$to" | seed $n
	done
	{ printf ' \r\n' && head -c 99 "$WORK/text" | age -a -r "$to" | sed 's/$/\r/'; } |
	    seed crlf
	head -c 99 "$WORK/text" | age -r "$to" | seed binary
fi

if wants keys; then
	seed secret <"$key"
	echo "$to" | seed recipient
	printf %s "$to" | seed bare
	seed signer <"$key.sign"
	bk-keygen -y "$key.sign" | tr -d '\n' | seed verifier
	bk-keygen --split 2/3 "$key" -o "$WORK/share" >/dev/null
	cat "$WORK"/share* | seed shares
	grep -h ^BK-SHARE "$WORK"/share*1* | tr -d '\n' | seed share
fi

if wants signed; then
	bk-crypt --age --bare -r "$to" --sign "$key.sign" \
	    --signature "$WORK/sig" <"$WORK/text" >/dev/null
	seed ours <"$WORK/sig"
fi

if wants plan; then
	cat <<-'PLAN' | seed plan
	bk-plan/v1
	made 2026-11-21T07:00:00Z
	expires 2026-11-28T07:00:00Z
	place https://s3.example.net
	policy -d 30 -m 12 --plan FILE
	listing 400 records, sha256 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	delete 2 records
	2026-10-01T02:15:03Z	1234	s3://backups/shop/daily/shop-20261001T021503Z.bk
	2026-10-02T02:15:03Z	1234	s3://backups/shop/a\\b
	end
	PLAN
	cat <<-'PLAN' | seed files
	bk-plan/v1
	made 2026-11-21T07:00:00Z
	expires 2026-11-28T07:00:00Z
	place files
	policy -d 30
	listing 1 records, sha256 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
	delete 1 records
	2026-10-01T02:15:03Z	1234	/var/backups/x.bk
	end
	PLAN
fi

if wants copytext; then
	printf '1\tone\n2\t\\\\.\n\n\\N\n\\.\n\n' | seed closed
	printf '1\tone\n\\.\n2\n' | seed more
	printf '\\.x\n1\\x' | seed cut
fi

# manifest_of CHECKSUM: a backup_manifest, whose own checksum is made right.
manifest_of() {
	local text
	text=$(cat <<-JSON
	{ "PostgreSQL-Backup-Manifest-Version": 2,
	"System-Identifier": 7001,
	"Files": [
	{ "Path": "backup_label", "Size": 31, "Last-Modified": "2026-11-21 05:27:19 GMT", "Checksum-Algorithm": "CRC32C", "Checksum": "$1" },
	{ "Encoded-Path": "62617365ff", "Size": 600, "Last-Modified": "2026-11-21 05:27:19 GMT" }
	],
	"WAL-Ranges": [
	{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }
	],
	JSON
	)
	printf '%s\n"Manifest-Checksum": "%s"}\n' "$text" \
	    "$(printf '%s\n' "$text" | sha256sum | head -c 64)"
}

if wants manifest; then
	manifest_of 1f2e3d4c | sed 's/Encoded-Path": "62617365ff/Path": "base\/1\/2/' |
	    seed plain
	manifest_of 1f2e3d4c | seed encoded
fi

if wants history; then
	printf '1\t0/3000158\tno recovery target specified\n\n# x\n2\t0/5000000\tbefore 2026\n' |
	    seed two
	: | seed none
fi

if [ "$wanted" = "  " ] || [[ $wanted == *" wal"* ]]; then
	server
	psql -XAtqd postgres -c 'select pg_switch_wal()' >/dev/null
	segment=$(psql -XAtqd postgres -c 'select pg_walfile_name(pg_current_wal_lsn())')
	if wants walfile; then
		{ echo "$segment" && head -c 4096 "$PGHOST/data/pg_wal/$segment"; } |
		    seed segment
		{ echo x && head -c 512 "$PGHOST/data/global/pg_control"; } |
		    seed control
		cat <<-'LABEL' | seed label
		START WAL LOCATION: 0/2000028 (file 000000010000000000000002)
		CHECKPOINT LOCATION: 0/2000060
		BACKUP METHOD: streamed
		BACKUP FROM: primary
		START TIME: 2026-11-21 05:27:19 UTC
		LABEL: bk-base
		START TIMELINE: 1
		LABEL
	fi
	if wants walk; then
		head -c 4096 "$PGHOST/data/pg_wal/$segment" | seed segment
		printf '\x00\x01\x00\x10\xff\x0c%012dx' 0 | seed commit
		{ printf '\x00\x0a\x0f\x00' && head -c 4000 /dev/zero |
		    tr '\0' x && printf '\x10\x00\x00\x60'; } | head -c 4200 |
		    seed long
	fi
fi

if wants stream; then
	{ printf '\0\x1dw' && head -c 24 /dev/zero && printf 'data' &&
	    printf '\0\x12k' && head -c 17 /dev/zero && printf '\0\0'; } |
	    seed both
fi

# answer KIND TEXT: as support/answers.h has it.
answer() {
	local head
	head=$(printf '%s\\x%02x\\x%02x' "$1" $((${#2} / 256)) $((${#2} % 256)))
	printf '%b%s' "$head" "$2"
}

# receiver SYSTEM SEGMENT SLOT HISTORY: the answers up to a stream's begin.
receiver() {
	printf '\17' && answer R "$1" && answer R "$2" && answer R "$3" &&
	    answer K '' && answer R "$4"
}

# base_of SPACES: the answers up to the first archive.
base_of() {
	printf '\17' && answer R '0/2000028 1' && answer R "$1"
}

if wants repl; then
	{ receiver '7001 1 0/3000000' 16MB 'physical 0/2000000' '2.h 1' &&
	    answer R '2 0/3000158' && answer R '2 0/3000158' && answer K ''; } |
	    seed follows
	{ receiver '7001 1 0/3000000' 1GB 'logical 0/1' '2.h' && answer B '' &&
	    answer B '' && answer R x; } | seed both
	{ receiver '7001 0 0/3' 16MB 'physical here' '' && answer R '2' &&
	    answer E ''; } | seed system
	{ receiver '7001 1 0/3000000' 16kB '' '' && answer E '' &&
	    answer K ''; } | seed segment
	receiver '7001 1' 3GB physical 1 | seed row
	{ printf '\14' && answer R '7001 1 0/3000000'; } | seed old
fi

if wants base; then
	t/fuzz/support/base.py 15 | seed new
	t/fuzz/support/base.py 14 | seed old
	{ printf '\17' && answer C ''; } | seed status
	base_of '' | seed none
	{ base_of '  900' && answer C '' && answer d m; } | seed early
	{ base_of '  900' && answer C '' && answer d x; } | seed nameless
	# 16400.tar, of which nobody has spoken
	{ base_of '  900' && answer C '' && printf 'd\0\14n16400.tar\0\0'; } |
	    seed unannounced
fi

for name in basetar unpack; do
	wants $name || continue
	t/fuzz/support/tar.py "$(opening_mark "cluster=7001;run=00112233aabbccdd")" \
	    "$(closing_word)$NONCE" | seed ours
	tar -C "$WORK" --format=ustar -b 1 -cf - text | seed foreign
done

if wants sqltext; then
	server
	psql -Xqd postgres -c "create table s (a text default 'x''y'); insert into s values ('1'); create function f() returns int language sql begin atomic select 1; end; create function g() returns int language sql as 'select 1'"
	PGDATABASE=postgres pg_dump | sed 's/^.restrict.*//' | seed dump
	cat <<-'SQL' | seed odd
	/* a /* b */ c */ select $x$ ; $y$ $x$, E'\'', U&"d" ; -- e
	begin; copy t from stdin; 
	1	\\.
	\.
	\connect x
	select (1;2), "a;b", 'c' 'd';
	SQL
fi

# The first byte chooses the encoding; with 0x10 a script follows, else pieces.
if wants psqlscan; then
	printf '\x10%b' 'select \x83\x5c'"'a\\x95'b;'"' ;\ncopy t from stdin;\n1\n\\.\n' |
	    seed sjis
	printf '\x30%b' "select e'a\\\\''b', 'c\\\\';'; /* ' */ select \$a\$;\$a\$;\n" |
	    seed off
	printf '\x14%b' 'create function f() returns int begin atomic select case when true then 1 end; end; select 1;\n' |
	    seed body
	seq 1 60 | awk '{ printf "%c", $1 + 64 }' | seed pieces
fi

if wants audit; then
	export BK_AUDIT_LOG=$WORK/log
	bk-seal head -c 300 "$WORK/text" | bk-gz 2>/dev/null | bk-crypt -r "$to" >/dev/null
	bk-gz -d <"$WORK/text" >/dev/null 2>&1 || :
	sed 's/"host":"[^"]*"/"host":"h"/; s/"ip_address":"[^"]*"/"ip_address":"192.0.2.1"/' \
	    "$WORK/log" | seed log
	echo '{"operation":"x","status":"success","timestamp":"2026-11-21T05:27:19Z"}' |
	    seed script
	BK_AUDIT_LOG=
fi

if wants listing; then
	cat <<-'LIST' | seed backups
	2026-11-19T02:15:03Z	1234	s3://b/shop/daily/shop-20261119T021503Z.bk
	2026-11-20T02:15:03Z	1200	s3://b/shop/daily/shop-20261120T021503Z.bk
	2026-11-21T02:15:03.5Z	1236	s3://b/shop/daily/shop-20261121T021503Z.bk	2026-11-22T05:00:00Z
	2026-11-21T05:27:19Z	0	odd\u001b\\\nname
	2026-11-21T05:27:19Z	9	2026-11-21_02-15_shop.sql.gz
	LIST
	cat <<-'LIST' | seed wal
	2026-11-20T02:15:03Z	16777216	w/000000010000000A000000FE
	2026-11-20T02:15:04Z	16777216	w/000000010000000A000000FF.gz
	2026-11-20T02:15:05Z	300	w/000000010000000A000000FF.00000028.backup
	2026-11-20T02:15:06Z	16777216	w/000000010000000B00000001.partial
	2026-11-20T02:15:07Z	50	w/00000002.history
	LIST
	printf 'shop-1.bk\n# x\n!\t\tcut\n' | seed error
fi

if wants receipt; then
	echo '{"bk":"receipt","version":1,"result":"proven","finished":"2026-11-21T07:00:00Z","database":"shop","at":"2026-11-21T02:15:03Z","restore_seconds":12.5}' |
	    seed database
	echo '{"bk":"receipt","version":1,"result":"not proven","finished":"2026-11-21T07:00:00Z","name":"shop-20261121T021503Z.bk"}{"bk":"receipt","version":1,"result":"proven","kind":"base","finished":"2026-11-21T07:00:00Z","cluster":"7001","host":"h","at":"2026-11-21T02:15:03Z"}' |
	    seed two
fi

if wants names; then
	n=0
	for text in 's3://b/{db}/{tier}/{db}-{utc}.bk' 'a%2Fb%zz' '../x y' \
	    's3://bucket/key?versionId=x' 'https://h:9000/p/' 'QUJD' '00ffAB' \
	    $'\xc3\xa9\x9b\e[0m' 'shop-2026-11-21_02-15.sql' '2026-11-21/shop-052719' \
	    'postgresql://u:p@h/d?password=x' 's3://b/x/20261121T021503Z/000000010000000A000000FF'; do
		printf %s "$text" | seed $((n += 1))
	done
fi

if wants text; then
	n=0
	for text in 12 1MiB 20% 20pc 1h30m 25h 16/B374D848 2026-11-21T05:27:19Z \
	    '2026-11-21 14:30:05.25+02' 2026-11-21 name:before_x xid:77 immediate \
	    'time:2026-11-21 14:30Z' 8388608x770 '2026-10-25 02:30' \
	    0123456789abcdef0123456789abcdef; do
		printf %s "$text" | seed $((n += 1))
	done
	opening_mark 'db=sh%20op;host=h;at=20261122T131415Z;run=0123456789abcdef' | seed mark
	opening_mark 'cluster=7001;tli=1;start=0/2000028;wal=000000010000000A000000FF;end=0/3000000;sum=00112233445566778899aabbccddeeff' |
	    seed wal
fi

if wants cred; then
	echo '{"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-22T07:00:00Z"}' |
	    seed imds
	echo '<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-11-22T07:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>' |
	    seed sts
	echo '{"access_token":"t","expires_in":3599,"token_type":"Bearer"}' | seed google
	echo '{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r","access_token":"t","expires_in":3599}' |
	    seed user
	echo '{"type":"external_account","audience":"a","subject_token_type":"urn:ietf:params:oauth:token-type:jwt","token_url":"https://sts.googleapis.com/v1/token","credential_source":{"file":"/dev/null"},"access_token":"t","expires_in":3599}' |
	    seed external
fi

if wants ini; then
	cat <<-'INI' | seed config
	# comment
	[default]
	region = eu-central-1
	s3 =
	  addressing_style = path
	[profile shop]
	role_arn=arn:aws:iam::1:role/x
	credential_process = /bin/cat a#b
	services = local
	[services local]
	s3 =
	  endpoint_url = http://127.0.0.1:9
	[sso-session corp]
	sso_region = x
	INI
fi

if wants reply; then
	printf 'HTTP/1.1 200 OK\r\nETag: "5eb63bbbe01eeed093cb22bb8f5acdc3"\r\nContent-Length: 11\r\nx-amz-checksum-sha256: uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=\r\nx-amz-storage-class: GLACIER\r\n\nhello world' |
	    seed head
	printf 'HTTP/1.1 400 Bad\r\nx-amz-bucket-region: eu-north-1\r\nETag: "00000000000000000000000000000000-2"\r\nx-amz-meta-bk-parts: 5242880x2\r\n\n<Error><Code>NotImplemented</Code></Error>' |
	    seed error
fi

if wants told; then
	printf 'shop CRITICAL 2026-11-21\xff\e' | seed text
	printf 'bk-notify 2\nCRITICAL 2026-11-21T05:27:19Z 2026-11-21T06:27:19Z shop\nWARNING 2026-11-21T05:27:19Z 2026-11-21T06:27:19Z \n' |
	    seed file
fi
