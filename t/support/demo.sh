#!/usr/bin/env bash
# make demo: a million rows from a real PostgreSQL server to a real S3 server
# and back into another database, compared row for row; then a dump that is
# killed half way, and what is left of it: nothing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. t/support/common.bash
. t/support/pg.bash
. t/support/s3.bash

WORK=$(mktemp -d /tmp/bk-demo.XXXXXX)
finish() {
	local status=$?
	pg_stop "$WORK/pg" || status=1
	[ ! -d "$WORK/rgw" ] || rgw_stop "$WORK/rgw" || status=1
	rm -rf "$WORK"
	[ $status = 0 ] || printf '\nThe demo FAILED (status %s).\n' $status >&2
	exit $status
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

say() { printf '\n# %s\n' "$*"; }

# show COMMAND: print a line of shell, then run it.
show() {
	printf '$ %s\n' "$1"
	eval "$1"
}

fail() {
	printf '%s\n' "$*" >&2
	exit 1
}

# s3.bash skips a test where a server is missing; there is no demo without it.
skip() { fail "$*"; }

sql() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

make_shop() {
	sql -d postgres -c 'create database shop'
	sql -d shop <<-'SQL'
	create type state as enum ('open', 'paid', 'shipped', 'returned');
	create table customer (
		id int primary key generated always as identity,
		name text not null, email text unique,
		joined timestamptz not null, profile jsonb);
	create table purchase (
		id uuid primary key, customer int not null references customer,
		at timestamptz not null, state state not null,
		total numeric(12,2) not null, note text);
	create table item (
		purchase uuid not null references purchase, line int,
		product text not null, amount int not null, photo bytea,
		primary key (purchase, line));
	create view turnover as select date_trunc('month', at) as month,
		sum(total) from purchase group by 1;
	insert into customer (name, email, joined, profile)
		select 'Käufer ' || i, 'c' || i || '@example.org',
		timestamptz '2019-01-01' + i * interval '17 min',
		jsonb_build_object('score', i % 97, 'tags', array['a"b', E'c\td'])
		from generate_series(1, 100000) i;
	insert into purchase
		select md5('p' || i)::uuid, 1 + i % 100000,
		timestamptz '2020-01-01' + i * interval '7 min',
		(enum_range(null::state))[1 + i % 4], (i::bigint * 7919 % 100000) / 100.0,
		case i % 3 when 0 then null when 1 then '' else E'line\nbreak \\' end
		from generate_series(1, 400000) i;
	insert into item
		select md5('p' || (1 + i % 400000))::uuid, i / 400000,
		'product ' || i % 1000, 1 + i % 9,
		case when i % 10 = 0 then decode(md5(i::text), 'hex') end
		from generate_series(0, 499999) i;
	create index on purchase (customer);
	create index on purchase using brin (at);
	SQL
}

# rows DATABASE: a line for each table: its name, rows and the digest of them
# in order.
rows() {
	local table
	for table in customer purchase item; do
		printf '%-9s %7s rows  %s\n' $table \
		    "$(sql -d "$1" -c "select count(*) from $table")" \
		    "$(sql -d "$1" -c "copy (select * from $table order by 1, 2)
		    to stdout" | sha256sum | cut -c 1-32)"
	done
}

# schema DATABASE: its definition as text; the key of \restrict is random.
schema() { pg_dump -s "$1" | grep -Ev '^\\(un)?restrict '; }

start=$SECONDS
say "a PostgreSQL server and an S3 server (Ceph RADOS Gateway), for this demo only"
pg_start "$WORK/pg"
rgw_start "$WORK/rgw"
s3_mb backups
sql -d postgres -c "select version()"
echo "PostgreSQL: port $PGPORT   S3: $AWS_ENDPOINT_URL"

say "a database with a million rows: 100,000 customers, 400,000 purchases, 500,000 items"
make_shop

say "a key: its public half encrypts, its secret half stays off the backup host"
cd "$WORK"
show 'bk-keygen -o key.txt'
show 'export BK_RECIPIENTS=$(bk-keygen -y key.txt) BK_IDENTITY=key.txt'

say "the backup"
show "bk-dump shop | bk-gz | bk-crypt |
    bk-s3put --tier daily 's3://backups/{db}/{tier}/{db}-{utc}.bk'"
show 'bk-s3ls s3://backups/ | tee stored'
[ "$(wc -l <stored)" = 1 ] || fail "not exactly one object"

say "the restore, into another database, with PostgreSQL's own pg_restore"
show 'createdb shop2'
show 'bk-s3get s3://backups/shop/daily/latest | bk-crypt -d | bk-gz -d |
    pg_restore -d shop2'

say "are they the same?  every row of every table, in order, and the schema"
rows shop >rows.shop
rows shop2 >rows.shop2
cat rows.shop
show 'diff rows.shop rows.shop2'
schema shop >schema.shop
schema shop2 >schema.shop2
show 'diff schema.shop schema.shop2'
echo "the same: $(awk '{ n += $2 } END { print n }' rows.shop2) rows"
[ "$(awk '{ n += $2 } END { print n }' rows.shop2)" = 1000000 ] ||
    fail "that is not a million"

say "the seal: bk-dump is killed when 20 MB have passed; the pipe just ends"
PATH=$SUPPORT:$PATH
show "sh -c 'echo \$\$ >pid; exec bk-dump shop' |
    atbyte.py 20000000 sh -c 'kill -9 \$(cat pid)' | bk-gz | bk-crypt |
    bk-s3put --tier daily 's3://backups/{db}/{tier}/{db}-{utc}.bk' ||
    status=(\"\${PIPESTATUS[@]}\")"
echo "exit statuses: ${status[*]-}"
[ "${status[*]-}" = "137 0 3 3 3" ] || fail "137 0 3 3 3 was expected"
show 'bk-s3ls s3://backups/ | diff - stored'
[ "$(s3_uploads backups)" = 0 ] || fail "an unfinished upload is left"
echo "still the one good backup, and nothing else"

say "success: a million rows there and back, and nothing of the one that was killed ($((SECONDS - start)) s)"
