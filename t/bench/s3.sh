#!/usr/bin/env bash
# s3.sh [ROUNDS]: bk-s3put side by side with aws s3 cp and rclone rcat, into a
# server that throws everything away, so that the client is what is timed.
set -eu -o pipefail

TOP=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${BK_BIN:-$TOP/build/bin}:$PATH
ROUNDS=${1:-3}
SIZE=${BK_BENCH_S3_SIZE:-1073741824}
DIR=$(mktemp -d)
SINK=
paired() { "$TOP/t/support/paired.py" "$@"; }

stop() {
	[ -z "$SINK" ] || kill "$SINK"
	rm -rf "$DIR"
}
trap stop EXIT

${CC:-cc} -O2 -o "$DIR/s3sink" "$TOP/t/bench/s3sink.c" -lpthread
"$DIR/s3sink" >"$DIR/port" & SINK=$!
until [ -s "$DIR/port" ]; do read -r -t 0.05 <> <(:) || :; done

unset AWS_CA_BUNDLE AWS_PROFILE AWS_SESSION_TOKEN
truncate -s "$SIZE" "$DIR/data"
export AWS_ENDPOINT_URL=http://127.0.0.1:$(<"$DIR/port") AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=bench AWS_SECRET_ACCESS_KEY=bench
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export AWS_EC2_METADATA_DISABLED=true RCLONE_CONFIG=/dev/null
export RCLONE_S3_PROVIDER=Other RCLONE_S3_ENDPOINT=$AWS_ENDPOINT_URL
export RCLONE_S3_ENV_AUTH=true RCLONE_S3_NO_CHECK_BUCKET=true

peers=()
! command -v aws >/dev/null ||
    peers+=('aws s3 cp -' "aws --endpoint-url $AWS_ENDPOINT_URL s3 cp - s3://bench/aws --quiet \
	--expected-size $SIZE <$DIR/data")
! command -v rclone >/dev/null ||
    peers+=('rclone rcat' "rclone rcat :s3:bench/rclone <$DIR/data")

echo "== store $((SIZE >> 20)) MiB into a sink"
paired --targets 'bk-s3put:cpu<=0.35' "$ROUNDS" "${peers[@]}" \
    'bk-s3put' "bk-s3put --overwrite s3://bench/bk <$DIR/data"
echo "memory: $(python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10, "MiB")' \
    bk-s3put --overwrite s3://bench/bk <"$DIR/data"), at 8 MiB a part and 4 at once"
