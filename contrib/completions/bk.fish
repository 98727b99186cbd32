# fish completion of the bk tools: make install puts it where fish finds it, for
# each tool.
# made by `make completions` from the tools' tables of options

complete -c bk-age -f
complete -c bk-age -s w -l warning -f -r -d 'WARNING, CRITICAL if the newest is older (25h, 49h)'
complete -c bk-age -s c -l critical -f -r -d 'WARNING, CRITICAL if the newest is older (25h, 49h)'
complete -c bk-age -l min-size -f -r -d 'minimum size of the newest (1)'
complete -c bk-age -l max-shrink -f -r -d 'by the median of the last N (7)'
complete -c bk-age -l max-growth -f -r -d 'by the median of the last N (7)'
complete -c bk-age -l last -f -r -d 'by the median of the last N (7)'
complete -c bk-age -l max-gap -f -r -d 'longest gap between two'
complete -c bk-age -l min-count -f -r -d 'fewest backups'
complete -c bk-age -l receipts -f -r -a '(__fish_complete_directories)' -d 'of bk-verify'
complete -c bk-age -l proven -f -r -d 'age of the last proof (8d,32d)'
complete -c bk-age -l log -F -r -d 'audit log'
complete -c bk-age -l fails -f -r -d 'failures in a row (2)'
complete -c bk-age -l path -f -r -a '(__fish_complete_directories)' -d 'its free space, % or bytes (20%,10%)'
complete -c bk-age -l min-free -f -r -d 'its free space, % or bytes (20%,10%)'
complete -c bk-age -l wal -d 'the listing is of WAL: gaps, age'
complete -c bk-age -l segment-size -f -r -d 'the listing is of WAL: gaps, age'
complete -c bk-age -l group -f -r -d 'how names map to series: \'s3://b/{db}/{tier}/*\''
complete -c bk-age -l expect -f -r -d 'CRITICAL if the listing has no backup of it'
complete -c bk-age -l json -d 'print JSON'
complete -c bk-age -l prometheus -F -r -d 'also write metrics to FILE'
complete -c bk-age -l help -d 'this text'
complete -c bk-age -l version -d 'the version'

complete -c bk-audit -l follow -d 'print the runs and wait for new ones, like tail -F'
complete -c bk-audit -l summary -d 'per operation and target: number of runs, duration, size, last success and failure'
complete -c bk-audit -l verify -d 'check the hash chain; name the lines that break it'
complete -c bk-audit -l record -d 'append a run, read as JSON from standard input'
complete -c bk-audit -l pipelines -d 'join the runs of each pipeline to one'
complete -c bk-audit -l operation -f -r -d 'runs of one tool: bk-dump'
complete -c bk-audit -l status -f -r -a 'success failure' -d 'success or failure'
complete -c bk-audit -l since -f -r -d 'the last 90m, 7d; or from 2026-11-21T02:00:00Z on'
complete -c bk-audit -l target -f -r -d 'runs with TEXT in source or destination'
complete -c bk-audit -l json -d 'print JSON, one object per line'
complete -c bk-audit -l prometheus -F -r -d 'with --summary: also write metrics to FILE'
complete -c bk-audit -l expect -f -r -d 'with --verify: fail unless a line has this hash'
complete -c bk-audit -l help -d 'this text'
complete -c bk-audit -l version -d 'the version'

complete -c bk-base -f
complete -c bk-base -l check -d 'can a backup be made?  Says what is missing, only'
complete -c bk-base -s c -l checkpoint -f -r -a 'fast spread' -d 'at once, or without a burst of I/O (default)'
complete -c bk-base -s l -l label -f -r -d 'in the server\'s backup_label and its log'
complete -c bk-base -s r -l rate -f -r -d 'at most so many bytes a second: 32K to 1G'
complete -c bk-base -l max-rate -f -r
complete -c bk-base -l manifest -F -r -d 'write the manifest there too'
complete -c bk-base -l incremental -F -r -d 'only what changed since the backup with that manifest'
complete -c bk-base -l no-wal -d 'without WAL: needs an archive of it'
complete -c bk-base -l allow-bad-pages -d 'record damaged pages and go on'
complete -c bk-base -l any-clock -d 'even if the server\'s clock is far from this host\'s'
complete -c bk-base -s h -l host -f -r -d 'as in psql'
complete -c bk-base -s p -l port -f -r -d 'as in psql'
complete -c bk-base -s U -l username -f -r -d 'as in psql'
complete -c bk-base -s w -l no-password
complete -c bk-base -s d -l dbname -f -r
complete -c bk-base -s q -l quiet -d 'no progress'
complete -c bk-base -s v -l verbose -d 'progress even without a terminal'
complete -c bk-base -l help -d 'this text'
complete -c bk-base -l version -d 'the version'

