#!/bin/sh
# html.sh DIR: make html.  The pages in man/ as HTML, with an index made of the
# tools' list in bk(7) and a style sheet, by mandoc.  No link leads out of DIR.
set -eu

cd "$(dirname "$0")/.."
dir=${1:?usage: html.sh DIR}
rm -rf "$dir"
mkdir -p "$dir"

cat >"$dir/style.css" <<'CSS'
body { max-width: 46em; margin: 2em auto; padding: 0 1em; line-height: 1.45;
	font-family: sans-serif; color: #222; background: #fff; }
pre, code, .Li, .Fl, .Cm, .Nm { font-family: monospace; }
pre { background: #f3f3f3; padding: .6em 1em; overflow-x: auto; }
a { color: #0b5394; }
a.permalink { color: inherit; text-decoration: none; }
table.head, table.foot { width: 100%; color: #777; }
td.head-vol { text-align: center; }
td.head-rtitle, td.foot-os { text-align: right; }
td, dd { vertical-align: top; }
dt { margin-top: .5em; }
.Bl-compact > dt { margin-top: 0; }
CSS

for page in man/*.[1-8]; do
	name=${page##*/}
	# another program's page is not here: its name stays, without a link
	mandoc -Thtml -O style=style.css,man=%N.%S.html "$page" |
	    perl -0777 -pe 's{<a class="Xr" href="([^"#]*)"[^>]*>(.*?)</a>}
		{(my $p = $1) =~ s/\.html$//; -e "man/$p" ? $& : $2}ge;
		# mandoc writes a hyphen in a link to a section as another character
		my %id = map { (my $k = $_) =~ tr/-/_/; ($k, $_) } /id="([^"]*)"/g;
		s{href="#([^"]*)"}{(my $k = $1) =~ tr/-/_/;
		    q(href="#) . ($id{$k} || $1) . q(")}ge' \
		>"$dir/$name.html"
done

{
	cat <<-'HEAD'
	<!DOCTYPE html>
	<html lang="en">
	<head><meta charset="utf-8"><title>bk: the pages</title>
	<meta name="viewport" content="width=device-width, initial-scale=1">
	<link rel="stylesheet" href="style.css"></head>
	<body>
	<h1>bk</h1>
	<p>PostgreSQL backups that are proven to restore.</p>
	<ul>
	<li><a href="bk.7.html">bk(7)</a>: begin here</li>
	<li><a href="bk-recovery.7.html">bk-recovery(7)</a>: what to do when data is lost</li>
	<li><a href="bk-jobs.5.html">bk-jobs(5)</a>: the jobs that are ready to run</li>
	<li><a href="bk-formats.5.html">bk-formats(5)</a>: every byte that is written</li>
	<li><a href="bk-reliability.7.html">bk-reliability(7)</a>: what was tried, and how</li>
	</ul>
	HEAD
	perl -ne 'next unless /^\.Ss The tools/ .. /^All formats/;
	    s/&/&amp;/g; s/</&lt;/g;
	    if (/^(\w[\w ]*):$/) { print "<h2>$1</h2>\n<dl>\n" }
	    elsif (/^\.It Xr (\S+) (\d)/) {
		print "<dt><a href=\"$1.$2.html\">$1($2)</a></dt>\n<dd>" }
	    elsif (/^\.El/) { print "</dl>\n" }
	    elsif (/^\.Xr (\S+) (\d)/) { print "$1($2)\n" }
	    elsif (/^[^.]/ && !/^All/) { print }' man/bk.7
	echo '</body></html>'
} >"$dir/index.html"
