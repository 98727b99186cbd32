#!/usr/bin/env bats
# Static tools with nothing around them, or what is another system's: the main
# pipeline and back, by TLS to PostgreSQL and to S3.

load ../support/common
load ../support/pg
load ../support/s3
load ../support/wal
load ../support/static

setup_file() {
	if [ "$(id -u)" != 0 ]; then
		skip_file "chroot(2) wants root"
	elif ! chroot / true 2>/dev/null; then
		skip_file "chroot(2) is not to be had here"
	else
		static_servers
	fi
}

teardown_file() {
	rgw_stop
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	unless_skipped
	cd "$BATS_TEST_TMPDIR"
	pg_use "$BATS_FILE_TMPDIR/pg"
}

teardown() {
	[ -z "${RECEIVER-}" ] || kill -9 "$RECEIVER" 2>/dev/null || :
	[ -n "${SKIP_FILE-}" ] ||
	    psql -qX postgres -c 'DROP DATABASE IF EXISTS back' 2>/dev/null
}

content() {
	psql -qXAt "$1" -c "SELECT count(*), sum(hashtext(name)), min(t), max(t)
	    FROM both_of" -c "SELECT last_value FROM place_id_seq"
}

# there_and_back KEY: out of the server into S3 and back into the database back.
there_and_back() {
	local public
	in_root bk-keygen >"$ROOT/key"
	public=$(sed -n 's/^# public key: //p' "$ROOT/key")
	chmod 600 "$ROOT/key"
	in_root bk-dump -j2 shop | in_root bk-gz | in_root bk-crypt -r "$public" |
	    in_root bk-s3put "s3://backups/$1"
	in_root bk-s3get "s3://backups/$1" | in_root bk-crypt -d -i /key |
	    in_root bk-gz -d | in_root bk-restore -j2 back
	[ "$(content back)" = "$(content shop)" ]
}

# refused PATTERN VARIABLE=VALUE TOOL ARG...: what it says with that variable
refused() {
	local pattern=$1
	ENV+=("$2")
	run -1 --separate-stderr in_root "${@:3}"
	unset 'ENV[-1]'
	# shellcheck disable=SC2053	# a pattern
	[[ $stderr == $pattern ]] || { echo "$stderr" >&2; return 1; }
	[ "${#stderr_lines[@]}" = 1 ]
}

# Whatever the root: the server's name, the authority, the password count.
others_are_refused() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout other.key -out "$ROOT/other.pem" -days 30 \
	    -subj '/CN=test authority' 2>/dev/null
	refused '*certificate verify failed*' PGSSLROOTCERT=/other.pem \
	    bk-dump shop
	refused '*certificate verify failed*' SSL_CERT_FILE=/other.pem \
	    bk-dump shop
	refused '*certificate*' SSL_CERT_FILE=/other.pem \
	    bk-s3ls s3://backups/
	refused '*/none.pem*' SSL_CERT_FILE=/none.pem bk-s3ls s3://backups/
	refused '*/none.pem*' SSL_CERT_FILE=/none.pem bk-dump shop
	refused '*password authentication failed*' PGPASSWORD=wrong \
	    bk-dump shop
}

@test "an empty root: there and back, others are refused" {
	root_start empty /etc/pki/tls/certs/ca-bundle.crt
	ENV+=(TMPDIR=/)
	there_and_back empty
	# where a descriptor has no name its file has one, for a while
	run -1 compgen -G "$ROOT/bk-restore.*"
	others_are_refused
	# in the certificates' place of another system, and in none
	mkdir -p "$ROOT/etc/ssl"
	mv "$ROOT/etc/pki/tls/certs/ca-bundle.crt" "$ROOT/etc/ssl/ca-bundle.pem"
	in_root bk-s3ls s3://backups/ >list
	grep -q empty list
	mv "$ROOT/etc/ssl/ca-bundle.pem" "$ROOT/mine.pem"
	refused '*; AWS_CA_BUNDLE names *' A=b bk-s3ls s3://backups/
	refused '*; give sslrootcert, or set SSL_CERT_FILE' A=b bk-dump shop
	refused '*local user ID 0: *; set PGUSER' PGUSER= bk-dump shop
	ENV+=(SSL_CERT_FILE=/mine.pem)
	in_root bk-s3ls s3://backups/ | cmp list
	in_root bk-dump shop | in_root bk-verify >/dev/null
}