complete -c bk-crypt -s r -l recipient -f -r -d 'encrypt to this public key (may be repeated)'
complete -c bk-crypt -s R -l recipients-file -F -r -d 'encrypt to the public keys in FILE'
complete -c bk-crypt -s p -l passphrase -d 'ask for a passphrase (or take $BK_PASSPHRASE)'
complete -c bk-crypt -l passphrase-file -F -r -d 'or read its first line'
complete -c bk-crypt -l passphrase-fd -f -r -d 'or read its first line'
complete -c bk-crypt -l age -d 'write age v1, which age(1) reads'
complete -c bk-crypt -s d -l decrypt -d 'decrypt what bk-crypt or age wrote'
complete -c bk-crypt -s i -l identity -F -r -d 'with the secret keys in FILE (see bk-keygen)'
complete -c bk-crypt -l rewrap -d 'replace the header\'s recipients by -r'
complete -c bk-crypt -l sign -F -r -d 'sign with the key in FILE (bk-keygen --sign)'
complete -c bk-crypt -l signer -F -r -d 'demand a signature by a public key in FILE'
complete -c bk-crypt -l signature -F -r -d 'with age, the signature is a file of its own'
complete -c bk-crypt -l bare -d 'write the output without, or in, an envelope'
complete -c bk-crypt -l seal -d 'write the output without, or in, an envelope'
complete -c bk-crypt -l sealed -d 'refuse input that is not sealed'
complete -c bk-crypt -l help -d 'this text'
complete -c bk-crypt -l version -d 'the version'

complete -c bk-dump -f
complete -c bk-dump -s j -l jobs -f -r -d 'connections (default: 4, or CPUs if fewer)'
complete -c bk-dump -s h -l host -f -r -d 'as in psql'
complete -c bk-dump -s p -l port -f -r -d 'as in psql'
complete -c bk-dump -s U -l username -f -r -d 'as in psql'
complete -c bk-dump -s w -l no-password
complete -c bk-dump -s d -l dbname -f -r
complete -c bk-dump -s q -l quiet -d 'no progress'
complete -c bk-dump -s v -l verbose -d 'progress even without a terminal'
complete -c bk-dump -l globals -d 'roles and tablespaces too (pg_dumpall -g)'
complete -c bk-dump -l lock -f -a 'fail wait' -d 'exit 5 (or wait) if another --lock dump is running'
complete -c bk-dump -l any-clock -d 'even if the server\'s clock is far from this host\'s'
complete -c bk-dump -l lock-wait-timeout -f -r -d 'per table (default 60s)'
complete -c bk-dump -l role -f -r
complete -c bk-dump -l extra-float-digits -f -r
complete -c bk-dump -l enable-row-security
complete -c bk-dump -l serializable-deferrable
complete -c bk-dump -s F -l format -f -r -a 'custom'
complete -c bk-dump -s a -l data-only
complete -c bk-dump -s b -l blobs
complete -c bk-dump -s B -l no-blobs
complete -c bk-dump -s c -l clean
complete -c bk-dump -s C -l create
complete -c bk-dump -s e -l extension -f -r
complete -c bk-dump -s E -l encoding -f -r
complete -c bk-dump -s n -l schema -f -r
complete -c bk-dump -s N -l exclude-schema -f -r
complete -c bk-dump -s O -l no-owner
complete -c bk-dump -s s -l schema-only
complete -c bk-dump -s S -l superuser -f -r
complete -c bk-dump -s t -l table -f -r
complete -c bk-dump -s T -l exclude-table -f -r
complete -c bk-dump -s x -l no-privileges
complete -c bk-dump -l disable-dollar-quoting
complete -c bk-dump -l disable-triggers
complete -c bk-dump -l exclude-extension -f -r
complete -c bk-dump -l exclude-table-and-children -f -r
complete -c bk-dump -l exclude-table-data -f -r
complete -c bk-dump -l exclude-table-data-and-children -f -r
complete -c bk-dump -l filter -F -r
complete -c bk-dump -l if-exists
complete -c bk-dump -l include-foreign-data -f -r
complete -c bk-dump -l large-objects
complete -c bk-dump -l load-via-partition-root
complete -c bk-dump -l no-acl
complete -c bk-dump -l no-comments
complete -c bk-dump -l no-data
complete -c bk-dump -l no-large-objects
complete -c bk-dump -l no-policies
complete -c bk-dump -l no-publications
complete -c bk-dump -l no-schema
complete -c bk-dump -l no-security-labels
complete -c bk-dump -l no-statistics
complete -c bk-dump -l no-subscriptions
complete -c bk-dump -l no-sync
complete -c bk-dump -l no-toast-compression
complete -c bk-dump -l no-unlogged-table-data
complete -c bk-dump -l quote-all-identifiers
complete -c bk-dump -l section -f -r -a 'pre-data data post-data'
complete -c bk-dump -l sequence-data
complete -c bk-dump -l statistics
complete -c bk-dump -l statistics-only
complete -c bk-dump -l strict-names
complete -c bk-dump -l table-and-children -f -r
complete -c bk-dump -l use-set-session-authorization
complete -c bk-dump -l help -d 'this text'
complete -c bk-dump -l version -d 'the version'

