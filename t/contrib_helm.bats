#!/usr/bin/env bats
# contrib/helm: what helm makes of the chart is what Kubernetes wants, and each of
# its jobs does its work on real servers.

load support/common
load support/pg
load support/s3
load support/jobs

setup_file() {
	HELM=$("$SUPPORT/helm.sh") || skip "$HELM"
	jobs_start
	psql -qX -d shop -c 'create role app login' \
	    -c 'alter database shop owner to app' -c 'alter table t owner to app'
	createdb Blog_2
	cat >values.yaml <<-'END'
	databases:
	  - {name: shop, secret: shop-app}
	  - {name: Blog_2, secret: pguser-blog, key: url}
	END
	"$HELM" lint --strict "$C/helm" -f values.yaml >lint
	"$HELM" template bk "$C/helm" -f values.yaml >made.yaml
	python3 -c 'import json, sys, yaml
json.dump({"items": [d for d in yaml.safe_load_all(sys.stdin) if d]}, sys.stdout)' \
	    <made.yaml >list
	export HELM
}

teardown_file() {
	[ ! -e "$BATS_FILE_TMPDIR/shop.key" ] || jobs_stop
}

setup() {
	jobs_use
}

teardown() {
	jobs_left
}

@test "helm and Kubernetes' schemas have nothing to say" {
	grep -q '1 chart(s) linted, 0 chart(s) failed' "$F/lint"
	[ "$(jq -r '.items[].metadata.name' "$F/list" | sort | tr '\n' ' ')" = \
	    'bk-backup-blog-2 bk-backup-shop bk-prune-blog-2 bk-prune-shop bk-verify-blog-2 bk-verify-shop bk-watch ' ]
	NPM=$("$SUPPORT/npm.sh" kubernetes-models@4.5.1) || skip "$NPM"
	run -0 node "$SUPPORT/k8s-check.js" "$NPM" <"$F/list"
	[ -z "$output" ]
	# of no database, too
	"$HELM" lint --strict "$C/helm"
}

@test "a container gets no more than it needs; the server no secret" {
	jq -e '[.items[].spec | .concurrencyPolicy == "Forbid",
	    .timeZone == "Etc/UTC", .jobTemplate.spec.activeDeadlineSeconds > 0,
	    (.jobTemplate.spec.template.spec | .securityContext.runAsNonRoot,
	    .automountServiceAccountToken == false,
	    (.containers[] | .securityContext.readOnlyRootFilesystem,
	    (.env | all(has("value"))), .resources.limits.memory != null),
	    ((.containers + (.initContainers // []))[].securityContext |
	    .allowPrivilegeEscalation == false and
	    .capabilities.drop == ["ALL"]))] | all' "$F/list"
	jq -e '[.items[].spec.jobTemplate.spec.template.spec.initContainers //
	    empty | .[] | .restartPolicy == "Always",
	    (.volumeMounts | map(.name) == ["data", "socket"])] |
	    length == 4 and all' "$F/list"
	# only who dumps has the database's secret
	[ "$(jq -r '.items[] | select([.. | .secretName? // empty] |
	    any(. == ("shop-app"))).metadata.name' "$F/list")" = bk-backup-shop ]
	jq -r '.items[].spec.jobTemplate.spec.template.spec.containers[].args[0]' \
	    "$F/list" >args
	[ "$(wc -l <args)" = 7 ]
	shellcheck -s bash args
}

# runs NAME [NAME=VALUE...]: run the container of this CronJob.
runs() {
	local command status=0
	mkdir -p secrets db
	cp "$F/aws" secrets
	cp "$F/shop.pub" secrets/recipient
	cp "$F/shop.key" secrets/key
	echo "http://127.0.0.1:$PORT/hook" >secrets/slack
	echo "postgresql://app@127.0.0.1:$PGPORT/shop" >db/uri
	# bk takes such files of others only as somebody else than root
	chmod 400 secrets/*
	jq --arg n "$1" '.items[] | select(.metadata.name == $n).spec.jobTemplate
	    .spec.template.spec.containers[0]' "$F/list" |
	    sed "s,/run/secrets/bk,$PWD/secrets,g; s,/run/secrets/db,$PWD/db,g
		s,/var/run/postgresql user,$PGHOST port=$PGPORT user,g" >container
	mapfile -d '' command < <(jq -j '(.command + .args)[] + "\u0000"' container)
	env -i AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL" AWS_REGION="$AWS_REGION" \
	    AWS_SHARED_CREDENTIALS_FILE="$PWD/secrets/aws" PATH="$PATH" \
	    AWS_EC2_METADATA_DISABLED=true "${@:2}" "${command[@]}" 3>&- ||
	    status=$?
	rm -r secrets
	return $status
}

@test "the jobs: backup, restore test, watch, pruning" {
	run -0 runs bk-backup-shop
	[ "$(stored shop/daily/)" = 1 ]
	run ! runs bk-prune-shop	# nothing was proven yet
	run -0 runs bk-verify-shop
	[ -z "$output" ]
	bk-s3get "$(bk-s3ls s3://backups/receipts/ | cut -f 3)" |
	    jq -e '.result == "proven" and .proof == "restore" and .rows == 25000'
	run -0 runs bk-prune-shop
	[ "$(stored shop/daily/)" = 1 ]
}

@test "what is missing or bad is told; another database's URI is refused" {
	start_python hook.py
	run -3 runs bk-verify-shop
	run -2 runs bk-watch
	stop_python hook.py
	grep '^{' hook.py.log | jq -r .body >told
	grep -q 's3://backups/shop/daily/: no backup' told
	grep -q 'CRITICAL.*Blog_2' told
	# the URI is of shop
	run ! runs bk-backup-blog-2
	[ "$(stored '')" = 0 ]
}
