# pgBackRest beside bk in a benchmark: the same bucket, zstd, encryption.

# pgbackrest_setup DIR: a configuration and a stanza "bench" for the server in
# use; DIR, which the server's user can write, is for its files.
pgbackrest_setup() {
	local url=${AWS_ENDPOINT_URL#https://}
	cat >"$1/pgbackrest.conf" <<-CONF
	[global]
	repo1-type=s3
	repo1-path=/pgbackrest
	repo1-s3-bucket=backups
	repo1-s3-endpoint=localhost
	repo1-storage-host=${url%:*}
	repo1-storage-port=${url##*:}
	repo1-storage-verify-tls=n
	repo1-s3-uri-style=path
	repo1-s3-region=$AWS_REGION
	repo1-s3-key=$AWS_ACCESS_KEY_ID
	repo1-s3-key-secret=$AWS_SECRET_ACCESS_KEY
	repo1-cipher-type=aes-256-cbc
	repo1-cipher-pass=bench
	repo1-bundle=y
	repo1-retention-full=2
	compress-type=zst
	process-max=$(nproc)
	start-fast=y
	archive-check=n
	archive-async=y
	archive-get-queue-max=256MB
	log-level-console=warn
	log-level-file=off
	lock-path=$1/lock
	spool-path=$1/spool
	[bench]
	pg1-path=$PGHOST/data
	pg1-socket-path=$PGHOST
	pg1-port=$PGPORT
	pg1-user=postgres
	CONF
	export PGBACKREST_CONFIG=$1/pgbackrest.conf
	wal_env PGBACKREST_CONFIG
	wal_as pgbackrest --stanza=bench stanza-create
}
