#!/usr/bin/env bats
# contrib/completions: what the tools take is completed, and nothing else.

load support/common

BASH_FILE=$TOP/contrib/completions/bk.bash

setup() {
	cd "$TOP"
	TOOLS=
	for source in bin/bk-*.c; do
		source=${source##*/}
		TOOLS+=" ${source%.c}"
	done
	# shellcheck disable=SC1090
	. "$BASH_FILE"
}

# complete_ WORD...: what is offered for the last one, one a line.
complete_() {
	local function
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	function=$(complete -p "${1##*/}" | sed 's/.*-F \([^ ]*\) .*/\1/')
	"$function" "$1" "${@: -1}" "${@: -2:1}"
	[ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
}

# options TOOL: the long options of its getopt_long table, but for those that
# are there to be refused.
options() {
	local file=bin/$1.c
	case $(cat "$file") in
	*'"filter.h"'*) file+=" bin/filter.c" ;;
	*'"pitr_options.h"'*) file+=" bin/pitr_options.c" ;;
	esac
	# shellcheck disable=SC2086	# several files
	cat $file | cc -E -P -D_POSIX_C_SOURCE=200809L -iquote bin -iquote lib \
	    -I"$(pg_config --includedir)" -include stddef.h -xc - |
	    perl -0ne 'while (/\{ "([a-z][a-z0-9-]*)",\s+[012],\s+([^}]*)\}/g) {
		print "--$1\n" unless $2 =~ /REFUSE/ }' | sort -u
}

@test "every long option of every tool is completed, and no other" {
	local tool
	for tool in $TOOLS; do
		options "$tool" >"$BATS_TEST_TMPDIR/options"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/options")" -ge 2 ]
		complete_ "$tool" -- | sort |
		    diff "$BATS_TEST_TMPDIR/options" - | sed -n "s/^[<>]/$tool &/p"
	done >"$BATS_TEST_TMPDIR/differ"
	diff "$BATS_TEST_TMPDIR/differ" /dev/null
}

@test "what is completed fits what was typed" {
	run -0 complete_ bk-s3put --stor
	[ "$output" = --storage-class ]
	run -0 complete_ /usr/local/bin/bk-gz --dec
	[ "$output" = --decompress ]
	run -0 complete_ bk-save --tier w
	[ "$output" = weekly ]
	run -0 complete_ bk-s3put --sse ''
	[ "$output" = $'s3\nkms' ]
	# a file's name is bash's to complete
	run -0 complete_ bk-age --receipts ./
	[ -z "$output" ]
	[[ $(complete -p bk-age) == *'-o default'* ]]
	run -0 complete_ bk-restore sh
	[ -z "$output" ]
}

@test "it is installed where bash-completion looks, for every tool" {
	local tool dir=$BATS_TEST_TMPDIR/to/usr/share/bash-completion/completions
	# -o all: what is tested, and not made anew
	env -u MAKEFLAGS make -s -o all B="${BK_BIN%/bin}" \
	    DESTDIR="$BATS_TEST_TMPDIR/to" PREFIX=/usr install
	for tool in $TOOLS; do
		cmp "$dir/$tool" "$BASH_FILE"
	done
}

@test "zsh completes by it" {
	cat >"$BATS_TEST_TMPDIR/script" <<-'END'
	autoload -U compinit && compinit -u -D
	autoload -U bashcompinit && bashcompinit
	. "$1"
	# what zsh would show is printed
	compadd() { print -r -- "$@"; }
	words=(bk-save --tier w) CURRENT=3
	_bash_complete -o default -F _bk
	words=(/usr/bin/bk-s3put --over) CURRENT=2
	_bash_complete -o default -F _bk
	END
	run -0 zsh -f "$BATS_TEST_TMPDIR/script" "$BASH_FILE"
	[[ $output == *weekly* ]]
	[[ $output == *--overwrite* ]]
}
