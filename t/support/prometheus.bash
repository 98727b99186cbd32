# A throwaway Prometheus and the node_exporter that it asks, for bats files and
# scripts (with common.bash and pg.bash, whose pg_as runs both):
#
#	. "$SUPPORT/prometheus.bash"
#	prom_start DIR [FILE]	# DIR: any name; FILE: history in OpenMetrics
#	bk-age --prometheus "$PROM_TEXTFILES/shop.prom" ...
#	prom_query EXPR		# the result as JSON
#	prom_stop DIR
#
# It has the configuration and the rules of contrib/prometheus, but looks and
# judges five times a second and lets no alert wait.

# prom_conf HOME PORT: contrib/prometheus, in a hurry; PROM_LIMITS is a script
# for sed with other limits.
prom_conf() {
	sed "s/\(_interval:\) 1m/\1 200ms/; s/localhost:9100/127.0.0.1:$2/
	    s/localhost:9093/127.0.0.1:9/" \
	    "$TOP/contrib/prometheus/prometheus.yml" >"$1/prometheus.yml" &&
	    sed -e 's/^\( *for:\) .*/\1 0s/' -e "${PROM_LIMITS-}" \
	    "$TOP/contrib/prometheus/bk.rules.yml" >"$1/bk.rules.yml"
}

# prom_run HOME NAME CMD...: in the background, its process id in HOME/NAME.pid.
prom_run() {
	pg_as sh -c 'echo $$ >"$1" && shift && exec "$@"' sh "$1/$2.pid" \
	    "${@:3}" >"$1/$2.log" 2>&1 3>&- 4>&- &
}

# prom_start DIR [HISTORY]
prom_start() {
	local home try port
	home=$(mktemp -d /tmp/bk-prom.XXXXXX) && mkdir -p "$1" &&
	    ln -s "$home" "$1/home" && mkdir "$home/textfiles" "$home/data" &&
	    chmod 755 "$home" || return
	[ -z "${2-}" ] || promtool tsdb create-blocks-from \
	    --max-block-duration=1440h openmetrics -q "$2" "$home/data" \
	    >/dev/null || return
	[ "$(id -u)" != 0 ] || chown -R "$(pg_as id -u)" "$home/data" "$home"
	PROM_TEXTFILES=$home/textfiles
	export PROM_URL PROM_TEXTFILES
	for try in 1 2 3; do
		PROM_URL=http://127.0.0.1:$(free_port) port=$(free_port)
		prom_conf "$home" "$port" || return
		prom_run "$home" exporter prometheus-node-exporter \
		    --collector.disable-defaults --collector.textfile \
		    --collector.textfile.directory="$PROM_TEXTFILES" \
		    --web.listen-address="127.0.0.1:$port"
		prom_run "$home" prometheus prometheus \
		    --config.file="$home/prometheus.yml" \
		    --storage.tsdb.path="$home/data" \
		    --storage.tsdb.retention.time=1y \
		    --web.listen-address="${PROM_URL#http://}"
		await prom_ready "$home" "$port" && return
		# somebody else was faster at that port
		prom_kill "$home"
	done
	tail -n 5 "$home"/*.log >&2
	prom_stop "$1"
	return 1
}

# prom_ready HOME PORT: both answer, and it is ours that do.
prom_ready() {
	curl -fs -o "$1/answer" "http://127.0.0.1:$2/metrics" &&
	    curl -fs -o "$1/answer" "$PROM_URL/-/ready" &&
	    kill -0 "$(cat "$1/exporter.pid")" "$(cat "$1/prometheus.pid")"
}

# prom_get PATH [NAME=VALUE...]: the data of Prometheus' HTTP API, as JSON.
prom_get() {
	local arg args=()
	for arg in "${@:2}"; do
		args+=(--data-urlencode "$arg")
	done
	curl -sS -G "${args[@]}" "$PROM_URL/api/v1/$1" |
	    jq -ce 'if .status == "success" then .data else error(.error) end'
}

# prom_query EXPR [TIME]
prom_query() {
	prom_get query "query=$1" ${2:+"time=$2"} | jq -c .result
}

# prom_alerts: those that fire, a line each: name, severity, and of what.
prom_alerts() {
	prom_get alerts | jq -r '.alerts[] | select(.state == "firing") | .labels |
	    [.alertname, .severity, .db // .archive // .task // .path // .file //
	    .operation // "-"] | join(" ")' | sort
}

# prom_settle: wait until all was looked at, and then judged, after now.
prom_settle() {
	await prom_since targets .activeTargets[].lastScrape "$(prom_now)" &&
	    await prom_since rules .groups[].lastEvaluation "$(prom_now)"
}
prom_now() { date -u +%Y-%m-%dT%H:%M:%S.%NZ; }
prom_since() {
	prom_get "$1" | jq -e --arg moment "$3" "[$2] | min > \$moment" >/dev/null
}

# prom_rules: the rules as JSON, one a line.
prom_rules() {
	prom_get rules | jq -c '.groups[].rules[] |
	    {alert: .name, expr: .query, labels, annotations}'
}

# prom_past_alerts START END STEP: what would have fired then, as OpenMetrics:
# a server judges the present only.
prom_past_alerts() {
	local rule
	prom_rules | while IFS= read -r rule; do
		prom_get query_range "query=$(jq -r .expr <<<"$rule")" \
		    "start=$1" "end=$2" "step=$3" | jq -r --argjson rule "$rule" '
		    .result[] | (.metric + $rule.labels + {__name__: null,
			alertname: $rule.alert, alertstate: "firing"} |
			to_entries | map(select(.value) | "\(.key)=\(.value | @json)")
			| join(",")) as $labels |
		    .values[] | "ALERTS{\($labels)} 1 \(.[0])"'
	done
}

# prom_replay DIR HISTORY START END STEP: prom_start with a history and the
# alerts of that time.
prom_replay() {
	prom_start "$1" "$2" &&
	    { sed '/^# EOF/d' "$2" && prom_past_alerts "$3" "$4" "$5" &&
	    echo '# EOF'; } >"$2.alerts" && prom_stop "$1" &&
	    prom_start "$1" "$2.alerts"
}

# prom_kill HOME
prom_kill() {
	local file pid
	for file in "$1"/*.pid; do
		read -r pid <"$file" && kill -KILL "$pid" 2>/dev/null
		await prom_gone "$pid"
	done
}
prom_gone() { ! kill -0 "$1" 2>/dev/null; }

# prom_stop DIR: stop at once and remove; fine if it is not there.
prom_stop() {
	local home
	home=$(readlink "${1:?}/home") || return 0
	prom_kill "$home"
	rm -rf "$home" "${1:?}/home"
}
