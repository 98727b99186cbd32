#!/bin/bash
# A throwaway S3 server: Ceph's RADOS Gateway with one monitor and one OSD, its
# data in memory, on loopback only.  About a second to start; root or any user.
#
#	rgw.sh start DIR	start in DIR, which must not exist; prints export
#				lines for the shell (eval "$(rgw.sh start DIR)")
#	rgw.sh stop DIR		stop what was started there and remove DIR
#	rgw.sh admin DIR ...	radosgw-admin on it
#
# Environment: TLS=1 https instead of http (certificate in AWS_CA_BUNDLE),
# CLASSES="STANDARD_IA GLACIER" further storage classes, STS=1 AssumeRole (a
# wrong secret is then AccessDenied), STORE=bluestore for more than fits in
# memory, AK and SK the keys.
#
# Needs radosgw, ceph-mon and ceph-osd; says so and exits 77 without them.
set -euo pipefail

die() { echo "rgw.sh: $*" >&2; exit 1; }

free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
	    LocalAddr => "127.0.0.1", Listen => 1)->sockport'
}

# The daemons by their own pid files, if the process is still what it was.
# KILL: an OSD whose monitor has gone does not heed TERM.
stop() {
	local f pid
	for f in "$dir"/run/{client.rgw,osd.0,mon.a}.pid; do
		pid=$(cat "$f" 2>/dev/null) || continue
		if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" |
		    grep -qF -- "-c $conf"; then
			kill -9 "$pid"
		fi
	done
	rm -rf "$dir"
}

certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$dir/key.pem" -out "$dir/cert.pem" -days 30 \
	    -subj /CN=localhost -addext \
	    'subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1' \
	    2>/dev/null
}

# cephx stays on: without it the gateway hangs.  The intervals are what makes
# it start in a second.  memstore_device_bytes is a limit, not an allocation.
configure() {
	local front="beast endpoint=127.0.0.1:$port"
	[ -z "${TLS:-}" ] || front="beast ssl_endpoint=127.0.0.1:$port \
ssl_certificate=$dir/cert.pem ssl_private_key=$dir/key.pem"
	cat <<-END
	[global]
	fsid = 6f5dd2a2-7a2b-4b2e-9d53-1c07c2b0a9e4
	mon_host = v2:127.0.0.1:$monport
	mon_initial_members = a
	public_addr = 127.0.0.1
	cluster_addr = 127.0.0.1
	ms_bind_ipv6 = false
	ms_bind_msgr1 = false
	keyring = $dir/keyring
	run_dir = $dir/run
	crash_dir = $dir/run
	admin_socket = $dir/run/\$name.asok
	pid_file = $dir/run/\$name.pid
	log_file = $dir/log/\$name.log
	osd_pool_default_size = 1
	osd_pool_default_min_size = 1
	osd_pool_default_pg_num = 4
	osd_pool_default_pgp_num = 4
	osd_pool_default_pg_autoscale_mode = off
	osd_crush_chooseleaf_type = 0
	mon_allow_pool_size_one = true
	mon_data_avail_crit = 1
	mon_data_avail_warn = 1
	paxos_propose_interval = 0.05
	paxos_min_wait = 0.01
	[mon]
	mon_data = $dir/mon
	[osd]
	osd_data = $dir/osd
	osd_objectstore = ${STORE:-memstore}
	memstore_device_bytes = 8589934592
	bluestore_block_size = 21474836480
	osd_memory_target = 1073741824
	osd_max_object_name_len = 2048
	osd_max_object_namespace_len = 256
	osd_class_load_list = *
	osd_class_default_list = *
	[client]
	rgw_data = $dir/rgw
	rgw_frontends = $front
	rgw_dns_name = localhost
	rgw_run_sync_thread = false
	rgw_enable_usage_log = false
	rgw_gc_obj_min_wait = 2
	rgw_gc_processor_period = 5
	rgw_gc_processor_max_time = 5
	rgw_crypt_require_ssl = false
	rgw_crypt_s3_kms_backend = testing
	rgw_crypt_s3_kms_encryption_keys = testkey-1=YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo=
	END
	[ -z "${STS:-}" ] || cat <<-END
	rgw_s3_auth_use_sts = true
	rgw_sts_key = abcdefghijklmnop
	rgw_sts_min_session_duration = 1
	END
}

