# What t/torture/kill_rounds.py works on, for it and for t/chaos.bats: the
# databases shop and big, two dumps to restore by turns, keys.

kills_prepare() {
	local v
	bk-keygen -o key
	BK_IDENTITY=$PWD/key BK_RECIPIENTS=$(bk-keygen -y key)
	export BK_IDENTITY BK_RECIPIENTS
	for v in 1 2; do
		psql -qAtX -v ON_ERROR_STOP=1 -d postgres <<-SQL
		set client_min_messages = error;
		drop database if exists shop;
		create database shop;
		\c shop
		create table version as select $v v;
		create table a as select i, md5((i * $v)::text) t
		    from generate_series(1, 300) i;
		alter table a add primary key (i);
		SQL
		bk-dump -q shop | bk-gz | bk-crypt | bk-s3put -q "s3://backups/source$v"
	done
	# more than a part, and not to be compressed
	psql -qAtX -v ON_ERROR_STOP=1 -d postgres <<-'SQL'
	create database big;
	\c big
	create table a as select i, sha512(i::text::bytea) || sha512((-i)::text::bytea) b
	    from generate_series(1, 40000) i;
	SQL
}
