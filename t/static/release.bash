# load release: what make dist makes of HEAD, from a clean clone.

# release: set RELEASE to the clone that make dist was run in, for setup_file.
# It is made once for a commit: t/static has several files that look at it.
release() {
	local commit
	commit=$(git -C "$TOP" rev-parse -q --verify HEAD) ||
	    skip_file "no git clone"
	[ -z "${SKIP_FILE-}" ] || return 0
	RELEASE=$TOP/build/release/$commit
	export RELEASE
	mkdir -p "${RELEASE%/*}"
	(
		flock 9
		[ ! -e "$RELEASE/done" ] || exit 0
		rm -rf "${RELEASE%/*}"/*
		release_in "$RELEASE"
		: >"$RELEASE/done"
	) 9>"${RELEASE%/*}.lock"
}

# release_in DIRECTORY: a clone there, and what make dist says.
release_in() {
	git clone -q "$TOP" "$1"
	env -u MAKEFLAGS -u MAKELEVEL -u B STATIC_CURRENT=0 \
	    make -s -C "$1" dist >"$1.log" 2>&1 || {
		tail -n 20 "$1.log" >&2
		return 1
	}
	mv "$1.log" "$1/build/log"
}
