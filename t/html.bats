#!/usr/bin/env bats
# make html: every page is there, and every link leads to something.
load support/common

setup_file() {
	command -v mandoc >/dev/null || skip "mandoc is not installed"
	"$TOP/build-aux/html.sh" "$BATS_FILE_TMPDIR/html"
}

@test "every page, and each tool in the index" {
	local page
	cd "$BATS_FILE_TMPDIR/html"
	for page in "$TOP"/man/*.[1-8]; do
		page=${page##*/}.html
		grep -q '<h1 class="Sh" id="NAME">\|id="NAME"' "$page" || echo "$page"
		grep -q "href=\"$page\"" index.html || echo "index.html: $page"
	done >"$BATS_TEST_TMPDIR/not"
	diff "$BATS_TEST_TMPDIR/not" /dev/null
}

@test "links lead to a file, and to a place in it" {
	cd "$BATS_FILE_TMPDIR/html"
	perl -0777 -ne '
	    my $from = $ARGV;
	    while (/href="([^"]*)"/g) {
		my ($file, $id) = $1 =~ /^([^#]*)#?(.*)/;
		$n++;
		$file = $from if $file eq "";
		next if $file =~ /^https:/;
		if (!-e $file) { print "$from: $1\n"; next }
		next if $id eq "";
		open my $in, "<", $file or die;
		my $text = do { local $/; <$in> };
		print "$from: $file#$id\n" if $text !~ /id="\Q$id\E"/;
	    }
	    END { print "no links\n" if $n < 500 }' *.html >"$BATS_TEST_TMPDIR/not"
	diff "$BATS_TEST_TMPDIR/not" /dev/null
}
