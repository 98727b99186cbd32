#!/usr/bin/env bats
# The house rules that a machine can check, for every tool and every file.

load support/common

setup_file() {
	local source
	TOOLS=
	for source in "$TOP"/bin/bk-*.c; do
		source=${source##*/}
		TOOLS+=" ${source%.c}"
	done
	LIB=${BK_BIN%/bin}/libbk.a
	export TOOLS LIB
}

setup() {
	cd "$TOP"
}

# seek: grep, to which finding nothing is as good as finding something.
seek() {
	grep "$@" || [ $? = 1 ]
}

# none: succeed if standard input is empty, else show it and fail.
none() {
	local found
	found=$(cat)
	[ -z "$found" ] || { printf '%s\n' "$found" | head -n 20 >&2; return 1; }
}


@test "every tool is built" {
	local tool
	for tool in $TOOLS; do
		[ -x "$BK_BIN/$tool" ] || echo "$tool"
	done | none
}

# --- the library

@test "the library exports bk_ names only" {
	nm -g --defined-only "$LIB" |
	    awk 'NF == 3 && $3 !~ /^(bk_|__)/ { print $3 }' | none
}

@test "the library never prints, exits or reads the environment" {
	nm -A -u "$LIB" | awk '{ print $1, $NF }' | sed 's/@.*//' |
	    seek -E ' (__)?(v?f?printf|puts|fputs|putchar|perror|stderr|stdout|exit|abort|(secure_)?getenv|environ|warnx?|errx?|syslog)(_chk)?$' |
	    none
}

@test "nothing calls what cannot be called safely" {
	nm -A -u "$LIB" "${LIB%/*}"/obj/bin/{,tool/}*.o | awk '{ print $1, $NF }' |
	    sed 's/@.*//' |
	    seek -E ' (__)?(st[rp]cpy|strcat|v?sprintf|gets|ato[ilf]|atoll|strtok|tmpnam|mktemp|system)(_chk)?$' |
	    none
}

@test "every statement goes by pg/sql.c, which shows it to BK_DEBUG" {
	nm -A -u "$LIB" "${LIB%/*}"/obj/bin/{,tool/}*.o | awk '{ print $1, $NF }' |
	    seek -E ' PQ(exec|execParams|prepare|execPrepared|send[A-Z].*|getResult)$' |
	    seek -v ':sql.o:' | none
}

# edges ROOM: the rooms whose headers the files of ROOM may include, besides its
# own, by the table in lib/README.
edges() {
	awk -F '  +' -v room="$1" '/^room  / { table = 1 } /^$/ { table = 0 }
	    table && $1 == room { print $2; found = 1 } END { exit !found }' \
	    lib/README
}

# included FILE...: each file, and what it includes of ours.
included() {
	awk -F '"' '/^#[ \t]*include "/ { print FILENAME, $2 }' "$@"
}

@test "a room of lib includes itself and the rooms that it may" {
	local room file name may
	for room in lib/*/; do
		room=${room#lib/} room=${room%/}
		may="$room $(edges "$room")"
		included lib/"$room"/*.[ch] | awk -v may="$may" '
		    BEGIN { for (i = split(may, r, " "); i > 0; i--) ok[r[i]] = 1 }
		    { split($2, path, "/") }
		    !(path[1] in ok) || (getline line <("lib/" $2)) == -1 {
			print $1, "includes", $2
		    }
		    { close("lib/" $2) }'
	done | none
}

# A module is a header, the source of its name and the header NAME_in.h that
# its sources share.
@test "no circle of modules" {
	included lib/*/*.[ch] bin/{,tool/}*.[ch] | awk '
	    function module(name) {
		sub(/\.[ch]$/, "", name)
		sub(/_in$/, "", name)
		return name
	    }
	    {
		room = $1
		sub(/[^\/]*$/, "", room)
		here = module($1)
		if ($2 ~ "/")
			room = index($2, "tool/") == 1 ? "bin/" : "lib/"
		there = module(room $2)
		if (here != there)
			print here, there
	    }' | sort -u >"$BATS_TEST_TMPDIR/edges"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/edges")" -gt 300 ]
	tsort "$BATS_TEST_TMPDIR/edges" 2>&1 >/dev/null | none
}

# Those of one module, too: which object uses what another one defines.
@test "no circle of sources in the library" {
	nm -A "$LIB" | awk '
	    {
		object = $1
		sub(/^[^:]*:/, "", object)
		sub(/:.*/, "", object)
	    }
	    $(NF - 1) ~ /^[TDBR]$/ { defines[$NF] = object }
	    $(NF - 1) == "U" { uses[object " " $NF] }
	    END {
		for (u in uses) {
			split(u, of)
			if (of[2] in defines && defines[of[2]] != of[1])
				print of[1], defines[of[2]]
		}
	    }' | sort -u >"$BATS_TEST_TMPDIR/uses"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/uses")" -gt 900 ]
	tsort "$BATS_TEST_TMPDIR/uses" 2>&1 >/dev/null | none
}

@test "a file's base name, a type and a constant mean one thing in the tree" {
	printf '%s\n' lib/*/*.[ch] bin/{,tool/}*.[ch] | sed 's|.*/||' | sort | uniq -d |
	    none
	cat lib/*/*.h | sed -n 's/^\(struct\|enum\) \(bk_[a-z0-9_]*\) {.*/\2/p' |
	    sort | uniq -d | none
}

@test "what a stream begins with is written in stream/heads.h alone" {
	grep -nE '"(PGDMP|ustar|comment=|-- bk-dump |bk-crypt/|age-encryption|-----BEGIN AGE|\\x1f)|0x(1f, |8b\>|184D)' \
	    lib/*/*.[ch] bin/{,tool/}*.[ch] |
	    seek -vE '^lib/stream/heads\.h:|^[^:]*:[0-9]*:/? ?\*' | none
}

# Server versions, magics of WAL pages, comparisons with a number.
@test "what a major of PostgreSQL has is written in base/majors.h alone" {
	grep -nE '\<1[1-9]0000\>|\<0x[dD]1[0-9a-fA-F]{2}\>|(major|minor|server|[vV]ersion)(\([^)]*\)+)? *[<>=!]=? *1[0-9]\>|\(pg_dump [0-9]' \
	    lib/*/*.[ch] bin/{,tool/}*.[ch] |
	    seek -vE '^lib/base/majors\.h:|^[^:]*:[0-9]*:[ \t]*(/\*|\*| \*)' | none
}

@test "pages and README name the majors that base/majors.h has" {
	local majors file text
	read -ra majors <<<"$(build-aux/majors.sh)"
	[ "${#majors[@]}" -ge 10 ]
	while read -r file text; do
		grep -qF "$text" "$file" || echo "$file: not \"$text\""
	done <<-END | none
	README.md PostgreSQL ${majors[0]} to ${majors[-1]} on Linux
	NEWS PostgreSQL ${majors[0]} to ${majors[-1]}.
	man/bk.7 servers ${majors[0]} to ${majors[-1]}
	man/bk.7 servers 13 to ${majors[-1]}; increments from 17
	man/bk.7 which is ${majors[-1]}.
	man/bk.7 .Ql younger than ${majors[-1]}, the newest
	man/bk-base.1 servers 13 to ${majors[-1]},
	man/bk-walput.1 of PostgreSQL 13 to ${majors[-1]}.
	man/bk-walget.1 of PostgreSQL 13 to ${majors[-1]}.
	man/bk-formats.5 to ${majors[-1]} ,
	END
}

@test "the newest major that base/majors.h has is tried by the tests of versions" {
	local newest file
	newest=$(build-aux/majors.sh | sed 's/.* //')
	for file in restore dump base walrecv; do
		grep -q "^@test \"PostgreSQL $newest\>" "t/${file}_versions.bats" ||
		    echo "t/${file}_versions.bats: not $newest"
	done | none
}

@test "rooms, not halls: 60 files a folder, a room 22 % of the lines" {
	local dir all
	all=$(cat lib/*/*.[ch] | wc -l)
	for dir in lib/*/ bin/ bin/tool/; do
		[ "$(find "$dir" -maxdepth 1 -type f | wc -l)" -le 60 ] ||
		    echo "$dir: files"
		awk -v all="$all" -v dir="$dir" \
		    'END { if (NR > all * .22) print dir, NR }' "$dir"*.[ch]
	done | none
}

# rows: each tool, and the libraries of its row in the Makefile.
rows() {
	# shellcheck disable=SC2016	# make's variables
	make -s --no-print-directory --eval \
	    'rows: ; @:$(foreach t,$(notdir $(TOOLS)),$(info $t $(call libraries,$t)))' \
	    rows
}

@test "a tool links the libraries of its row, and no other" {
	local tool row
	if sanitized; then skip "a build with sanitizers links more"; fi
	[ "$(rows | wc -l)" -eq "$(wc -w <<<"$TOOLS")" ]
	while read -r tool row; do
		tr ' ' '\n' <<<"$row" | sed -n 's/^-l/lib/p' |
		    sort -u >"$BATS_TEST_TMPDIR/row"
		readelf -d "$BK_BIN/$tool" |
		    sed -n 's/.*NEEDED.*\[\(.*\)\.so.*\]/\1/p' |
		    seek -Ev '^(libc|libm|libpthread|ld-linux.*)$' |
		    sed 's/^libcurl-gnutls$/libcurl/' |
		    sort -u >"$BATS_TEST_TMPDIR/linked"
		diff "$BATS_TEST_TMPDIR/row" "$BATS_TEST_TMPDIR/linked" |
		    sed -n "s/^< /$tool does not link /p; s/^> /$tool links /p"
	done < <(rows) | none
}

@test "a file has at most 600 lines, a main() 120" {
	wc -l bin/{,tool/}*.[ch] lib/*/*.[ch] |
	    awk '$2 != "total" && $1 > 600 { print $2, $1 }' | none
	awk '/^main\(/ { f = FNR } f && /^}/ { if (FNR - f > 120)
	    print FILENAME, FNR - f; f = 0 }' bin/bk-*.c | none
}

# Lines of help texts, which begin with their quote, are measured as printed.
@test "lines have at most 80 columns, tabs counted as 8" {
	LC_ALL=C.UTF-8 perl -CSD -ne '1 while s/\t/" " x (8 - $-[0] % 8)/e;
	    print "$ARGV:$.\n" if length > 81 && !/^"/; close ARGV if eof' \
	    bin/{,tool/}*.[ch] lib/*/*.[ch] t/unit/*.[ch] t/bench/*.c t/fuzz/*.[ch] \
	    t/fuzz/*/*.[ch] t/support/*.c | none
}

@test "nothing is left to be done in the code" {
	seek -nwE 'TODO|FIXME|XXX' -r bin lib contrib | none
}

# --- what every tool does

@test "--help is a screen that begins with an example, an option a line" {
	local tool
	for tool in $TOOLS; do
		run -0 --separate-stderr "$tool" --help
		[ -z "$stderr" ]
		[[ $output == "Example: "* ]] || echo "$tool: no example" >&2
		[[ $output == "Example: "* ]]
		[ "$(wc -l <<<"$output")" -le 40 ]
		[ "$(grep -cE '^  --?[A-Za-z0-9]' <<<"$output")" = "$("$tool" \
		    --help=table | awk -F '\t' 'NR > 1 && $5 != ""' | wc -l)" ]
		printf '%s\n' "$output" | sed "s/^/$tool: /" |
		    awk -v n=$((82 + ${#tool})) 'length($0) > n' | none
	done
}

@test "--version is the tool's name and the version" {
	local tool version
	version=$(sed -n 's/.*BK_VERSION "\(.*\)"/\1/p' lib/base/version.h)
	for tool in $TOOLS; do
		run -0 "$tool" --version
		[ "$output" = "$tool $version" ]
	done
}

@test "a wrong option is 2, with a usage line" {
	local tool status
	for tool in $TOOLS; do
		status=2
		# 2 is CRITICAL to a monitor
		[ "$tool" != bk-age ] || status=3
		# all below 126 end recovery
		[ "$tool" != bk-walget ] || status=255
		run -$status --separate-stderr "$tool" --no-such-option </dev/null
		[ -z "$output" ] || [ "$tool" = bk-age ]
		[[ ${stderr_lines[-1]} == "usage: $tool "* ]]
		[ "${#stderr_lines[@]}" -le 2 ]
	done
}

@test "a wrong option is named, with what is wrong with it" {
	local call cause
	while IFS=: read -r call cause; do
		# shellcheck disable=SC2086	# a command line
		run -2 --separate-stderr "$BK_BIN"/$call </dev/null
		[ "${stderr_lines[0]}" = "${call%% *}: $cause" ]
	done <<-'END'
	bk-gz --no-such=secret:--no-such: no such option; see --help
	bk-gz --seal -xd:-x: no such option; see --help
	bk-gz --se:--se: ambiguous option; see --help
	bk-gz --decompress=1:--decompress: takes no argument
	bk-gz -dj:-j: needs an argument: N
	bk-pitr --wal x --spool:--spool: needs an argument: DIR
	bk-dump --filter:--filter: needs an argument: FILE
	bk-walput -z:-z: no such option; see --help
	bk-gz --help=me:--help: takes no argument
	END
	# a line, however long the name is, and whatever it ends with
	run -2 --separate-stderr bk-gz "$(printf '%03000d' 0)"
	[ "${#stderr_lines[0]}" = 2046 ]
	[[ ${stderr_lines[1]} == "usage: "* ]]
	run -2 --separate-stderr bk-gz $'in\n\n'
	[[ ${stderr_lines[0]} == *"; use < in" && ${stderr_lines[1]} == "usage: "* ]]
}

# guarded PID TOOL: what /proc shows of a process of the user TOOL runs as is
# root's, so that nobody may look into it.
guarded() {
	[ "$(cat "/proc/$1/comm")" = "$2" ] &&
	    [ "$(stat -c %u "/proc/$1/environ")" = 0 ] &&
	    grep -q '^Uid:.[1-9]' "/proc/$1/status"
}

@test "nobody looks into a tool that may hold a key" {
	local tool as=()
	[ "$(uname)" = Linux ] || skip "of Linux"
	if sanitized; then skip "a leak check has to look"; fi
	[ "$(id -u)" != 0 ] ||
	    as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
	mkfifo "$BATS_TEST_TMPDIR/in"
	while read -r tool; do
		# shellcheck disable=SC2086	# a command line
		AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=b AWS_REGION=c \
		    AWS_ENDPOINT_URL=http://127.0.0.1:9 "${as[@]}" "$BK_BIN"/$tool <"$BATS_TEST_TMPDIR/in" \
		    >/dev/null 2>&1 3>&- 4>&- &
		exec 8>"$BATS_TEST_TMPDIR/in"
		await guarded $! "${tool%% *}"
		exec 8>&-
		wait $! || :
	done <<-'TOOLS'
	bk-verify
	bk-prune -d 1
	bk-s3rm
	bk-gz
	bk-seal cat
	TOOLS
}

@test "a full disk is 1, even for --help and --version" {
	local tool
	for tool in $TOOLS; do
		run -1 --separate-stderr sh -c "$tool --help >/dev/full"
		one_line_error "$tool"
		run -1 --separate-stderr sh -c "$tool --version >/dev/full"
		one_line_error "$tool"
	done
}

@test "a filter on a full disk is 1, with one line that names it" {
	local tool
	cd "$BATS_TEST_TMPDIR"
	head -c 300000 /dev/urandom >in
	for tool in $TOOLS; do
		case $tool in
		bk-gz | bk-zst) set -- "$tool" ;;
		bk-crypt) bk-keygen -o key && set -- "$tool" -r "$(bk-keygen -y key)" ;;
		bk-keygen) set -- "$tool" ;;
		bk-seal) set -- bk-seal cat in ;;
		*) continue ;;
		esac
		run -1 --separate-stderr sh -c '"$@" <in >/dev/full' sh "$@"
		[[ $stderr == "$tool: "*"No space left on device"* ]]
		one_line_error "$tool"
	done
}

@test "a limit on the size of files is 1, with one line that names it" {
	local tool
	cd "$BATS_TEST_TMPDIR"
	head -c 300000 /dev/urandom >in
	bk-keygen -o key
	for tool in bk-gz bk-zst "bk-crypt -r $(bk-keygen -y key)" 'bk-seal cat in'; do
		run -1 --separate-stderr bash -c "ulimit -f 8; $tool <in >out"
		[[ $stderr == *"File too large"* ]]
		one_line_error "${tool%% *}"
	done
	run -1 bash -c 'set -o pipefail; { ulimit -f 0; bk-keygen -o key2; } 2>&1 | cat'
	[[ $output == *"File too large"* ]]
	[ ! -e key2 ]
}

@test "a closed descriptor is not taken by the next file that is opened" {
	cd "$BATS_TEST_TMPDIR"
	head -c 300000 /dev/urandom >in
	bk-keygen -o key
	bk-crypt -r "$(bk-keygen -y key)" <in >in.bk
	# what is opened as 2 would get the message, as 1 the output
	BK_AUDIT_LOG=log run -1 bash -c 'bk-gz <in >/dev/full 2>&-'
	[ "$(wc -l <log)" = 1 ]
	run -1 bash -c 'bk-crypt -d -i key <in.bk >&-'
	run -1 bash -c 'bk-seal cat in <&- >&-'
	[[ $output == "bk-seal: standard output: write: Bad file descriptor" ]]
	run -1 bash -c 'bk-gz <&- >out'
	[[ $output == "bk-gz: standard input: read: Bad file descriptor" ]]
}

@test "a filter whose reader leaves says nothing" {
	local tool
	cd "$BATS_TEST_TMPDIR"
	head -c 3000000 /dev/urandom >in
	for tool in $TOOLS; do
		case $tool in
		bk-gz | bk-zst) set -- "$tool" ;;
		bk-crypt) bk-keygen -o key && set -- "$tool" -r "$(bk-keygen -y key)" ;;
		bk-seal) set -- bk-seal cat in ;;
		*) continue ;;
		esac
		run -0 --separate-stderr bash -c '"$@" <in | head -c 9 >out
		    echo "${PIPESTATUS[0]}"' sh "$@"
		[ "$output" = 1 ]
		[ -z "$stderr" ]
	done
}

# --- pages

@test "every tool has a page with its exit statuses and examples" {
	local tool section status
	for tool in $TOOLS; do
		[ -f "man/$tool.1" ] || { echo "no man/$tool.1"; continue; }
		for section in SYNOPSIS DESCRIPTION 'EXIT STATUS' EXAMPLES 'SEE ALSO'; do
			grep -qx "\\.Sh $section" "man/$tool.1" ||
			    echo "man/$tool.1: no $section"
		done
		for status in 0 1 2; do
			sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/p' "man/$tool.1" |
			    grep -q "^\\.It $status" ||
			    echo "man/$tool.1: nothing about exit status $status"
		done
	done | none
}

# options: the options in standard input, one a line, short ones unbundled.
options() {
	seek -oE -- '(^|[^A-Za-z0-9-])--?[A-Za-z0-9][A-Za-z0-9-]*' | seek -oE -- '-.*' |
	    while read -r option; do
		case $option in
		--*) echo "$option" ;;
		*) fold -w 1 <<<"${option#-}" | sed 's/^/-/' ;;
		esac
	done | sort -u
}

@test "the page has the options of the table, with their arguments, and no other" {
	local tool
	for tool in $TOOLS; do
		"$tool" --help=table |
		    perl t/support/page-options.pl "man/$tool.1"
	done | none
}

# The variables that a page names as ENVIRONMENT.
page_variables() {
	sed -n '/^\.Sh ENVIRONMENT/,/^\.Sh [^E]/p' "man/$1.1" | grep '^\.It Ev' |
	    grep -oE '[A-Za-z][A-Za-z0-9_]*_[A-Za-z0-9_]+|PG[A-Z]+|DATABASE_URL' || :
}

@test "a tool takes from BK_SETTINGS what its page names, and its code reads" {
	local tool name row
	for tool in $TOOLS; do
		row=" $("$tool" --help=settings) "
		# neither settings nor for a file
		row+='BK_STATUS_FD BK_WAL_NAME TZDIR TMPDIR '
		# of the bk-s3ls that it runs
		[ "$tool" != bk-age ] || row+='AWS_ACCESS_KEY_ID '
		for name in $(page_variables "$tool") \
		    $(grep -ohE '(tool_env|tool_env_demand|getenv)\("[A-Za-z_]+"' \
		    "bin/$tool.c" | cut -d '"' -f 2); do
			[[ $row == *" $name "* || $name == AWS_* && $row == *' AWS_* '* ||
			    $name == PG* && $row == *' PG* '* ]] ||
			    echo "$tool: $name is not in its row"
		done
		for name in $(grep -oE '\<BK_[A-Z_]+' <<<"$row"); do
			case $name in BK_DEBUG|BK_NO_SANDBOX|BK_STATUS_FD|BK_WAL_NAME) continue ;; esac
			grep -q "$name" "man/$tool.1" || echo "man/$tool.1: no $name"
		done
	done | none
}

@test "the page's SYNOPSIS has what the usage line has" {
	local tool
	cd "$BATS_TEST_TMPDIR"
	for tool in $TOOLS; do
		"$tool" --no-such-option 2>&1 </dev/null | grep ^usage: |
		    options >usage || :
		mandoc -Tascii "$TOP/man/$tool.1" | col -b |
		    sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | sed "s/$tool//g" |
		    options >synopsis
		comm -23 usage synopsis | sed "s/^/$tool: not in SYNOPSIS: /"
	done | none
}

@test "pages know each other: SEE ALSO goes both ways, bk.7 has every tool" {
	local page tool
	cd man
	for page in *.[1-8]; do
		sed -n '/^\.Sh SEE ALSO/,/^\.Sh [^S]/s/^\.Xr \(bk[^ ]*\) \([1-8]\).*/\1.\2/p' \
		    "$page" | sed "s/.*/$page &/"
	done | seek -v ' bk\.7$' | sort >"$BATS_TEST_TMPDIR/there"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/there")" -gt 60 ]
	# every page names bk.7, and it names them in its text
	seek -v '^bk\.7 ' "$BATS_TEST_TMPDIR/there" | awk '{ print $2, $1 }' |
	    sort | comm -23 - "$BATS_TEST_TMPDIR/there" | none
	for tool in $TOOLS; do
		grep -q "^\.It Xr $tool 1\$" bk.7 || echo "bk.7 lacks $tool"
		[ -n "$(sed -n '/^\.Sh SEE ALSO/,${/^\.Xr bk 7/p;}' "$tool.1")" ] ||
		    echo "$tool.1 lacks bk(7)"
	done | none
}

# The list of bk(7) is the one that counts.
@test "the README's table is the list of bk(7): tools, groups and order" {
	sed -n '/^\.Ss The tools/,/^All formats/p' man/bk.7 |
	    sed -n 's/^\(.*\):$/\L\1/p; s/^\.It Xr \(bk-[^ ]*\) 1$/\1/p' \
	    >"$BATS_TEST_TMPDIR/list"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/list")" = $(($(wc -w <<<"$TOOLS") + 6)) ]
	sed -n '/^## The tools/,/^## [^T]/p' README.md | grep '^|' | cut -d '|' -f 2 |
	    seek -oE '\*\*[a-z ]+\*\*|bk-[a-z0-9]+' | tr -d '*' |
	    diff "$BATS_TEST_TMPDIR/list" -
}

