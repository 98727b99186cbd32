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
	diff -r -x install-deps.sh -x jobs "$TOP/contrib" "$to/usr/local/share/bk/contrib"
	diff -r "$TOP/contrib/jobs" "$to/usr/local/share/bk/jobs"
	# what runs can be run, what does not cannot; nobody's umask shows
	[ -x "$to/usr/local/share/bk/contrib/nagios/check_bk" ]
	tree | grep -v ' l 777 ' | grep -vE ' (d|f) (755|644)( |$)' >odd || [ $? = 1 ]
	diff odd /dev/null
	[ ! -x "$to/usr/local/share/bk/contrib/crontab/bk" ]
}

@test "uninstall leaves nothing, but for what is not ours" {
	long
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

@test "BINDIR, DATADIR and MANDIR are heeded, to and fro" {
	local where
	where=(BINDIR=/opt/b DATADIR=/opt/d MANDIR="/opt/m n")
	mk install "${where[@]}"
	[ -x "$to/opt/b/bk-age" ]
	[ -e "$to/opt/m n/man1/bk-age.1" ]
	[ -e "$to/opt/d/bk/contrib/crontab/bk" ]
	[ -e "$to/opt/d/bash-completion/completions/bk" ]
	[ "$(ls "$to" "$to/opt" | paste -sd ' ')" = "$to: opt  $to/opt: b d m n" ]
	mk uninstall "${where[@]}"
	[ ! -e "$to/opt" ]
	run -2 mk install BINDIR=bin
	[[ $output == *'install.sh: bin: has to begin with /'* ]]
}

@test "who may not write there is told what to do" {
	[ "$(id -u)" = 0 ] || skip "nothing is root's here"
	mkdir -p "$to/usr/local/bin" home
	chmod 755 . "$to"
	cp -R "$TOP/build-aux" "$TOP/contrib" "$TOP/man" home
	touch home/bk-age
	cp -R "${BK_BIN%/bin}/completions" home
	chmod -R go+rX home
	cd home				# what is above may be root's alone
	run -1 as_nobody sh build-aux/install.sh install "../a root" \
	    /usr/local/{bin,share,share/man} completions bk-age
	[ "$output" = "install.sh: ../a root/usr/local/bin: we may not write there; \
as root, or with PREFIX=\$HOME/.local or DESTDIR=/another/root" ]
	[ "$(ls -A "$to/usr/local")" = bin ]
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
	sh "$TOP/build-aux/install.sh" install "$to" \
	    /usr/local/{bin,share,share/man} "${BK_BIN%/bin}/completions" bk-gone
	[ -x "$to/usr/local/bin/bk-gone" ]
	mk install
	run -0 mk uninstall
	[ -z "$output" ]
	[ ! -e "$to/usr" ]
}
