# What tests of bk-dump compare.  BIN: where the client programs are, else PATH.

# sql_of ARCHIVE...: pg_restore's script of it; the token of psql's \restrict
# is random.
sql_of() {
	"${BIN:+$BIN/}pg_restore" -f - "$@" | sed '/^\\\(un\)\?restrict /d'
}

# text DATABASE: pg_dump's text of it, lines sorted.
text() {
	"${BIN:+$BIN/}pg_dump" "$1" | sed '/^\\\(un\)\?restrict /d' | sort
}

# records ARCHIVE: the JSON of its proof records, one a line.
records() {
	grep -aoE '\{"bk":"([^{}]|\{[^}]*\})*\}' "$1"
}

# body ARCHIVE: its bytes, but what no two dumps share: the time in the header,
# mark and digest behind that, the manifest at the end.
body() {
	tail -c +100 "$1" | head -c -1200 |
	    LC_ALL=C sed -E 's/[0-9a-f]{96}\([^)]*\)/MARK/; s/ toc [0-9a-f]{32}//'
}
