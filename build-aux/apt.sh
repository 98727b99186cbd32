# shellcheck shell=bash
# apt.sh, to be sourced: fetch from any release of Debian, by a configuration of
# apt that is ours: the system's stays as it is, nobody needs to be root, and
# apt verifies what comes.  Proxies are the system's.
#
#	debian_mirror [NAME]	where apt gets NAME (debian or debian-security)
#				here, else Debian's own
#	apt_own DIR TYPE SUITE...	from now on apt knows the packages (TYPE
#				deb) or sources (deb-src) of these suites alone;
#				what it keeps is in DIR.  What goes wrong is the
#				last line of its output.  Wants pipefail.

debian_mirror() {
	local name=${1:-debian} uri
	uri=$(find /etc/apt '(' -name '*.sources' -o -name '*.list' ')' -exec \
	    sed -nE "s,^(URIs:|deb) .*(https?://[^ ]*/$name)/?( .*)?$,\2,p" {} + |
	    sed -n 1p) || :
	echo "${uri:-http://deb.debian.org/$name}"
}

apt_own() {
	local dir=$1 type=$2 keys suite name
	shift 2
	keys=/usr/share/keyrings/debian-archive-keyring.gpg
	command -v apt-get >/dev/null || { echo "no apt-get here"; return 1; }
	[ -e $keys ] || { echo "no $keys here"; return 1; }
	rm -rf "$dir/sources.list.d"
	mkdir -p "$dir"/{sources.list.d,lists/partial,cache/archives/partial,log}
	: >"$dir/status"
	for suite; do
		name=debian
		[[ $suite != *-security ]] || name=debian-security
		printf '%s\n' "Types: $type" "URIs: $(debian_mirror $name)" \
		    "Suites: $suite" 'Components: main' "Signed-By: $keys" ''
	done >"$dir/sources.list.d/debian.sources"
	cat >"$dir/apt.conf" <<-CONF
	Dir::Etc::sourcelist "/dev/null";
	Dir::Etc::sourceparts "$dir/sources.list.d";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	Dir::State "$dir";
	Dir::State::lists "$dir/lists";
	Dir::State::status "$dir/status";
	Dir::Cache "$dir/cache";
	Dir::Log "$dir/log";
	Acquire::Languages "none";
	APT::Sandbox::User "$(id -un)";
	CONF
	export APT_CONFIG=$dir/apt.conf
	timeout 300 apt-get -qq -o APT::Update::Error-Mode=any update 2>&1 |
	    sed '/^E: Some index files failed/d'
}