keyring() {
	ceph-authtool -C "$dir/keyring" --gen-key -n mon. --cap mon 'allow *'
	ceph-authtool "$dir/keyring" --gen-key -n client.admin \
	    --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *'
	ceph-authtool "$dir/keyring" --gen-key -n osd.0 \
	    --cap mon 'allow profile osd' --cap osd 'allow *'
	ceph-authtool "$dir/keyring" --gen-key -n client.rgw \
	    --cap mon 'allow rw' --cap osd 'allow rwx'
}

storage_class() {
	radosgw-admin -c "$conf" zonegroup placement add \
	    --rgw-zonegroup default --placement-id default-placement \
	    --storage-class "$1"
	radosgw-admin -c "$conf" zone placement add --rgw-zone default \
	    --placement-id default-placement --storage-class "$1" \
	    --data-pool default.rgw.buckets.data
}

daemons() {
	local class osd=3c1c2f0e-51f0-4f0e-8a55-6f2a9a3f1b10
	cd /	# Debian's Ceph 18 looks for the OSD's classes from here
	monmaptool --create --clobber --fsid \
	    6f5dd2a2-7a2b-4b2e-9d53-1c07c2b0a9e4 \
	    --addv a "[v2:127.0.0.1:$monport]" "$dir/monmap"
	ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring" \
	    -c "$conf"
	ceph-mon -i a -c "$conf"
	ceph -c "$conf" osd new $osd
	ceph-osd -i 0 -c "$conf" --mkfs --osd-uuid $osd
	ceph-osd -i 0 -c "$conf"
	radosgw-admin -c "$conf" user create --uid=bk --display-name=bk \
	    --access-key="$ak" --secret-key="$sk" \
	    ${STS:+--caps=roles=*;user-policy=*}
	for class in ${CLASSES:-}; do
		storage_class "$class"
	done
	radosgw -c "$conf" -n client.rgw
}

# Up when it, and nobody else on that port, answers.
await_gateway() {
	local i
	for ((i = 0; i < 400; i++)); do
		! grep -qs 'already in use' "$dir/log/client.rgw.log" || return 1
		! curl -skm 5 -o "$dir/answer" "$url/" || return 0
		[ ! -s "$dir/run/client.rgw.pid" ] ||	# there, and written
		    kill -0 "$(cat "$dir/run/client.rgw.pid")" || return 1
		sleep 0.05
	done
	return 1
}

# A port that was free when it was chosen may be somebody's by now: 75, try
# again.
failed() {
	local taken=0
	grep -q 'Address already in use' "$dir"/log/*.log && taken=75 ||
	    tail -n 5 "$dir"/log/*.log >&2
	stop
	[ $taken = 0 ] || exit $taken
	echo "rgw.sh: did not come up" >&2
}

start() {
	local cmd port monport url
	for cmd in radosgw ceph-mon ceph-osd; do
		command -v $cmd >/dev/null && continue
		echo "rgw.sh: $cmd is not installed" >&2
		exit 77
	done
	[ ! -e "$dir" ] || die "$dir: is there already"
	port=$(free_port) monport=$(free_port)
	url=http://127.0.0.1:$port
	[ -z "${TLS:-}" ] || url=https://localhost:$port
	umask 077
	mkdir -p "$dir"/{mon,osd,log,run,rgw}
	trap failed EXIT
	[ -z "${TLS:-}" ] || certificate
	configure >"$conf"
	# a subshell: the trap is to tell our caller, not that file
	(keyring; daemons) >"$dir/log/start.log" 2>&1
	await_gateway
	trap - EXIT
	cat <<-END
	export AWS_ACCESS_KEY_ID='$ak' AWS_SECRET_ACCESS_KEY='$sk'
	export AWS_REGION=us-east-1 AWS_ENDPOINT_URL=$url
	END
	[ -z "${TLS:-}" ] || echo "export AWS_CA_BUNDLE=$dir/cert.pem"
}

[ $# -ge 2 ] || die "usage: rgw.sh start|stop|admin DIR"
dir=$(realpath -m "$2") conf=$dir/ceph.conf
ak=${AK:-BKTESTACCESSKEY0001} sk=${SK:-bkTestSecretKey/0123456789+abcdefghij}
case $1 in
start)
	for _ in 1 2 3 4 5; do
		status=0
		"$0" once "$2" || status=$?
		[ $status = 75 ] || exit $status
	done
	die "no port stays free" ;;
once) start ;;
stop) [ ! -e "$conf" ] || stop ;;
admin) shift 2; exec radosgw-admin -c "$conf" "$@" ;;
*) die "$1: no such command" ;;
esac
