#!/usr/bin/env bats
# make install, make uninstall.

load support/common

setup() {
	umask 022
	cd "$BATS_TEST_TMPDIR"
	to="$PWD/a root"
}

# mk TARGET...: what is tested is installed, and not made anew.
mk() {
	env -u MAKEFLAGS make -s -C "$TOP" -o all B="${BK_BIN%/bin}" \
	    DESTDIR="$to" PREFIX=/usr/local "$@"
}

# tree: all that there is, what it is, and its mode.
tree() {
	find "$to" -printf '%P %y %m %l\n' | sort
}

@test "tools, pages, completions and contrib are installed, for everybody" {
	local file
	umask 077
	mk install
	run -0 env PATH="$to/usr/local/bin:$PATH" bk-age --version
	[[ $output == 'bk-age '* ]]
	for file in "$TOP"/bin/bk-*.c; do
		file=${file##*/} file=${file%.c}
		[ -x "$to/usr/local/bin/$file" ]
		cmp "$to/usr/local/share/man/man1/$file.1" "$TOP/man/$file.1"
	done
	cmp "$to/usr/local/share/man/man7/bk-recovery.7" "$TOP/man/bk-recovery.7"
	diff -r -x install-deps.sh "$TOP/contrib" "$to/usr/local/share/bk/contrib"
	# what runs can be run, what does not cannot; nobody's umask shows
	[ -x "$to/usr/local/share/bk/contrib/nagios/check_bk" ]
	tree | grep -v ' l 777 ' | grep -vE ' (d|f) (755|644)( |$)' >odd || [ $? = 1 ]
	diff odd /dev/null
	[ ! -x "$to/usr/local/share/bk/contrib/crontab/bk" ]
}

@test "uninstall leaves nothing, but for what is not ours" {
	mkdir -p "$to/usr/local/share/man/man1" "$to/usr/local/sbin"
	echo theirs >"$to/usr/local/share/man/man1/bk-other.1"
	tree >before
	mk install
	mk install			# twice is as good as once
	# what came later stays, and the directory that it is in
	echo mine >"$to/usr/local/share/bk/contrib/systemd/mine.service"
	echo mine >"$to/usr/local/bin/bk-mine"
	run -0 mk uninstall
	[[ $output == *"/share/bk/contrib/systemd/ is kept, as it is not empty"* ]]
	find "$to" -type f -printf '%f\n' | sort >left
	printf '%s\n' bk-mine bk-other.1 mine.service | diff left -
	rm "$to/usr/local/share/bk/contrib/systemd/mine.service" \
	    "$to/usr/local/bin/bk-mine"
	(cd "$to/usr/local" && rmdir bin share/bk/contrib/systemd \
	    share/bk/contrib share/bk)
	tree | diff before -
}

@test "an installation that broke off is taken away as well" {
	mkdir -p "$to/usr/local/share/man"
	# a file stands where a directory should
	echo theirs >"$to/usr/local/share/man/man7"
	run -2 mk install
	[ -x "$to/usr/local/bin/bk-age" ]
	mk uninstall
	[ "$(find "$to" -type f)" = "$to/usr/local/share/man/man7" ]
	# and what is not there is not taken away
	run -2 mk uninstall
	[[ $output == *"was bk installed there?"* ]]
}

@test "an older version's files go, too" {
	cp -R "$TOP/contrib" contrib
	mkdir -p man build-aux
	cp "$TOP"/man/bk*.[1-8] man
	touch bk-gone man/bk-gone.1
	sh "$TOP/build-aux/install.sh" install "$to" /usr/local "${BK_BIN%/bin}/completions" bk-gone
	[ -x "$to/usr/local/bin/bk-gone" ]
	mk install
	run -0 mk uninstall
	[ -z "$output" ]
	[ ! -e "$to/usr" ]
}
