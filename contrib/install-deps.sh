#!/bin/sh
# install-deps.sh [tools]: what building and testing bk needs, on Debian and its
# kin; with "tools" only what building and using it needs.
#
# Does nothing, at once, when all is there.  Otherwise installs it with apt,
# as root or through sudo; where neither is possible prints the line to run
# and exits 1.  No service is started and no database cluster is made: the tests
# start their own and remove them.  But Debian has the daemons among the tests'
# packages started at the next boot, unless you systemctl disable them.
set -eu

# program:package, for what may as well have come from somewhere else
programs="gcc:gcc make:make pg_dump:postgresql-client"
packages="libc6-dev libpq-dev libssl-dev libcurl4-openssl-dev libexpat1-dev \
libjansson-dev libxxhash-dev zlib1g-dev libdeflate-dev libzstd-dev libisal-dev"
if [ "${1-}" != tools ]; then
	programs="$programs perl:perl python3:python3 curl:curl xxd:xxd jq:jq \
bats:bats prove:perl mandoc:mandoc age:age pigz:pigz zstd:zstd gpg:gnupg \
bgzip:tabix ps:procps openssl:openssl setpriv:util-linux git:git \
shellcheck:shellcheck systemd-analyze:systemd crontab:cron \
psql:postgresql radosgw:radosgw ceph-mon:ceph-mon ceph-osd:ceph-osd \
prometheus:prometheus prometheus-node-exporter:prometheus-node-exporter \
gnuplot:gnuplot-nox faketime:faketime strace:strace zsh:zsh \
col:bsdextrautils"
	packages="$packages time logrotate postgresql swift-proxy swift-account \
swift-container swift-object python3-yaml python3-aiosmtpd"
fi

say() {
	echo "install-deps: $*" >&2
}

# Print the packages that are wanted and not there, on one line.
missing() {
	for p in $programs; do
		command -v "${p%%:*}" >/dev/null || echo "${p#*:}"
	done
	command -v dpkg-query >/dev/null || return 0
	# shellcheck disable=SC2016,SC2086	# dpkg's variables; a list
	there=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages \
	    2>/dev/null | sed -n 's/^installed //p') || :
	for p in $packages; do
		case "
$there
" in
		*"
$p
"*) ;;
		*) echo "$p" ;;
		esac
	done
}

apt() {
	DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
	    apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" \
	    </dev/null >>"$log" 2>&1
}

# Debian makes and starts a cluster "main" with the server package, and starts
# what it installs: not for this time, and not a word of it stays behind.
cluster=/etc/postgresql-common/createcluster.d/bk-install-deps.conf
policy=/usr/sbin/policy-rc.d
quiet_begin() {
	mkdir -p "${cluster%/*}"
	echo "create_main_cluster = false" >"$cluster"
	[ -e "$policy" ] && policy= && return
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}
quiet_end() {
	rm -f "$log" "$cluster" ${policy:+"$policy"}
}

want=$(missing | sort -u | tr '\n' ' ')
want=${want% }
[ -n "$want" ] || exit 0

if ! command -v apt-get >/dev/null; then
	say "no apt-get here; install what this system calls: $want"
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	if sudo -n true 2>/dev/null; then
		exec sudo -n sh "$0" "$@"
	fi
	say "not root; run: sudo apt-get install --no-install-recommends $want"
	exit 1
fi

say "installing $want"
log=$(mktemp)
trap quiet_end EXIT
trap 'exit 1' HUP INT TERM
quiet_begin
apt update || say "apt-get update failed; trying with what is known"
# shellcheck disable=SC2086	# a list
apt install -y --no-install-recommends $want || {
	tail -n 20 "$log" >&2
	say "apt-get install failed; see above"
	exit 1
}
want=$(missing | sort -u | tr '\n' ' ')
[ -z "$want" ] || { say "still missing after the installation: $want"; exit 1; }
say "done"
