# For the tests of contrib/migration.md:  load support/migration  (after common,
# pg and s3): a server with a database shop, a gateway with a bucket backups, and
# what stands on the page.

migration_start() {
	rgw_start
	s3_mb backups
	pg_start "$BATS_FILE_TMPDIR/pg"
	psql -qX -d postgres -c 'CREATE ROLE seller'
	createdb shop_good
	psql -qX -v ON_ERROR_STOP=1 -d shop_good <<-'SQL'
	CREATE TABLE customer (id int PRIMARY KEY, name text);
	CREATE TABLE orders (id int PRIMARY KEY, customer int, total numeric);
	ALTER TABLE orders OWNER TO seller;
	INSERT INTO customer SELECT i, md5(i::text) FROM generate_series(1, 5000) i;
	INSERT INTO orders SELECT i, i, i FROM generate_series(1, 5000) i;
	SQL
	# gpg-agent's socket wants a short path
	GNUPGHOME=$(mktemp -d /tmp/bk-gpg.XXXXXX)
	export GNUPGHOME
}

migration_stop() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
	rgw_stop
	gpgconf --kill all 3>&-
	rm -rf "$GNUPGHOME"
}

# shop: the database, as it was at first, and no other of that name.
shop() {
	for db in $(psql -XAtc "SELECT datname FROM pg_database
	    WHERE datname ~ '^shop' AND datname <> 'shop_good'" postgres); do
		dropdb -f "$db"
	done
	createdb -T shop_good shop
}

# spans COLUMN: the code in that column of the page's tables of three, one a line
spans() {
	sed 's/\\|/\x01/g' "$TOP/contrib/migration.md" |
	    awk -F '|' -v n="$1" '/^\|/ && NF == 5 { print $(n + 1) }' |
	    grep -o '`[^`]*`' | tr -d '`' | tr '\001' '|'
}

# theirs TEXT: their line that holds TEXT, with its directory in here.
theirs() {
	local line
	line=$(spans 1 | grep -F -m 1 -e "$1") ||
	    { echo "no line with $1 on the page" >&2; return 1; }
	echo "${line//\/backups/$PWD/backups}"
}

# blocks LANGUAGE SECTION: the section's blocks of code in that language.
blocks() {
	awk -v lang="\`\`\`$1" -v section="## $2" '
	    /^## / { here = $0 == section }
	    here && $0 == lang { on = 1; next }
	    /^```/ { on = 0 }
	    on' "$TOP/contrib/migration.md" | grep .
}

rows() { psql -XAtd "$1" -c "SELECT count(*) FROM $2"; }
