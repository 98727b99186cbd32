#!/bin/sh
# sign.sh KEY [FILE COMMENT]
#
# Sign FILE with a secret key of minisign's (FILE.minisig) or of signify's
# (FILE.sig), which ask for the passphrase if it has one.  Without FILE, only
# see whether that can be done.
set -eu

die() { echo "sign.sh: $*" >&2; exit 1; }

[ -r "$1" ] || die "$1: there is no key that could be read"
# "Ed", how the key is protected, the kind of its checksum, in base64
case $(sed -n 2p "$1") in
RWRTY0Iy* | RWQAAEIy*) signer=minisign ;;
RWRCS*) signer=$(command -v signify-openbsd || echo signify) ;;
*) die "$1: neither minisign's secret key nor signify's" ;;
esac
command -v "$signer" >/dev/null ||
    die "$1: wants $signer, which is not installed"

[ $# -gt 1 ] || exit 0
case $signer in
minisign) minisign -S -s "$1" -m "$2" -x "$2.minisig" -t "$3" ;;
*) "$signer" -S -s "$1" -m "$2" -x "$2.sig" ;;
esac
