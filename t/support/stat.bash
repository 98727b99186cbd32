# Sourced by the tests of bk-stat.

# plain: metrics without the labels server and via, which all have.
plain() {
	perl -pe 's/\{server="(?:[^"\\]|\\.)*",via="(?:[^"\\]|\\.)*"(,|\})/$1 eq "," ? "{" : ""/e'
}

sql() {
	psql -qXAt -v ON_ERROR_STOP=1 -c "$1" postgres
}

# sees FILTER: the document is so.
sees() {
	bk-stat --json postgres | jq -e "$1"
}