# The names are those of /etc/hosts, which nsswitch.conf does not mention.
foreign() {
	root_start "$1" "$2"
	printf '127.0.0.1 localhost db.bk.test s3.bk.test wrong.bk.test\n' \
	    >"$ROOT/etc/hosts"
	ENV+=(PGHOST=db.bk.test)
	there_and_back "$1"
	others_are_refused
	refused '*does not match host name*' PGHOST=wrong.bk.test bk-dump shop
	refused '*s3.bk.test*' \
	    AWS_ENDPOINT_URL="https://s3.bk.test:${AWS_ENDPOINT_URL##*:}" \
	    bk-s3ls s3://backups/
	refused '*nowhere.bk.test*' PGHOST=nowhere.bk.test bk-dump shop
}

@test "a root of Debian 13, with modules for another libc" {
	foreign trixie /etc/ssl/certs/ca-certificates.crt
}

@test "a root of Debian 11, with modules for another libc" {
	foreign bullseye /etc/ssl/certs/ca-certificates.crt
}

@test "a root with musl and busybox instead of glibc" {
	foreign musl /etc/ssl/cert.pem
}

@test "musl's root: /proc, but no /tmp, as in a container from scratch" {
	unshare --mount --pid --fork true 2>/dev/null ||
	    skip "no namespaces are to be had here"
	root_start musl /etc/ssl/cert.pem
	rmdir "$ROOT/tmp"
	mkdir "$ROOT/proc"
	in_root bk-dump shop | with_proc bk-restore back
	[ "$(content back)" = "$(content shop)" ]
}

@test "musl's root: a base backup, its WAL, and both unpacked again" {
	root_start musl /etc/ssl/cert.pem
	local store='/bk/bk-save -q "/srv/wal/$BK_WAL_NAME"' fetch first
	fetch='test -e "/srv/wal/$BK_WAL_NAME" || exit 4; cat "/srv/wal/$BK_WAL_NAME"'
	mkdir -p "$ROOT/srv/wal" "$ROOT/srv/spool"
	exec_in_root bk-walrecv --slot static "$store" 3>&- 2>receiver.err &
	RECEIVER=$!
	await grep -q 'receiving from' receiver.err
	in_root bk-base -q | in_root bk-zst | in_root bk-save /srv/base.zst
	psql -qX shop -c 'CREATE TABLE later AS SELECT 1'
	first=$(psql -qXAt shop -c 'SELECT pg_walfile_name(pg_switch_wal())')
	await test -e "$ROOT/srv/wal/$first"
	kill "$RECEIVER"
	wait "$RECEIVER" || :
	in_root bk-ls /srv/wal | in_root bk-age -w 25h --wal
	in_root bk-walget "$first" /srv/got -- "$fetch"
	[ "$(stat -c %s "$ROOT/srv/got")" = 16777216 ]
	in_root bk-zst -d <"$ROOT/srv/base.zst" | in_root bk-verify >receipt
	echo 'postgres:x:70:70::/srv:/bin/sh' >"$ROOT/etc/passwd"
	install -d -m 700 -o 70 -g 70 "$ROOT/srv/data"
	chown -R 70:70 "$ROOT/srv/wal"
	in_root bk-zst -d <"$ROOT/srv/base.zst" |
	    in_root bk-pitr -D /srv/data --target latest --wal "$fetch"
	[ -e "$ROOT/srv/data/recovery.signal" ]
	grep -q '/bk/bk-walget' "$ROOT/srv/data/postgresql.auto.conf"
	[ "$(stat -c %u "$ROOT/srv/data/PG_VERSION")" = 70 ]
}

@test "an empty root: each tool says its version and its options" {
	root_start empty
	for tool in "$ROOT"/bk/bk-*; do
		[ -f "$tool" ] || continue
		run -0 in_root "${tool##*/}" --version
		[[ $output == "${tool##*/} "* ]]
		run -0 in_root "${tool##*/}" --help
	done
	run -0 in_root bk-pg/15/bin/pg_dump --version
}

@test "an empty root: the audit log is written by the recorder beside" {
	root_start empty
	ENV+=(BK_AUDIT_LOG=/log)
	echo text | in_root bk-save /stored
	[ "$(jq -r .status "$ROOT/log")" = success ]
	in_root bk-audit --verify /log
}
