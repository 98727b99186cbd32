#!/bin/sh
# scratch.sh: print the directory for what tests throw away: in memory, where
# that has room for all that make check keeps at a time and programs may run
# there, else /tmp.  A short name: sockets of servers lie below it.
room() {
	stat -f -c '%T %a %S' /dev/shm 2>/dev/null | awk '
	    $1 == "tmpfs" && $2 * $3 >= 6 * 2 ^ 30 { found = 1 }
	    END { exit !found }' &&
	    awk '$1 == "MemAvailable:" && $2 >= 8 * 2 ^ 20 { found = 1 }
	    END { exit !found }' /proc/meminfo
}
runs() {
	probe=$(mktemp /dev/shm/bk-probe.XXXXXX) || return
	printf '#!/bin/sh\n' >"$probe" && chmod +x "$probe" && "$probe"
	set -- $?
	rm -f "$probe"
	return "$1"
}
if room && runs 2>/dev/null; then
	echo /dev/shm
else
	echo /tmp
fi
