#!/usr/bin/env bats
# What the shells complete: what the tools take is completed, and nothing else.

load support/common

C=${BK_BIN%/bin}/completions

setup() {
	cd "$TOP"
	TOOLS=
	for source in bin/bk-*.c; do
		source=${source##*/}
		TOOLS+=" ${source%.c}"
	done
	# shellcheck disable=SC1091
	. "$C/bk.bash"
}

# complete_ WORD...: what bash is offered for the last one, one a line.
complete_() {
	local function
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	function=$(complete -p "${1##*/}" | sed 's/.*-F \([^ ]*\) .*/\1/')
	"$function" "$1" "${@: -1}" "${@: -2:1}"
	[ ${#COMPREPLY[@]} = 0 ] || printf '%s\n' "${COMPREPLY[@]}"
}

# fish_ LINE...: what fish offers for each line.
fish_() {
	printf '%s\n' "$@" | fish -N -c "source $C/bk.fish
	    while read -l line; complete -C \"\$line\"; end"
}

# zsh_ LINE PATTERN: what an interactive zsh shows after LINE and the Tab key.
zsh_() {
	cat >"$BATS_TEST_TMPDIR/script" <<-'END'
	zmodload zsh/zpty
	zpty z zsh -f -i
	zpty -w z "PS1=; fpath=($1 \$fpath); autoload -U compinit
	    compinit -u -D; setopt no_beep; echo read''y"
	zpty -r z out '*ready*'
	zpty -n -w z "$2"$'\t'
	zpty -r z out "*$3*"
	print -r -- "$out"
	END
	TERM=dumb timeout 300 zsh -f "$BATS_TEST_TMPDIR/script" "$C" "$@"
}

# options TOOL: the long options of its table.
options() {
	"$BK_BIN/$1" --help=table | sed 1d | cut -f 2 | sed -n 's/./--&/p' | sort
}

@test "bash and fish complete every option of every tool, and no other" {
	local tool
	for tool in $TOOLS; do
		options "$tool" >"$BATS_TEST_TMPDIR/options"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/options")" -ge 2 ]
		complete_ "$tool" -- | sort |
		    diff "$BATS_TEST_TMPDIR/options" - | sed -n "s/^[<>]/bash $tool &/p"
		fish_ "$tool --" | cut -f 1 | sed '/=$/d' | sort |
		    diff "$BATS_TEST_TMPDIR/options" - | sed -n "s/^[<>]/fish $tool &/p"
	done >"$BATS_TEST_TMPDIR/differ"
	diff "$BATS_TEST_TMPDIR/differ" /dev/null
}

@test "bash: what is completed fits what was typed" {
	run -0 complete_ bk-s3put --stor
	[ "$output" = --storage-class ]
	run -0 complete_ /usr/local/bin/bk-gz --dec
	[ "$output" = --decompress ]
	run -0 complete_ bk-save --tier w
	[ "$output" = weekly ]
	run -0 complete_ bk-save --tier = w
	[ "$output" = weekly ]
	run -0 complete_ bk-dump --lock =
	[ "$output" = $'fail\nwait' ]
	run -0 complete_ bk-base -c ''
	[ "$output" = $'fast\nspread' ]
	# a file's name is bash's to complete
	run -0 complete_ bk-age --receipts ./
	[ -z "$output" ]
	[[ $(complete -p bk-age) == *'-o default'* ]]
	run -0 complete_ bk-restore sh
	[ -z "$output" ]
}

@test "fish: what is completed fits what was typed" {
	run -0 fish_ 'bk-gz --dec' 'bk-save --tier w' 'bk-base -c f' \
	    'bk-dump --lock=w' 'bk-prune --keep-w' 'bk-seal bats-no-such' \
	    'bk-crypt -i t/compl' 'bk-age --receipts build-aux/deb' 'bk-gz t/compl'
	diff - <(printf '%s\n' "$output") <<-'END'
	--decompress	decompress
	weekly	the name for {tier} (daily)
	fast	at once, or without a burst of I/O (default)
	--lock=wait	exit 5 (or wait) if another --lock dump is running
	--keep-weekly	keep the newest of each of N weeks
	--keep-within	keep all within TIME of the newest: 7d
	t/completions.bats
	build-aux/debian/	Directory
	END
}

@test "zsh: what is completed fits what was typed" {
	zsh -n "$C/_bk"
	zsh_ 'bk-gz --dec' decompress
	zsh_ '/usr/bin/bk-save --tier w' weekly
	zsh_ 'bk-dump --lock=w' wait
	zsh_ 'bk-prune --keep-y' keep-yearly
	zsh_ 'bk-prune --' 'never delete the backups named in FILE'
	zsh_ 'bk-crypt -i t/compl' completions.bats
	zsh_ 'bk-seal gre' grep
}

@test "they are installed where the shells look, for every tool" {
	local tool share=$BATS_TEST_TMPDIR/to/usr/share
	# -o all: what is tested, and not made anew
	env -u MAKEFLAGS make -s -o all B="${BK_BIN%/bin}" \
	    DESTDIR="$BATS_TEST_TMPDIR/to" PREFIX=/usr install
	for tool in $TOOLS; do
		cmp "$share/bash-completion/completions/$tool" "$C/bk.bash"
		cmp "$share/fish/vendor_completions.d/$tool.fish" "$C/bk.fish"
		head -n 1 "$share/zsh/site-functions/_bk" | grep -qw -- "$tool"
	done
	cmp "$share/zsh/site-functions/_bk" "$C/_bk"
}
