#!/bin/bash
# A second S3 server, for a second opinion: OpenStack Swift with its s3api, on
# loopback only.  Stricter than RGW where RGW is lax: the region in the scope,
# unsigned x-amz-* headers, part numbers and order.  Slow: some dozen requests.
#
#	swift.sh start DIR	start in DIR, which must not exist; prints export
#				lines for the shell (eval "$(swift.sh start DIR)")
#	swift.sh stop DIR	stop what was started there and remove DIR
#
# DIR's file system needs user xattrs.  Needs swift-proxy, swift-account,
# swift-container and swift-object; says so and exits 77 without them.
set -euo pipefail

die() { echo "swift.sh: $*" >&2; exit 1; }

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
	    LocalAddr => "127.0.0.1", Listen => 1)->sockport'
}

# Each server leads a process group of its own, with its workers.
stop() {
	local f pid
	for f in "$dir"/run/*.pid; do
		pid=$(cat "$f" 2>/dev/null) || continue
		if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" |
		    grep -qF -- "$dir/"; then
			kill -9 -- "-$pid"
		fi
	done
	rm -rf "$dir"
}

failed() {
	tail -n 5 "$dir"/log/* >&2
	stop
	echo "swift.sh: did not come up" >&2
}

ring() {	# NAME PORT
	/usr/bin/python3 -c '
import sys
from swift.common.ring import RingBuilder
path, port = sys.argv[1], int(sys.argv[2])
b = RingBuilder(2, 1, 0)
b.add_dev(dict(id=0, region=1, zone=1, ip="127.0.0.1", port=port,
    replication_ip="127.0.0.1", replication_port=port, device="d0",
    weight=1.0, meta=""))
b.rebalance()
b.get_ring().save(path)' "$dir/$1.ring.gz" "$2"
}

common() {	# PORT
	cat <<-END
	[DEFAULT]
	bind_ip = 127.0.0.1
	bind_port = $1
	user = $(id -un)
	swift_dir = $dir
	devices = $dir/dev
	mount_check = false
	workers = 0
	log_level = WARN
	fallocate_reserve = 0
	END
}

store() {	# NAME PORT
	common "$2"
	cat <<-END
	[pipeline:main]
	pipeline = $1-server
	[app:$1-server]
	use = egg:swift#$1
	[$1-updater]
	END
}

proxy() {	# PORT
	local name
	common "$1"
	cat <<-END
	[pipeline:main]
	pipeline = catch_errors gatekeeper cache bulk s3api tempauth copy slo versioned_writes proxy-server
	[app:proxy-server]
	use = egg:swift#proxy
	account_autocreate = true
	allow_account_management = true
	[filter:s3api]
	use = egg:swift#s3api
	location = us-east-1
	check_bucket_owner = false
	s3_acl = false
	storage_domain = localhost
	max_upload_part_num = 10000
	[filter:slo]
	use = egg:swift#slo
	max_manifest_segments = 10000
	[filter:cache]
	use = egg:swift#memcache
	memcache_servers = 127.0.0.1:1
	[filter:tempauth]
	use = egg:swift#tempauth
	user_test_tester = testing .admin
	END
	for name in catch_errors gatekeeper bulk copy versioned_writes; do
		printf '[filter:%s]\nuse = egg:swift#%s\n' $name $name
	done
}

answers() {	# NAME
	local port tries
	port=$(sed -n 's/^bind_port = //p' "$dir/$1.conf")
	for ((tries = 0; tries < 600; tries++)); do
		! curl -s -o "$dir/answer" "http://127.0.0.1:$port/" || return 0
		kill -0 "$(cat "$dir/run/$1.pid")" || return 1
		sleep 0.05
	done
	return 1
}

start() {
	local name port
	for name in proxy account container object; do
		command -v swift-$name-server >/dev/null && continue
		echo "swift.sh: swift-$name-server is not installed" >&2
		exit 77
	done
	[ ! -e "$dir" ] || die "$dir: is there already"
	mkdir -p "$dir"/{dev/d0,log,run}
	trap failed EXIT
	for name in object container account proxy; do
		port=$(free_port)
		if [ $name = proxy ]; then
			proxy "$port"
		else
			ring $name "$port" >&2
			store $name "$port"
		fi >"$dir/$name.conf"
		setsid "swift-$name-server" "$dir/$name.conf" \
		    >"$dir/log/$name" 2>&1 </dev/null 3>&- &
		echo $! >"$dir/run/$name.pid"
	done
	for name in object container account proxy; do
		answers $name
	done
	trap - EXIT
	cat <<-END
	export AWS_ACCESS_KEY_ID=test:tester AWS_SECRET_ACCESS_KEY=testing
	export AWS_REGION=us-east-1 AWS_ENDPOINT_URL=http://127.0.0.1:$port
	END
}

[ $# = 2 ] || die "usage: swift.sh start|stop DIR"
dir=$(realpath -m "$2")
case $1 in
start) start ;;
stop) [ ! -d "$dir/run" ] || stop ;;
*) die "$1: no such command" ;;
esac
