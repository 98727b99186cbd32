#!/usr/bin/env bats
# bk-verify: the proof of the proof, what it has to see
load support/common
load support/pg
load support/verify

setup_file() { shop_start; }
teardown_file() { pg_stop "$BATS_FILE_TMPDIR/c"; }
setup() { shop_use; }
teardown() { shop_left; }

# differs WHAT: level 2 of shop.bk is "not proven", because of WHAT.
differs() {
	run -3 --separate-stderr bk-verify --restore <"${2-altered.bk}"
	[ "$(field result)" = 'not proven' ]
	[[ $stderr == *"$1"* ]] || { echo "$stderr"; false; }
}

# alter SQL [TEMPLATE]: a dump whose restore runs SQL in the end: the refresh of
# a materialized view calls a function.
alter() {
	dropdb --if-exists altered 2>/dev/null
	createdb -T "${2-shop}" altered
	psql -qX -v ON_ERROR_STOP=1 altered <<-SQL
	CREATE FUNCTION public.alter() RETURNS int LANGUAGE plpgsql AS \$\$
	BEGIN $1; RETURN 1; END \$\$;
	CREATE MATERIALIZED VIEW public.trap AS SELECT public.alter()
	    WITH NO DATA;
	SQL
	psql -qX -c 'UPDATE pg_class SET relispopulated = true
	    WHERE relname = $$trap$$' altered
	bk-dump altered >altered.bk
	dropdb altered
}

@test "a row changed, dropped, repeated, moved on the way is seen" {
	alter "UPDATE public.orders SET note = left(note, -1) || 'x' WHERE id = 7"
	differs 'table public.orders'
	[ "$(field differences)" = 1 ]
	[[ ${stderr_lines[1]} == *'20000 rows'*digest*'20000 rows'*digest* ]]
	alter 'DELETE FROM public.orders WHERE id = 20000'
	differs '19999 rows'
	alter 'INSERT INTO public.part SELECT * FROM public.part1 LIMIT 1'
	differs '101 rows'
	alter 'UPDATE public.odd SET i = d::text, d = i::bytea WHERE a = 0.30000000000000004'
	run -0 bk-verify --restore -o r <altered.bk	# NULL for NULL
	alter 'UPDATE public.customers SET name = name || chr(45) WHERE id < 3'
	differs 'table public.customers'
	alter "UPDATE public.odd SET a = a / 1.0000000000000002 WHERE a > 1e300"
	differs 'table public.odd'
	alter 'TRUNCATE public.none'
	differs 'table public.none'
}

@test "a sequence, a large object, a constraint, a missing object are seen" {
	long
	alter "PERFORM setval('public.used', 43, false)"
	differs "sequence set public.used  pg_catalog.setval('public.used', 42"
	alter "PERFORM lo_put(70001, 2999999, 'y')"
	differs 'large objects'
	alter 'PERFORM lo_create(5)'
	differs '3 objects'
	alter 'PERFORM lo_unlink(70001)'
	differs '1 objects'
	alter 'PERFORM lo_unlink(70001), lo_create(5)'
	differs 'large objects'
	alter 'PERFORM lo_create(5)' template0
	differs 'large objects'
	alter 'DROP VIEW public.v'
	differs 'view public.v  defined'
	alter 'DROP TABLE public.part2'
	differs 'no such table'
	alter 'ALTER TABLE public.gen ADD CHECK (a > 1) NOT VALID'
	differs 'check constraint public.gen gen_a_check'
}

@test "damage is told from a database that will not have it" {
	long
	for what in byte drop repeat swap cut; do
		"$SUPPORT/archive-edit.py" customers $what <shop.bk >edited
		differs 'table public.customers' edited
	done
	head -c -5000 shop.bk >cut
	run -3 bk-verify --restore -o r <cut
	# whole, but it cannot be loaded
	dropdb --if-exists dup
	createdb dup
	psql -qX -c 'CREATE TABLE t AS SELECT 1 AS x FROM generate_series(1, 2)
	    ' -c 'CREATE FUNCTION no() RETURNS int LANGUAGE plpgsql AS
	    $$ BEGIN RAISE no_data_found; END $$' -c 'CREATE MATERIALIZED VIEW
	    v AS SELECT no() WITH NO DATA' -c 'UPDATE pg_class SET
	    relispopulated = true WHERE relname = $$v$$' dup
	bk-dump dup >dup.bk
	dropdb dup
	run -1 --separate-stderr bk-verify --restore <dup.bk
	[ "$(field result)" = 'could not tell' ]
}

# flips N: write N copies of shop.bk to f1 ..., each with another bit flipped in
# its definitions, what precedes the first block.
flips() {
	python3 - "$1" shop.bk <<-'PY'
	import random, sys
	data = open(sys.argv[2], "rb").read()
	end = data.index(b"COPY public.orders")
	random.seed(8)
	for i in range(1, int(sys.argv[1]) + 1):
	    b = bytearray(data)
	    b[random.randrange(end)] ^= 1 << random.randrange(8)
	    open("f%d" % i, "wb").write(b)
	PY
}

@test "a bit flipped in the definitions is refused, and said to be there" {
	long
	local loaded=0
	flips 100
	for n in {1..100}; do
		bk-verify -q -o r <f$n 2>said && status=0 || status=$?
		[ $status = 3 ] && grep -qE 'damaged|not an archive|label|'\
'archive version|neither an|offset of TOC entry' said || {
			echo "$n: $status $(<said)"
			false
		}
		# who loads it reads no offsets
		grep -q 'the definitions' said && [ $((loaded++)) -lt 3 ] ||
		    continue
		run -3 bk-verify --restore -o r <f$n
		run -3 bk-restore --into flipped <f$n
		run -0 psql -XAtc "SELECT count(*) FROM pg_database
		    WHERE datname LIKE 'flipped%'" postgres
		[ "$output" = 0 ]
	done
}