@test "the news name every tool" {
	local tool
	for tool in $TOOLS; do
		grep -qE "^\\* .*\<$tool\>" NEWS || echo "NEWS: $tool"
	done | none
}

# --- words

# prose: the files whose comments, messages and text people read.
prose() {
	printf '%s\n' bin/{,tool/}*.[ch] lib/*/*.[ch] lib/README man/*.[1-8] *.md \
	    NEWS Makefile build-aux/* contrib/* contrib/*/* |
	    seek -vE '\.(png|py)$' | while read -r file; do
		[ ! -f "$file" ] || echo "$file"
	done
}

# Many of those who read us learned English as a second language.  Before the
# tab is the word, which may be part of a name in C, after it what they know.
@test "plain words: each of these has a better one" {
	cat >"$BATS_TEST_TMPDIR/words" <<-'WORDS'
	all there is	all that is left, all of it
	anew	again, new
	behind	after, past; for a replica: lags by
	beside	next to, with, in the directory of
	besides	other than, in addition to
	cannot be told	is not known
	can be told	is known
	for good	permanently, for ever
	hence	so
	henceforth	from then on
	in vain	for nothing, without success
	is no good	cannot be used
	lest	so that ... not
	of itself	on its own, by itself
	once more	again
	shall	must, will
	that which	the one that, what
	thereby	by that, which
	till	until
	whatever	any, no matter what, however
	whereby	by which
	whichever	any, the one that
	whoever	anyone who, the user that
	WORDS
	grep -qP '^behind\t' "$BATS_TEST_TMPDIR/words"
	prose >"$BATS_TEST_TMPDIR/files"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/files")" -gt 600 ]
	perl -e '
	    open my $list, "<", shift or die; my %better = map { chomp; split /\t/ } <$list>;
	    my $any = join "|", sort { length $b <=> length $a } keys %better;
	    for my $file (map { chomp; $_ } <STDIN>) {
		open my $text, "<", $file or die "$file: $!";
		while (<$text>) {
		    while (/(?<![a-z])($any)(?![a-z])/gi) {
			my $word = lc $1;
			print "$file:$.: \"$word\"; better: $better{$word}\n";
		    }
		}
	    }' "$BATS_TEST_TMPDIR/words" <"$BATS_TEST_TMPDIR/files" | none
}

# --- the tree

@test "no word of a mark stands whole in any tracked file" {
	git rev-parse --git-dir >/dev/null 2>&1 || skip "no git checkout"
	git grep -lF -e "$(opening_word)" -e "$(closing_word)" >"$BATS_TEST_TMPDIR/found" ||
	    [ $? = 1 ]
	none <"$BATS_TEST_TMPDIR/found"
}

@test "nothing that was made is tracked" {
	git rev-parse --git-dir >/dev/null 2>&1 || skip "no git checkout"
	git ls-files --cached --ignored --exclude-standard | none
	git ls-files | seek -E '\.([oadt]|so|pyc|log)$' | none
}

@test "tests can fail, and wait for a condition instead of guessing" {
	seek -nE '^[[:space:]]*! ' t/*.bats | none
	seek -nE '\|\| true' t/*.bats | none
	seek -nE '^[[:space:]]*sleep [0-9]' t/*.bats t/support/*.bash | none
	find t -name '*.bats' ! -perm -111 | none
}

@test "every tool is run by a bats file" {
	local tool
	for tool in $TOOLS; do
		grep -lw -- "$tool" t/*.bats | seek -v house.bats | grep -q . ||
		    echo "$tool"
	done | none
}
