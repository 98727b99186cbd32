# Clusters that recover by a restore_command, for bats files:  load
# support/walside, after support/pg and support/wal.
#
#	side new old		# $SIDE: a copy of the running cluster old
#	rows 1 4		# four segments more, with a row of t each
#	recovers new "bk-walget %f %p -- '...'"

# rows FROM TO: a segment's worth of rows for each number; prints the segments.
rows() {
	local n
	for ((n = $1; n <= $2; n++)); do
		wal_sql "INSERT INTO t VALUES ($n)"
		wal_switch
	done
}

# side NEW OLD: a copy of the running cluster OLD, that recovers by
# restore_command $RESTORE.
side() {
	local start=pg_backup_start stop=pg_backup_stop never=
	wal_side "$1" "${MAJOR-}"
	[ "$(wal_sql 'SHOW server_version_num')" -ge 150000 ] ||
	    start=pg_start_backup stop=pg_stop_backup never=', false'
	psql -XqAt -v ON_ERROR_STOP=1 postgres <<-SQL >/dev/null
	SELECT $start('side', true$never);
	\! cp -a $PGHOST/data $SIDE 2>$SIDE.log
	\! rm -rf $SIDE/pg_wal/* $SIDE/postmaster.*
	\! mkdir -m 700 $SIDE/pg_wal/archive_status
	\! chown --reference=$SIDE $SIDE/pg_wal/archive_status
	\o $SIDE/backup_label
	SELECT labelfile FROM $stop(${never#, }${never:+, }false);
	SQL
	chown --reference="$SIDE" "$SIDE/backup_label"
	pg_as touch "$SIDE/recovery.signal"
}

# restores RESTORE: $SIDE has this restore_command.
restores() {
	printf "restore_command = '%s'\narchive_mode = off\n" \
	    "${1//\'/\'\'}" >>"$SIDE/postgresql.auto.conf"
}

# recovers DIR RESTORE: start it with this restore_command; it settles.
recovers() {
	restores "$2"
	wal_run "$1"
}