complete -c bk-gz -f
complete -c bk-gz -s d -l decompress -d 'decompress'
complete -c bk-gz -s j -l jobs -f -r -d 'threads (default: BK_JOBS, or one per CPU)'
complete -c bk-gz -l seal -d 'with -d, write the output in an envelope'
complete -c bk-gz -l sealed -d 'refuse input that is not sealed'
complete -c bk-gz -l help -d 'this text'
complete -c bk-gz -l version -d 'the version'

complete -c bk-keygen -s o -l output -F -r -d 'write to FILE, mode 0600; never overwrites'
complete -c bk-keygen -s y -l public -d 'print the public key of the key in FILE'
complete -c bk-keygen -l sign -d 'make a key that signs plans, and what bk-crypt writes'
complete -c bk-keygen -l approve -F -r -d 'print PLAN and sign it with the key in FILE'
complete -c bk-keygen -l split -f -r -d 'split the key in FILE into N shares, any T of which restore it; with -o into files FILE.1 to FILE.N'
complete -c bk-keygen -l join -d 'restore the key from the shares in several FILEs'
complete -c bk-keygen -l help -d 'this text'
complete -c bk-keygen -l version -d 'the version'

complete -c bk-ls -l stored -d 'give the time stored, whatever the name says'
complete -c bk-ls -l help -d 'this text'
complete -c bk-ls -l version -d 'the version'

complete -c bk-notify -f
complete -c bk-notify -l slack -F -r -d 'to Slack, or a compatible webhook'
complete -c bk-notify -l webhook -F -r -d 'as JSON, {"text": "{message}"}'
complete -c bk-notify -l template -F -r -d 'or as in FILE'
complete -c bk-notify -l ping -F -r -d 'to healthchecks.io and similar: URL, /start, /fail'
complete -c bk-notify -l mail -f -r -d 'by e-mail'
complete -c bk-notify -l smtp -f -r -d 'its server (smtp://localhost)'
complete -c bk-notify -l smtp-login -F -r -d 'its login (two lines)'
complete -c bk-notify -l from -f -r -d 'the sender'
complete -c bk-notify -l status -f -r -a 'start success failure' -d 'else by the audit log, or bk-age\'s'
complete -c bk-notify -l subject -f -r -d 'default: host and first line'
complete -c bk-notify -l from-audit -F -d 'report the last run in the audit log instead'
complete -c bk-notify -l only-change -F -r -d 'send only what is worse for a database than the last message was, and recoveries'
complete -c bk-notify -l remind -f -r -d 'and, so often, what is still bad: 24h'
complete -c bk-notify -l retry-for -f -r -d 'give up on a target after that long (1m)'
complete -c bk-notify -l help -d 'this text'
complete -c bk-notify -l version -d 'the version'

