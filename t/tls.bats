#!/usr/bin/env bats
# Whom the tools believe that a server is who it says: SSL_CERT_FILE.

load support/common
load support/pg
load support/s3
load support/static

setup_file() {
	static_servers
}

teardown_file() {
	rgw_stop
	pg_stop "$BATS_FILE_TMPDIR/pg"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
	BOTH=$BATS_FILE_TMPDIR/both.pem
	pg_use "$BATS_FILE_TMPDIR/pg"
	export PGHOST=127.0.0.1 PGUSER=app PGPASSWORD=sesame HOME=$PWD
	unset AWS_CA_BUNDLE SSL_CERT_FILE
}

@test "PostgreSQL: verify-full by SSL_CERT_FILE, unless libpq has its own" {
	export PGSSLMODE=verify-full
	SSL_CERT_FILE=$BOTH bk-dump -q shop >archive
	SSL_CERT_FILE=$BOTH run -0 bk-stat shop
	run -1 --separate-stderr bk-dump -q shop
	[[ $stderr == *certificate* ]]
	SSL_CERT_FILE=$PWD/none run -1 --separate-stderr bk-dump -q shop
	[[ $stderr == *"\"$PWD/none\" does not exist; give sslrootcert, or set SSL_CERT_FILE" ]]
	mkdir .postgresql
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout other.key -out .postgresql/root.crt -days 30 \
	    -subj '/CN=test authority' 2>/dev/null
	SSL_CERT_FILE=$BOTH run -1 --separate-stderr bk-dump -q shop
	[[ $stderr == *"certificate verify failed"* ]]
	SSL_CERT_FILE=none bk-dump -q "dbname=shop sslrootcert=$BOTH" >archive
	# who has no home has none of his own
	if unshare --map-user=54321 true; then
		SSL_CERT_FILE=$BOTH run -0 unshare --map-user=54321 env -u HOME bk-stat shop
	fi
}

@test "PostgreSQL: without the name, no public authority is believed" {
	SSL_CERT_FILE=$BOTH run -1 bk-dump -q 'dbname=shop sslmode=verify-ca'
	# and require asks for encryption alone
	SSL_CERT_FILE=none bk-dump -q 'dbname=shop sslmode=require' >archive
}

@test "S3: SSL_CERT_FILE, unless AWS_CA_BUNDLE names another file" {
	SSL_CERT_FILE=$BOTH run -4 bk-s3ls s3://backups/
	run -1 --separate-stderr bk-s3ls s3://backups/
	[[ $stderr == *"; AWS_CA_BUNDLE names the authorities to trust" ]]
	SSL_CERT_FILE=none AWS_CA_BUNDLE=$BOTH run -4 bk-s3ls s3://backups/
}
