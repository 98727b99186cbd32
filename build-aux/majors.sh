#!/bin/sh
# majors.sh [FROM]: the majors of PostgreSQL that we know, from FROM on, by
# lib/base/majors.h, in a line.
sed -n 's/^	X(\([0-9]*\),.*/\1/p' "$(dirname "$0")/../lib/base/majors.h" |
    awk -v from="${1:-0}" '$1 >= from { printf "%s%s", sep, $1; sep = " " }
	END { print "" }'
