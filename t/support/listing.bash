# Records that bk-age and bk-prune read, of whatever age: text, so a test need
# not wait until something is old.  Ages are in seconds, counted from $NOW.

NOW=$(date +%s)
M=1048576
DAY=86400

# when SECONDS: the instant so long ago; stamp: the same for a file name.
when() { date -u -d "@$((NOW - $1))" +%Y-%m-%dT%H:%M:%SZ; }
stamp() { date -u -d "@$((NOW - $1))" +%Y%m%dT%H%M%SZ; }

# backup SECONDS BYTES [DB]: the record of a backup so long ago.
backup() {
	local db=${3:-shop}
	printf '%s\t%s\ts3://b/%s/daily/%s-%s.bk\n' "$(when "$1")" "$2" \
	    "$db" "$db" "$(stamp "$1")"
}

# series SIZE SIZE...: one an hour old, the others a day older each; of $DB.
series() {
	local age=3600 size
	for size; do
		backup $age "$size" "${DB-}"
		age=$((age + DAY))
	done
}

# proof SECONDS RESULT NAME: a receipt of bk-verify's, in proofs.
proof() {
	mkdir -p proofs
	printf '{"bk":"receipt","version":1,"name":"%s","result":"%s","finished":"%s"}\n' \
	    "$3" "$2" "$(when "$1")" >"proofs/$1.receipt.json"
}

# proof_of SECONDS RESULT DB AT [MORE]: one of the database DB AT seconds ago,
# without a name.
proof_of() {
	mkdir -p proofs
	printf '{"bk":"receipt","version":1,"name":null,"database":"%s","at":"%s","result":"%s","finished":"%s"%s}\n' \
	    "$3" "$(when "$4")" "$2" "$(when "$1")" "${5-}" \
	    >"proofs/$3.$1.receipt.json"
}

# segment SECONDS NAME [ARCHIVE]: the record of an archived file of WAL.
segment() {
	printf '%s\t%s\t%s/%s\n' "$(when "$1")" 40000 \
	    "${3:-s3://b/shop/wal}" "$2"
}