complete -c bk-pitr -s D -l pgdata -f -r -a '(__fish_complete_directories)' -d 'the data directory, empty or absent'
complete -c bk-pitr -l target -f -r -d 'where to end'
complete -c bk-pitr -l wal -f -r -d 'writes the WAL file $BK_WAL_NAME; exits 4 if none'
complete -c bk-pitr -l timeline -f -r -a 'latest current' -d 'default: latest'
complete -c bk-pitr -l incremental -f -r -d 'writes the next increment (repeat; oldest first)'
complete -c bk-pitr -l map -f -r -d 'where a tablespace goes (repeat)'
complete -c bk-pitr -l start -d 'start the server, wait until it is there, report'
complete -c bk-pitr -l set -f -r -d 'a setting of the server\'s: port=5433 (repeat)'
complete -c bk-pitr -l pause -d 'at the target, no promotion'
complete -c bk-pitr -l archive -d 'leave archive_mode on'
complete -c bk-pitr -l delta -d 'keep what is the same already'
complete -c bk-pitr -l dry-run -d 'only say what to do'
complete -c bk-pitr -l spool -f -r -a '(__fish_complete_directories)' -d 'where proven WAL is kept'
complete -c bk-pitr -l spool-size -f -r -d 'so much (1G)'
complete -c bk-pitr -s j -l jobs -f -r -d 'threads, and COMMANDs at once'
complete -c bk-pitr -s q -l quiet -d 'no progress'
complete -c bk-pitr -s v -l verbose -d 'progress even without a terminal'
complete -c bk-pitr -l help -d 'this text'
complete -c bk-pitr -l version -d 'the version'

complete -c bk-prune -f
complete -c bk-prune -s l -l keep-last -f -r -d 'keep the last N'
complete -c bk-prune -s H -l keep-hourly -f -r -d 'the newest of N hours'
complete -c bk-prune -s d -l keep-daily -f -r -d 'of N days'
complete -c bk-prune -s w -l keep-weekly -f -r -d 'of N weeks'
complete -c bk-prune -s m -l keep-monthly -f -r -d 'of N months'
complete -c bk-prune -s y -l keep-yearly -f -r -d 'of N years'
complete -c bk-prune -l keep-within -f -r -d 'keep all within TIME of the newest: 7d'
complete -c bk-prune -l explain -d 'print every record and why it is kept'
complete -c bk-prune -l group -f -r -d 'how names map to series: \'s3://b/{db}/{tier}/*\''
complete -c bk-prune -l tz -f -r -d 'time zone of the calendar: Europe/Berlin (UTC)'
complete -c bk-prune -l holds -F -r -d 'never delete what FILE names'
complete -c bk-prune -l receipts -f -r -a '(__fish_complete_directories)' -d 'never delete the last that bk-verify has proven'
complete -c bk-prune -l wal-for -F -r -d 'prune WAL that no base backup in LISTING needs'
complete -c bk-prune -l plan -F -r -d 'write a plan, for approval'
complete -c bk-prune -l key -F -r -d 'signed with this key'
complete -c bk-prune -l require-fresh -f -r -d 'refuse a series whose newest is older (2d)'
complete -c bk-prune -l max-share -f -r -d 'refuse more of a series (50pc)'
complete -c bk-prune -l first-run -d 'allow any'
complete -c bk-prune -l max-ahead -f -r -d 'refuse a time so far in the future (10s)'
complete -c bk-prune -l min-keep -f -r -d 'N stay (3)'
complete -c bk-prune -l min-stored -f -r -d 'all stored lately stays (1d)'
complete -c bk-prune -l help -d 'this text'
complete -c bk-prune -l version -d 'the version'

