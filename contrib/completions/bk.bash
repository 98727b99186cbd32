# bash completion of the bk tools' options: make install puts it where
# bash-completion finds it; otherwise source it.  For zsh, source it after
#
#	autoload -U bashcompinit && bashcompinit
#
# shellcheck shell=bash disable=SC2207	# options are words

# _bk_options TOOL: print its long options.
_bk_options() {
	local common="--help --version"
	case $1 in
	bk-age)
		echo "$common --critical --expect --fails --group --json --last --log \
		    --max-gap --max-growth --max-shrink --min-count --min-free \
		    --min-size --path --prometheus --proven --receipts \
		    --segment-size --wal --warning" ;;
	bk-audit)
		echo "$common --expect --follow --json --operation --pipelines --prometheus \
		    --record --since --status --summary --target --verify" ;;
	bk-base)
		echo "$common --allow-bad-pages --any-clock --check --checkpoint --dbname \
		    --host --incremental --label --manifest --max-rate --no-password \
		    --no-wal --port --quiet --rate --username --verbose" ;;
	bk-crypt)
		echo "$common --age --bare --decrypt --identity --passphrase \
		    --passphrase-fd --passphrase-file --recipient \
		    --recipients-file --rewrap --seal --sealed --sign --signature \
		    --signer" ;;
	bk-dump)
		echo "$common --any-clock --blobs --clean --create --data-only --dbname \
		    --disable-dollar-quoting --disable-triggers \
		    --enable-row-security --encoding --exclude-extension \
		    --exclude-schema --exclude-table --exclude-table-and-children \
		    --exclude-table-data --exclude-table-data-and-children \
		    --extension --extra-float-digits --filter --format --globals --host \
		    --if-exists --include-foreign-data --jobs --large-objects \
		    --load-via-partition-root --lock --lock-wait-timeout --no-acl \
		    --no-blobs --no-comments --no-data --no-large-objects \
		    --no-owner --no-password --no-policies --no-privileges \
		    --no-publications --no-schema --no-security-labels \
		    --no-statistics --no-subscriptions --no-sync \
		    --no-toast-compression --no-unlogged-table-data --port \
		    --quiet --quote-all-identifiers --role --schema --schema-only \
		    --section --sequence-data --serializable-deferrable \
		    --statistics --statistics-only --strict-names --superuser \
		    --table --table-and-children --use-set-session-authorization \
		    --username --verbose" ;;
	bk-gz)
		echo "$common --decompress --jobs --seal --sealed" ;;
	bk-keygen)
		echo "$common --approve --join --output --public --sign --split" ;;
	bk-notify)
		echo "$common --from --from-audit --mail --only-change --ping --remind \
		    --retry-for --slack --smtp --smtp-login --status --subject \
		    --template --webhook" ;;
	bk-pitr)
		echo "$common --archive --delta --dry-run --incremental --jobs --map --pause \
		    --pgdata --quiet --set --spool --spool-size --start --target \
		    --timeline --verbose --wal" ;;
	bk-prune)
		echo "$common --endpoint --explain --first-run --group --holds --keep-daily \
		    --keep-hourly --keep-last --keep-monthly --keep-weekly \
		    --keep-within --keep-yearly --key --max-ahead --max-share \
		    --min-keep --min-stored --plan --receipts --require-fresh --tz \
		    --wal-for" ;;
	bk-restore)
		echo "$common --accept --any-space --data-only \
		    --disable-old-subscriptions --drop-old --globals --host \
		    --into --jobs --keep-going --list-old --no-acl --no-owner \
		    --no-password --no-tablespaces --port --quiet --replace \
		    --replace-table --role --rollback --schema --sealed --table \
		    --unsealed --use-list --username --verbose" ;;
	bk-ls)
		echo "$common --stored" ;;
	bk-rm)
		echo "$common --approvers --dry-run --need --plan --verbose" ;;
	bk-s3get)
		echo "$common --before --check --jobs --match --no-check --rate --retry-for \
		    --seal --thaw --wait" ;;
	bk-s3ls)
		echo "$common --markers --older --retry-for --stored --uploads \
		    --versions" ;;
	bk-s3put)
		echo "$common --content-type --db --expected-size --fixed-parts \
		    --jobs --lock --max-parts --memory --meta \
		    --overwrite --part-size --provider --rate --retry-for \
		    --sealed --sse \
		    --storage-class --tag --tier" ;;
	bk-s3rm)
		echo "$common --approvers --dry-run --need --plan --retry-for --verbose" ;;
	bk-save)
		echo "$common --db --min-free --overwrite --sealed --tier" ;;
	bk-stat)
		echo "$common --json --log --prometheus --tables --timeout" ;;
	bk-tee)
		echo "$common --quorum --sealed --verbose" ;;
	bk-verify)
		echo "$common --against --identity --jobs --md --name --output \
		    --passphrase-file --receipts --restore --scratch \
		    --scratch-config --sealed --signature --signer --sql" ;;
	bk-walget)
		echo "$common --ahead --jobs --retry-for --spool" ;;
	bk-walput)
		echo "$common --jobs --spool" ;;
	bk-walrecv)
		echo "$common --dbname --flush --host --jobs --max-age --no-password \
		    --port --prometheus --slot --spool --timeout --username" ;;
	bk-zst)
		echo "$common --decompress --jobs --seal --sealed" ;;
	*) echo "$common" ;;
	esac
}

# Anything but an option, or a value listed here, is a file.
_bk() {
	local tool=${1##*/} word=${COMP_WORDS[COMP_CWORD]} words=
	case ${COMP_WORDS[COMP_CWORD - 1]} in
	--tier) words="hourly daily weekly monthly yearly" ;;
	--sse) words="s3 kms" ;;
	--checkpoint) words="fast spread" ;;
	--timeline) words="latest current" ;;
	--status) words="start success failure" ;;
	--section) words="pre-data data post-data" ;;
	*) [[ $word != -* ]] || words=$(_bk_options "$tool") ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}

complete -o default -F _bk bk-age bk-audit bk-base bk-crypt bk-dump bk-gz bk-keygen \
    bk-ls bk-notify bk-pitr bk-prune bk-restore bk-rm bk-s3get bk-s3ls bk-s3put bk-s3rm \
    bk-save bk-seal bk-stat bk-tee bk-verify bk-walget bk-walput bk-walrecv bk-zst
