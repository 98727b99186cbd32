#!/usr/bin/env bats
# contrib/container: what the recipe says makes a directory, with which an image
# of no shell and no library backs up and restores, as a user without a name.
# The recipe is taken at its word; where there is no docker or podman, its COPY
# is done here, and a container is a root of its own, in namespaces.

load ../support/common
load ../support/pg
load ../support/s3
load release

setup_file() {
	if [ "$(id -u)" != 0 ]; then
		skip_file "wants root"
	elif ! unshare --mount --pid --fork true 2>/dev/null; then
		skip_file "no namespaces are to be had here"
	fi
	release
	[ -z "${SKIP_FILE-}" ] || return 0
	cd "$BATS_FILE_TMPDIR"
	cp "$RELEASE"/build/dist/bk-*-linux-*.tar.gz .
	# the indented lines of the recipe, up to the one that builds
	sed -n '/^#\t.* build /q; s/^#\t//p' \
	    "$RELEASE/contrib/container/Containerfile" >recipe
	[ "$(wc -l <recipe)" = 3 ]
	sh -eux recipe
	image
	mkdir secret
	bk-keygen -o secret/key && bk-keygen -y secret/key >secret/pub
	chown -R 65534:65534 secret
	rgw_start
	s3_mb backups
	pg_start "$BATS_FILE_TMPDIR/pg"
	createdb shop
	psql -qX -d shop -c 'create table t as
	    select i, md5(i::text) from generate_series(1, 50000) i'
	settings >env
}

teardown_file() {
	pg_stop "$BATS_FILE_TMPDIR/pg"
	rgw_stop
	[ "${ENGINE-}" = '' ] || $ENGINE rmi -f bk-test >/dev/null
}

# settings: bk.env, NAME=VALUE.
settings() {
	echo PGHOST=127.0.0.1
	env | grep -E '^(PGPORT|PGUSER|AWS_(ENDPOINT_URL|ACCESS_KEY_ID|SECRET_ACCESS_KEY|REGION|DEFAULT_REGION))='
	echo AWS_EC2_METADATA_DISABLED=true
	echo BK_RECIPIENTS=/secret/pub
	echo BK_IDENTITY=/secret/key
}

# image: the image bk-test by podman or docker, if one can run it; else the
# directory image.
image() {
	cp "$RELEASE/contrib/container/Containerfile" .
	for ENGINE in podman docker; do
		export ENGINE
		# podman alone would give the user a name
		export ENGINE_OPTIONS=
		[ $ENGINE = docker ] || ENGINE_OPTIONS=--passwd=false
		if $ENGINE build -q -t bk-test . && $ENGINE run --rm bk-test bk-age --version; then
			return
		fi >/dev/null 2>&1
	done
	ENGINE=
	# FROM scratch, COPY of one directory, USER, and no more
	grep -vE '^(#|$)' Containerfile |
	    diff - <(printf '%s\n' 'FROM scratch' 'COPY root/ /' 'USER 65534:65534')
	cp -a root image
	mkdir -p image/{proc,dev,secret,etc}
}

# contained COMMAND...: in a container with a read-only root and the host's
# network.
contained() {
	if [ -n "$ENGINE" ]; then
		# shellcheck disable=SC2086	# an option or none
		$ENGINE run -i --rm --net=host --read-only $ENGINE_OPTIONS \
		    --env-file "${ENV:-$BATS_FILE_TMPDIR/env}" \
		    -v "$BATS_FILE_TMPDIR/secret:/secret:ro" bk-test "$@"
		return
	fi
	# shellcheck disable=SC2016	# the inner shell's
	unshare --mount --pid --fork --kill-child sh -ec '
	root=$1 secret=$2 env=$3
	shift 3
	mount --bind "$root" "$root"
	mount --bind "$secret" "$root/secret"
	mount -t proc proc "$root/proc"
	mount -t tmpfs tmpfs "$root/dev"
	for name in null zero full random urandom; do
		: >"$root/dev/$name"
		mount --bind "/dev/$name" "$root/dev/$name"
	done
	ln -s /proc/self/fd "$root/dev/fd"
	mount -o remount,bind,ro "$root"
	exec env -i PATH=/bin $(cat "$env") \
	    /usr/sbin/chroot --userspec=65534:65534 --groups= "$root" "$@"' - \
	    "$BATS_FILE_TMPDIR/image" "$BATS_FILE_TMPDIR/secret" \
	    "${ENV:-$BATS_FILE_TMPDIR/env}" "$@"
}

setup() {
	unless_skipped
	cd "$BATS_TEST_TMPDIR"
}

@test "it holds bk and the authorities, and nothing else" {
	(cd "$BATS_FILE_TMPDIR/root" && find . -maxdepth 2 ! -name '*.spdx.json' |
	    grep -vE '^\./(licences|bin|share)/') | sort >there
	printf '%s\n' . ./LICENSE ./NEWS ./README.md ./SECURITY.md ./bin ./etc \
	    ./etc/ssl ./licences ./share | sort | diff there -
	run -0 contained bk-age --version
	[[ $output == 'bk-age '* ]]
	run -127 contained sh -c true
}

@test "a backup, a stage a container, and back" {
	contained bk-dump shop | contained bk-gz | contained bk-crypt |
	    contained bk-s3put 's3://backups/{db}/{db}-{utc}.bk'
	run -0 contained bk-s3ls s3://backups/shop/
	[ "${#lines[@]}" = 1 ]
	contained bk-s3ls s3://backups/shop/ | contained bk-age -w 25h -c 49h
	contained bk-s3get s3://backups/shop/latest | contained bk-verify
	contained bk-s3get s3://backups/shop/latest | contained bk-crypt -d |
	    contained bk-gz -d | contained bk-restore --into shop_copy
	[ "$(psql -XAtc 'select count(*), min(md5) from t' shop_copy)" = \
	    "$(psql -XAtc 'select count(*), min(md5) from t' shop)" ]
	contained bk-s3get s3://backups/shop/latest | contained bk-verify --restore
	contained bk-stat shop
}

@test "what it has not is said: a user's name, a shell" {
	sed '/^PGUSER/d' "$BATS_FILE_TMPDIR/env" >env
	ENV=$PWD/env run -1 contained bk-dump shop
	[[ $output == *'could not look up local user ID 65534: '*'; set PGUSER' ]]
	run -1 contained bk-tee 'cat' <<<x
	[ "$output" = 'bk-tee: cat: exit status 126' ]
}