complete -c bk-restore -f
complete -c bk-restore -l into -d 'load a new or empty database; nothing is swapped'
complete -c bk-restore -s j -l jobs -f -r -d 'number of connections (default: 4, or CPUs if fewer)'
complete -c bk-restore -s h -l host -f -r -d 'as in psql'
complete -c bk-restore -s p -l port -f -r -d 'as in psql'
complete -c bk-restore -s U -l username -f -r -d 'as in psql'
complete -c bk-restore -s w -l no-password
complete -c bk-restore -s q -l quiet -d 'no progress'
complete -c bk-restore -s v -l verbose -d 'progress even without a terminal'
complete -c bk-restore -s t -l table -f -r -d 'only these, in one transaction, into a live database'
complete -c bk-restore -s n -l schema -f -r -d 'only these, in one transaction, into a live database'
complete -c bk-restore -s L -l use-list -F -r -d 'only the entries of this list, in its order'
complete -c bk-restore -l data-only -d 'with -t, -n: add rows'
complete -c bk-restore -l replace-table -d 'truncate first'
complete -c bk-restore -l keep-going -d 'pass failing statements by'
complete -c bk-restore -l accept -F -r -d 'swap nevertheless'
complete -c bk-restore -l globals -d 'create the roles and tablespaces it has (--globals)'
complete -c bk-restore -l no-owner -d 'as in pg_restore'
complete -c bk-restore -l no-acl -d 'as in pg_restore'
complete -c bk-restore -l no-tablespaces -d 'as in pg_restore'
complete -c bk-restore -l role -f -r -d 'as in pg_restore'
complete -c bk-restore -l replace -f -r -d 'put the dump in the place of a database that has data'
complete -c bk-restore -l part -d 'with --replace: by a part'
complete -c bk-restore -l any-space -d 'whatever space is left'
complete -c bk-restore -l disable-old-subscriptions -d 'of the database that is set aside'
complete -c bk-restore -l sealed -d 'demand a seal with --into, too'
complete -c bk-restore -l unsealed -d 'swap without one'
complete -c bk-restore -l rollback -d 'undo a swap'
complete -c bk-restore -l drop-old -d 'drop'
complete -c bk-restore -l list-old -d 'list what it set aside'
complete -c bk-restore -l help -d 'this text'
complete -c bk-restore -l version -d 'the version'

complete -c bk-rm -s n -l dry-run -d 'delete nothing, print what would be deleted'
complete -c bk-rm -s v -l verbose -d 'print what was deleted'
complete -c bk-rm -l plan -F -r -d 'delete what bk-prune\'s plan lists, if approved'
complete -c bk-rm -l approvers -F -r -d 'the public keys of those who approve'
complete -c bk-rm -l need -f -r -d 'how many of them must have (2)'
complete -c bk-rm -l help -d 'this text'
complete -c bk-rm -l version -d 'the version'

complete -c bk-s3get -f
complete -c bk-s3get -l before -f -r -d 'the latest under KEY/ by then: \'2026-11-21 14:30Z\''
complete -c bk-s3get -l match -f -r -d 'what latest may be: \'*.bk\''
complete -c bk-s3get -l seal -d 'in an envelope, which tells the next bk tool of the end'
complete -c bk-s3get -l check -d 'verify it, write nothing'
complete -c bk-s3get -l no-check -d 'verify the size alone'
complete -c bk-s3get -l rate -f -r -d 'read at most that much a second (1M)'
complete -c bk-s3get -l thaw -f -r -d 'if it is archived, request a copy for so many days'
complete -c bk-s3get -l wait -f -r -d 'wait that long for it (0)'
complete -c bk-s3get -s j -l jobs -f -r -d 'ranges in parallel (4)'
complete -c bk-s3get -l retry-for -f -r -d 'give up after that long without success (15m)'
complete -c bk-s3get -s q -l quiet -d 'no progress'
complete -c bk-s3get -s v -l verbose -d 'progress even without a terminal'
complete -c bk-s3get -l help -d 'this text'
complete -c bk-s3get -l version -d 'the version'

complete -c bk-s3ls -f
complete -c bk-s3ls -l versions -d 'list all versions, also those replaced or deleted'
complete -c bk-s3ls -l markers -d 'list the delete markers that hide versions'
complete -c bk-s3ls -l stored -d 'give the time stored, whatever the name says'
complete -c bk-s3ls -l uploads -d 'list unfinished multipart uploads instead'
complete -c bk-s3ls -l older -f -r -d 'only what was stored, or begun, longer ago'
complete -c bk-s3ls -l retry-for -f -r -d 'retry failed requests for that long (1m)'
complete -c bk-s3ls -l help -d 'this text'
complete -c bk-s3ls -l version -d 'the version'

