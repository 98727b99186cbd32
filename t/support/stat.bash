# Sourced by the tests of bk-stat.

# plain: metrics without the labels server and via, which all have.
plain() {
	perl -pe 's/\{server="(?:[^"\\]|\\.)*",via="(?:[^"\\]|\\.)*"(,|\})/$1 eq "," ? "{" : ""/e'
}
