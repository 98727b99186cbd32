# Static tools in roots where they find nothing of the system they were built
# on, for t/static/*.bats.
#
#	static_servers		PostgreSQL and S3, both by TLS only, with what
#				they need to be reached in $ENV
#	root_start KIND [CA-FILE]	the root $ROOT: empty, or as foreign-root.sh
#				makes it; the tools are in its /bk
#	in_root TOOL ARG...	a tool in there, with $ENV
#
# chroot(2) wants root.

STATIC=${BK_STATIC:-$TOP/build/static}

# ca_sign DIR NAME SAN: DIR/NAME.{key,pem}, signed by DIR/ca.pem.
ca_sign() {
	[ -e "$1/ca.pem" ] || openssl req -x509 -newkey ec -pkeyopt \
	    ec_paramgen_curve:P-256 -nodes -keyout "$1/ca.key" -out \
	    "$1/ca.pem" -days 30 -subj "/CN=test authority" 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1/$2.key" -out "$1/$2.csr" -subj "/CN=$2" 2>/dev/null
	openssl x509 -req -in "$1/$2.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" \
	    -CAcreateserial -days 30 -out "$1/$2.pem" \
	    -extfile <(echo "subjectAltName=$3") 2>/dev/null
}

# The database "shop" of user "app", by TLS and SCRAM alone.
static_servers() {
	local dir=$BATS_FILE_TMPDIR home
	ca_sign "$dir" server IP:127.0.0.1,DNS:db.bk.test
	PG_CONF='wal_level = replica' pg_start "$dir/pg"
	home=$(readlink "$dir/pg/home")
	install -m 600 -o "$(stat -c %u "$home/data")" "$dir/server.key" \
	    "$dir/server.pem" "$home/data"
	psql -qX postgres <<-SQL
	SET password_encryption = 'scram-sha-256';
	CREATE ROLE app SUPERUSER LOGIN PASSWORD 'sesame';
	CREATE DATABASE shop;
	ALTER SYSTEM SET ssl = on;
	ALTER SYSTEM SET ssl_cert_file = 'server.pem';
	ALTER SYSTEM SET ssl_key_file = 'server.key';
	\c shop
	CREATE TABLE customer (id int PRIMARY KEY, name text);
	INSERT INTO customer SELECT i, 'Zoë ' || i FROM generate_series(1, 20000) i;
	CREATE TABLE place (id serial, customer int REFERENCES customer, t timestamptz);
	INSERT INTO place (customer, t) SELECT i, now() FROM generate_series(1, 20000) i;
	CREATE VIEW both_of AS SELECT name, t FROM customer c JOIN place p ON p.customer = c.id;
	SQL
	printf '%s\n' 'local all all trust' \
	    'hostssl all,replication all 127.0.0.1/32 scram-sha-256' \
	    >"$home/data/pg_hba.conf"
	pg_ctl_ "$dir/pg" restart
	TLS=1 rgw_start "$dir/rgw"
	s3_mb backups
	cat "$dir/ca.pem" "$AWS_CA_BUNDLE" >"$dir/both.pem"
}

# root_start KIND [CA-FILE]
root_start() {
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir "$ROOT"
	[ "$1" = empty ] || "$SUPPORT/foreign-root.sh" "$1" "$ROOT" \
	    2>"$BATS_TEST_TMPDIR/why" || skip "$(cat "$BATS_TEST_TMPDIR/why")"
	cp -al "$STATIC" "$ROOT/bk" 2>/dev/null || cp -a "$STATIC" "$ROOT/bk"
	if [ -n "${2-}" ]; then
		mkdir -p "$ROOT${2%/*}"
		cp "$BATS_FILE_TMPDIR/both.pem" "$ROOT$2"
	fi
	ENV=(PGHOST=127.0.0.1 PGPORT="$PGPORT" PGUSER=app PGPASSWORD=sesame
	    PGSSLMODE=verify-full AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL"
	    AWS_ACCESS_KEY_ID="$AWS_ACCESS_KEY_ID" AWS_REGION="$AWS_REGION"
	    AWS_SECRET_ACCESS_KEY="$AWS_SECRET_ACCESS_KEY"
	    AWS_EC2_METADATA_DISABLED=true)
}

in_root() {
	(exec_in_root "$@")
}

# exec_in_root TOOL ARG...: in the place of this shell: with & it is $!.
exec_in_root() {
	exec env -i "${ENV[@]}" "$(type -P chroot)" "$ROOT" "/bk/$1" "${@:2}"
}

# with_proc TOOL ARG...: the same, with /proc.
with_proc() {
	unshare --mount --pid --fork --kill-child sh -c 'root=$1; shift
	    mount -t proc proc "$root/proc" && exec "$@"' - "$ROOT" \
	    env -i "${ENV[@]}" "$(type -P chroot)" "$ROOT" "/bk/$1" "${@:2}"
}