complete -c bk-s3put -f
complete -c bk-s3put -l overwrite -d 'replace an object'
complete -c bk-s3put -l sealed -d 'refuse input that is not sealed'
complete -c bk-s3put -l db -f -r -d 'what {db} is'
complete -c bk-s3put -l tier -f -r -a 'hourly daily weekly monthly yearly' -d 'what {tier} is (daily)'
complete -c bk-s3put -l storage-class -f -r -d 'e.g. STANDARD_IA'
complete -c bk-s3put -l sse -f -r -a 's3 kms' -d 'server-side encryption'
complete -c bk-s3put -l lock -f -r -d 'object lock, e.g. COMPLIANCE:30d'
complete -c bk-s3put -l tag -f -r -d 'tag'
complete -c bk-s3put -l meta -f -r -d 'metadata (up to 10 each)'
complete -c bk-s3put -l content-type -f -r -d 'instead of application/octet-stream'
complete -c bk-s3put -s j -l jobs -f -r -d 'parts in parallel (4)'
complete -c bk-s3put -l memory -f -r -d 'in so much memory (256M)'
complete -c bk-s3put -l part-size -f -r -d 'size at first (8M, it grows)'
complete -c bk-s3put -l fixed-parts -d 'of all'
complete -c bk-s3put -l expected-size -f -r -d 'of the input, so that parts need not grow'
complete -c bk-s3put -l max-parts -f -r -d 'the provider\'s limit (10000)'
complete -c bk-s3put -l provider -f -r -d 'whose server it is, if its host does not tell'
complete -c bk-s3put -l rate -f -r -d 'at most so many bytes a second'
complete -c bk-s3put -l retry-for -f -r -d 'give up after that long without success (15m)'
complete -c bk-s3put -s q -l quiet -d 'no progress'
complete -c bk-s3put -s v -l verbose -d 'progress even without a terminal'
complete -c bk-s3put -l help -d 'this text'
complete -c bk-s3put -l version -d 'the version'

complete -c bk-s3rm -s n -l dry-run -d 'delete nothing, print what would be deleted'
complete -c bk-s3rm -s v -l verbose -d 'print what was deleted'
complete -c bk-s3rm -l plan -F -r -d 'delete what bk-prune\'s plan lists, if approved'
complete -c bk-s3rm -l approvers -F -r -d 'the public keys of those who approve'
complete -c bk-s3rm -l need -f -r -d 'how many of them must have (2)'
complete -c bk-s3rm -l retry-for -f -r -d 'retry failed requests for that long (1m)'
complete -c bk-s3rm -l help -d 'this text'
complete -c bk-s3rm -l version -d 'the version'

complete -c bk-save -l overwrite -d 'replace an existing file'
complete -c bk-save -l sealed -d 'refuse input that is not sealed'
complete -c bk-save -l db -f -r -d 'what {db} is'
complete -c bk-save -l tier -f -r -a 'hourly daily weekly monthly yearly' -d 'what {tier} is (daily)'
complete -c bk-save -l min-free -f -r -d 'fail rather than leave less space free, e.g. 20%'
complete -c bk-save -s q -l quiet -d 'no progress'
complete -c bk-save -s v -l verbose -d 'progress even without a terminal'
complete -c bk-save -l help -d 'this text'
complete -c bk-save -l version -d 'the version'

complete -c bk-seal -x -a '(__fish_complete_subcommand)'
complete -c bk-seal -l help -d 'this text'
complete -c bk-seal -l version -d 'the version'

complete -c bk-stat -f
complete -c bk-stat -l json -d 'print JSON'
complete -c bk-stat -l prometheus -F -r -d 'write metrics to FILE ("-": print them) instead'
complete -c bk-stat -l log -F -r -d 'the audit log (default: BK_AUDIT_LOG)'
complete -c bk-stat -l tables -f -r -d 'report the N largest tables (10)'
complete -c bk-stat -l timeout -f -r -d 'give up after TIME (30s)'
complete -c bk-stat -l help -d 'this text'
complete -c bk-stat -l version -d 'the version'

complete -c bk-tee -f
complete -c bk-tee -s q -l quorum -f -r -d 'succeed if N sinks succeed (all)'
complete -c bk-tee -s v -l verbose -d 'report how each sink ended, not only failures'
complete -c bk-tee -l sealed -d 'refuse input that is not sealed'
complete -c bk-tee -l help -d 'this text'
complete -c bk-tee -l version -d 'the version'

