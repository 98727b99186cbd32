#!/bin/sh
# install-deps.sh [tools|demo|static|deb]: install what is needed to build and test
# bk, on Debian and derivatives; with "tools" only what is needed to build and use
# it, with "demo" what make demo needs, with "static" what make static does, with
# "deb" what make deb does.
#
# Returns at once if everything is installed.  Otherwise installs it with apt,
# as root or through sudo; if neither is possible, prints the command to run and
# exits 1.  No service is started and no database cluster is created: the tests
# start their own and remove them.  But at the next boot Debian starts the
# daemons among the tests' packages, unless you systemctl disable them.
set -eu

# program:package, for programs that may be installed from another source
programs="gcc:gcc make:make pg_dump:postgresql-client"
packages="libc6-dev libpq-dev libssl-dev libcurl4-openssl-dev libexpat1-dev \
libjansson-dev libxxhash-dev libmd-dev zlib1g-dev libdeflate-dev libzstd-dev \
libisal-dev"
if [ "${1-}" = static ]; then
	programs="$programs dpkg-source:dpkg-dev nasm:nasm bison:bison flex:flex"
	packages="$packages liblz4-dev debian-archive-keyring"
elif [ "${1-}" = deb ]; then
	programs="$programs git:git perl:perl"
	packages="$packages dpkg-dev debhelper lintian"
elif [ "${1-}" = demo ]; then
	programs="$programs perl:perl python3:python3 ps:procps \
setpriv:util-linux curl:curl openssl:openssl psql:postgresql radosgw:radosgw \
ceph-mon:ceph-mon ceph-osd:ceph-osd"
	packages="$packages postgresql"
elif [ "${1-}" != tools ]; then
	programs="$programs perl:perl python3:python3 curl:curl xxd:xxd jq:jq \
bats:bats prove:perl mandoc:mandoc age:age pigz:pigz zstd:zstd gpg:gnupg \
bgzip:tabix ps:procps openssl:openssl setpriv:util-linux git:git \
shellcheck:shellcheck systemd-analyze:systemd crontab:cron \
psql:postgresql radosgw:radosgw ceph-mon:ceph-mon ceph-osd:ceph-osd \
patroni:patroni prometheus:prometheus amtool:prometheus-alertmanager \
minisign:minisign signify-openbsd:signify-openbsd \
prometheus-node-exporter:prometheus-node-exporter \
gnuplot:gnuplot-nox faketime:faketime strace:strace zsh:zsh \
fish:fish col:bsdextrautils clang:clang clang-tidy:clang-tidy"
	packages="$packages time logrotate postgresql swift-proxy swift-account \
swift-container swift-object libclang-rt-dev python3-yaml python3-aiosmtpd \
python3-pysyncobj debootstrap"
fi

say() {
	echo "install-deps: $*" >&2
}

# Print the missing packages on one line.
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

# Debian creates and starts a cluster "main" with the server package, and starts
# the daemons it installs: prevent both this time, and leave no trace of it.
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
