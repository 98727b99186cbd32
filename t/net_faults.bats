#!/usr/bin/env bats
# The network fails: samples of t/torture/s3 and t/torture/pg, which try every
# request and every message, and what these have found.

load support/common

# torture ARGUMENT...: it ends well; its table is shown.
torture() {
	run -0 "$TOP/t/torture/$1" "${@:2}"
	tail -n 1 <<<"$output" | sed 's/^/# /' >&3
}

@test "S3: an answer of somebody else's, or without its end, is none" {
	long
	torture s3 --jobs get,multipart,delete,abort,page --only \
	    '^(get [12] (empty:200|page:200|cuthead|err200)|multipart 3 (cuthead|unframed)|multipart 9 (page:200|empty:204)|delete 2 page:200|abort 1 page|page 1 (page:200|empty)).* first'
	[[ $output == *' runs=19 '* ]]
}

@test "S3: a sample of all that can happen to a request" {
	long
	torture s3 --jobs put,multipart,get,latest,page,delete,abort --sample 40
}

@test "PostgreSQL: the answer to the COMMIT that puts a database in place is lost" {
	long
	torture pg --jobs restore,swap --text 'RENAME TO,COMMIT'
	[[ $output == *' runs=12 '* ]]
}

@test "PostgreSQL: a server that does not answer is not waited for" {
	long
	torture pg --jobs walrecv --ways stall --text IDENTIFY
}

@test "PostgreSQL: a sample of all moments at which a connection is cut" {
	long
	torture pg --jobs dump,walrecv,stat --sample 12
}