complete -c bk-verify -f
complete -c bk-verify -s i -l identity -F -r -d 'decrypt with the secret keys in FILE'
complete -c bk-verify -l passphrase-file -F -r -d 'or with the passphrase in FILE\'s first line'
complete -c bk-verify -l restore -f -d 'restore there, compare all'
complete -c bk-verify -l trust-code -d 'restore there, compare all'
complete -c bk-verify -l scratch -d 'the same, or a recovery, on a temporary server'
complete -c bk-verify -l scratch-config -F -r -d 'with these lines in its postgresql.conf'
complete -c bk-verify -l against -f -r -d 'compare that database with it, restore nothing'
complete -c bk-verify -l sql -F -r -d 'and run its queries; each must return true'
complete -c bk-verify -s j -l jobs -f -r -d 'threads (default: BK_JOBS, or one per CPU)'
complete -c bk-verify -l name -f -r -d 'for the receipt, where the stream has no label'
complete -c bk-verify -s o -l output -F -r -d 'write the receipt to FILE, not standard output'
complete -c bk-verify -l md -d 'write a row of a Markdown table instead'
complete -c bk-verify -l receipts -f -r -a '(__fish_complete_directories)' -d 'store it there'
complete -c bk-verify -l sign-receipt -F -r -d 'signed'
complete -c bk-verify -l sealed -d 'refuse input that is not sealed'
complete -c bk-verify -l signer -F -r -d 'demand a signature by this key'
complete -c bk-verify -l signature -F -r -d 'its file (age)'
complete -c bk-verify -s q -l quiet -d 'silent on success'
complete -c bk-verify -s v -l verbose -d 'rows of each table, progress'
complete -c bk-verify -l help -d 'this text'
complete -c bk-verify -l version -d 'the version'

complete -c bk-walget -l spool -f -r -a '(__fish_complete_directories)' -d 'fetch what comes next into DIR meanwhile'
complete -c bk-walget -l ahead -f -r -d 'so many segments at most (32)'
complete -c bk-walget -s j -l jobs -f -r -d 'so many COMMANDs at once (processors, at most 8)'
complete -c bk-walget -l retry-for -f -r -d 'try again so long before recovery is aborted (0s)'
complete -c bk-walget -l help -d 'this text'
complete -c bk-walget -l version -d 'the version'

complete -c bk-walput -l spool -f -r -a '(__fish_complete_directories)' -d 'store what else is ready meanwhile, and remember it in DIR until PostgreSQL asks for it'
complete -c bk-walput -s j -l jobs -f -r -d 'with --spool, so many COMMANDs at once (processors, <= 8)'
complete -c bk-walput -l help -d 'this text'
complete -c bk-walput -l version -d 'the version'

complete -c bk-walrecv -x -a '(__fish_complete_subcommand)'
complete -c bk-walrecv -s j -l jobs -f -r -d 'so many COMMANDs at once (default: 2, or BK_JOBS)'
complete -c bk-walrecv -l slot -f -r -d 'have the server keep WAL until it is safe'
complete -c bk-walrecv -l spool -f -r -a '(__fish_complete_directories)' -d 'sync WAL there first and confirm that at once'
complete -c bk-walrecv -l max-age -f -r -d 'hand over an unfinished segment as NAME.partial'
complete -c bk-walrecv -l flush -d 'hand over all that is in the spool, and end'
complete -c bk-walrecv -l timeout -f -r -d 'end a COMMAND that takes longer, and run it again'
complete -c bk-walrecv -l prometheus -F -r -d 'write metrics to FILE every 10 seconds'
complete -c bk-walrecv -s d -l dbname -f -r -d 'as in psql'
complete -c bk-walrecv -s h -l host -f -r -d 'as in psql'
complete -c bk-walrecv -s p -l port -f -r -d 'as in psql'
complete -c bk-walrecv -s U -l username -f -r -d 'as in psql'
complete -c bk-walrecv -s w -l no-password
complete -c bk-walrecv -l help -d 'this text'
complete -c bk-walrecv -l version -d 'the version'

complete -c bk-zst -f
complete -c bk-zst -s d -l decompress -d 'decompress'
complete -c bk-zst -s j -l jobs -f -r -d 'threads (default: BK_JOBS, or one per CPU)'
complete -c bk-zst -l seal -d 'with -d, write the output in an envelope'
complete -c bk-zst -l sealed -d 'refuse input that is not sealed'
complete -c bk-zst -l help -d 'this text'
complete -c bk-zst -l version -d 'the version'
