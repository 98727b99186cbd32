# bash completion of the bk tools: make install puts it where bash-completion
# finds it; otherwise source it.
# made by `make completions` from the tools' tables of options
#
# shellcheck shell=bash disable=SC2207	# options are words

# Anything but an option, or a value listed here, is a file.
_bk() {
	local word=${COMP_WORDS[COMP_CWORD]} words=
	local option=${COMP_WORDS[COMP_CWORD - 1]}
	# bash takes --tier=w for three words
	[[ $word != = ]] || word=
	[[ $option != = ]] || option=${COMP_WORDS[COMP_CWORD - 2]}
	case "${1##*/} $option" in
	"bk-audit --status") words="success failure" ;;
	"bk-base -c" | "bk-base --checkpoint") words="fast spread" ;;
	"bk-dump --lock") words="fail wait" ;;
	"bk-dump -F" | "bk-dump --format") words="custom" ;;
	"bk-dump --section") words="pre-data data post-data" ;;
	"bk-notify --status") words="start success failure" ;;
	"bk-pitr --timeline") words="latest current" ;;
	"bk-s3put --tier") words="hourly daily weekly monthly yearly" ;;
	"bk-s3put --sse") words="s3 kms" ;;
	"bk-save --tier") words="hourly daily weekly monthly yearly" ;;
	esac
	if [[ -z $words && $word == -* ]]; then
		case ${1##*/} in
		bk-age) words="--warning --critical --min-size --max-shrink \
		    --max-growth --last --max-gap --min-count --receipts \
		    --proven --log --fails --path --min-free --wal \
		    --segment-size --group --expect --json --prometheus \
		    --help --version" ;;
		bk-audit) words="--follow --summary --verify --record \
		    --pipelines --operation --status --since --target --json \
		    --prometheus --expect --help --version" ;;
		bk-base) words="--check --checkpoint --label --rate \
		    --max-rate --manifest --incremental --no-wal \
		    --allow-bad-pages --any-clock --host --port --username \
		    --no-password --dbname --quiet --verbose --help \
		    --version" ;;
		bk-crypt) words="--recipient --recipients-file --passphrase \
		    --passphrase-file --passphrase-fd --age --decrypt \
		    --identity --rewrap --sign --signer --signature --bare \
		    --seal --sealed --help --version" ;;
		bk-dump) words="--jobs --host --port --username \
		    --no-password --dbname --quiet --verbose --globals \
		    --lock --any-clock --lock-wait-timeout --role \
		    --extra-float-digits --enable-row-security \
		    --serializable-deferrable --format --data-only --blobs \
		    --no-blobs --clean --create --extension --encoding \
		    --schema --exclude-schema --no-owner --schema-only \
		    --superuser --table --exclude-table --no-privileges \
		    --disable-dollar-quoting --disable-triggers \
		    --exclude-extension --exclude-table-and-children \
		    --exclude-table-data --exclude-table-data-and-children \
		    --filter --if-exists --include-foreign-data \
		    --large-objects --load-via-partition-root --no-acl \
		    --no-comments --no-data --no-large-objects --no-policies \
		    --no-publications --no-schema --no-security-labels \
		    --no-statistics --no-subscriptions --no-sync \
		    --no-toast-compression --no-unlogged-table-data \
		    --quote-all-identifiers --section --sequence-data \
		    --statistics --statistics-only --strict-names \
		    --table-and-children --use-set-session-authorization \
		    --help --version" ;;
		bk-gz) words="--decompress --jobs --seal --sealed --help \
		    --version" ;;
		bk-keygen) words="--output --public --sign --approve \
		    --split --join --help --version" ;;
		bk-ls) words="--stored --help --version" ;;
		bk-notify) words="--slack --webhook --template --ping \
		    --mail --smtp --smtp-login --from --status --subject \
		    --from-audit --only-change --remind --retry-for --help \
		    --version" ;;
		bk-pitr) words="--pgdata --target --wal --timeline \
		    --incremental --map --start --set --pause --archive \
		    --delta --dry-run --spool --spool-size --jobs --quiet \
		    --verbose --help --version" ;;
		bk-prune) words="--keep-last --keep-hourly --keep-daily \
		    --keep-weekly --keep-monthly --keep-yearly --keep-within \
		    --explain --group --tz --holds --receipts --wal-for \
		    --plan --key --require-fresh --max-share --first-run \
		    --max-ahead --min-keep --min-stored --help --version" ;;
		bk-restore) words="--into --jobs --host --port --username \
		    --no-password --quiet --verbose --table --schema \
		    --use-list --data-only --replace-table --keep-going \
		    --accept --globals --no-owner --no-acl --no-tablespaces \
		    --role --replace --part --any-space \
		    --disable-old-subscriptions --sealed --unsealed \
		    --rollback --drop-old --list-old --help --version" ;;
		bk-rm) words="--dry-run --verbose --plan --approvers --need \
		    --help --version" ;;
		bk-s3get) words="--before --match --seal --check --no-check \
		    --rate --thaw --wait --jobs --retry-for --quiet \
		    --verbose --help --version" ;;
		bk-s3ls) words="--versions --markers --stored --uploads \
		    --older --retry-for --help --version" ;;
		bk-s3put) words="--overwrite --sealed --db --tier \
		    --storage-class --sse --lock --tag --meta --content-type \
		    --jobs --memory --part-size --fixed-parts \
		    --expected-size --max-parts --provider --rate \
		    --retry-for --quiet --verbose --help --version" ;;
		bk-s3rm) words="--dry-run --verbose --plan --approvers \
		    --need --retry-for --help --version" ;;
		bk-save) words="--overwrite --sealed --db --tier --min-free \
		    --quiet --verbose --help --version" ;;
		bk-seal) words="--help --version" ;;
		bk-stat) words="--json --prometheus --log --tables \
		    --timeout --help --version" ;;
		bk-tee) words="--quorum --verbose --sealed --help --version" ;;
		bk-verify) words="--identity --passphrase-file --restore \
		    --trust-code --scratch --scratch-config --against --sql \
		    --jobs --name --output --md --receipts --sign-receipt \
		    --sealed --signer --signature --quiet --verbose --help \
		    --version" ;;
		bk-walget) words="--spool --ahead --jobs --retry-for --help \
		    --version" ;;
		bk-walput) words="--spool --jobs --help --version" ;;
		bk-walrecv) words="--jobs --slot --spool --max-age --flush \
		    --timeout --prometheus --dbname --host --port --username \
		    --no-password --help --version" ;;
		bk-zst) words="--decompress --jobs --seal --sealed --help \
		    --version" ;;
		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}

complete -o default -F _bk bk-age bk-audit bk-base bk-crypt bk-dump bk-gz \
    bk-keygen bk-ls bk-notify bk-pitr bk-prune bk-restore bk-rm bk-s3get \
    bk-s3ls bk-s3put bk-s3rm bk-save bk-seal bk-stat bk-tee bk-verify \
    bk-walget bk-walput bk-walrecv bk-zst
