#!/bin/sh
# install.sh install DESTDIR BINDIR DATADIR MANDIR COMPLETIONS TOOL...
# install.sh uninstall DESTDIR BINDIR DATADIR MANDIR
#
# Installs the tools, the pages, the completions, the jobs and contrib.  Each file, and
# each directory that had to be made, is noted in DATADIR/bk/installed
# before it is there: uninstall removes what the list has, also after an
# installation that broke off, and nothing else.  A directory that holds
# anything else is kept.
set -eu

die() { echo "install.sh: $*" >&2; exit 1; }

# may DIRECTORY: files can be put there, or into what can be made there.
may() {
	case $1 in
	/* | '') ;;
	*) die "$1: has to begin with /" ;;
	esac
	there=$dest$1
	while [ ! -e "$there" ] && [ "$there" != . ]; do
		case $there in
		/*/* | [!/]*/*) there=${there%/*} ;;
		/*) there=/ ;;
		*) there=. ;;
		esac
	done
	[ -w "$there" ] || die "$there: we may not write there; as root, or with" \
	    "PREFIX=\$HOME/.local or DESTDIR=/another/root"
}

# into DIRECTORY: make it, and note those that were not there.
into() {
	[ ! -d "$dest$1" ] || return 0
	into "${1%/*}"
	install -d -m 755 "$dest$1"
	made="$made$1/
"
	[ ! -e "$list" ] || note
}

# note [FILE]: what was made since the last time, and FILE.
note() {
	printf '%s' "$made${1:+$1
}" >>"$list"
	made=
}

# put MODE FILE NAME: complete at once, as a job may be about to run it.
put() {
	into "${3%/*}"
	note "$3.new"
	note "$3"
	install -m "$1" "$2" "$dest$3.new"
	mv -f "$dest$3.new" "$dest$3"
}

# also FILE NAME: NAME, in the same directory, is FILE too.
also() {
	note "${1%/*}/$2"
	ln -sf "${1##*/}" "$dest${1%/*}/$2"
}

# bash and fish look for a file of the command's name.
completions() {
	bash=$share/bash-completion/completions
	fish=$share/fish/vendor_completions.d
	put 644 "$completions"/bk.bash "$bash/bk"
	put 644 "$completions"/bk.fish "$fish/bk.fish"
	for tool; do
		also "$bash/bk" "${tool##*/}"
		also "$fish/bk.fish" "${tool##*/}.fish"
	done
	put 644 "$completions"/_bk "$share/zsh/site-functions/_bk"
}

contrib() {
	find contrib -type f ! -name install-deps.sh ! -path 'contrib/jobs/*' |
	    while read -r file; do
		mode=644
		[ ! -x "$file" ] || mode=755
		put $mode "$file" "$share/bk/$file"
	done
}

install_all() {
	may "$bin"
	may "$share"
	may "$man"
	install -d -m 755 "$dest/"
	into "$share/bk"
	note
	chmod 644 "$list"
	for tool; do
		put 755 "$tool" "$bin/${tool##*/}"
	done
	for page in man/*.[1-8]; do
		put 644 "$page" "$man/man${page##*.}/${page##*/}"
	done
	completions "$@"
	for job in contrib/jobs/*; do
		put 644 "$job" "$share/bk/${job#contrib/}"
	done
	contrib
}

uninstall_all() {
	[ -e "$list" ] || die "$list: not there; was bk installed there?"
	grep -v '/$' "$list" | while read -r file; do
		printf '%s\0' "$dest$file"
	done | xargs -0 rm -f
	# one that is in another goes before it
	dirs=$(grep '/$' "$list" | LC_ALL=C sort -ru)
	rm "$list"
	printf '%s\n' "$dirs" | while read -r dir; do
		[ ! -d "$dest$dir" ] || rmdir "$dest$dir" 2>/dev/null ||
		    echo "$dest$dir is kept, as it is not empty"
	done
}

[ $# -ge 5 ] || { sed -n '2s/# /usage: /p' "$0" >&2; exit 2; }
mode=$1 dest=$2 bin=$3 share=$4 man=$5 made=
list=$dest$share/bk/installed
shift 5
case $mode in
install) completions=$1 && shift && install_all "$@" ;;
*) uninstall_all ;;
esac
