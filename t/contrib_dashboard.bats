#!/usr/bin/env bats
# contrib/grafana: the dashboard's queries on a real Prometheus that has seen
# four days of backups, and the picture drawn of them.

load support/common
load support/prometheus
. "$SUPPORT/pg.bash"

BOARD=$TOP/contrib/grafana/bk.json
PICTURE=$TOP/contrib/grafana/picture.py

setup_file() {
	cd "$BATS_FILE_TMPDIR"
	END=$(date -d '2026-11-16 02:00' +%s)
	export END
	"$SUPPORT/month.sh" "$PWD/month" 1 3 6 "$END" >history
	prom_replay "$PWD/prom" history $((END - 3 * 86400)) "$END" 21600
}

teardown_file() {
	prom_stop "$BATS_FILE_TMPDIR/prom"
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# exprs: the queries of all panels, one a line.
exprs() { jq -r '.panels[].targets[]?.expr' "$BOARD"; }

@test "panels have an id each, a place each, and the data source chosen" {
	jq -e '.panels | (map(.id) | unique | length) == length and
	    length >= 14' "$BOARD"
	jq -e '[.panels[] | select(.type != "row") | .datasource,
	    .targets[].datasource | . == {type: "prometheus",
	    uid: "${datasource}"}] | all' "$BOARD"
	jq -e '.templating.list | map(.name) == ["datasource", "db"]' "$BOARD"
	jq -e '[.panels[].targets? // [] | (map(.refId) | unique | length) ==
	    length] | all' "$BOARD"
	# every cell of the grid is of one panel
	jq -r '.panels[].gridPos | . as $g | range(.x; .x + .w) as $x |
	    range(.y; .y + .h) as $y | "\($x) \($y)"' "$BOARD" | sort >cells
	[ -s cells ]
	run -0 uniq -d cells
	[ -z "$output" ]
	run -1 grep -vE '^(1?[0-9]|2[0-3]) ' cells
}

@test "metrics that panels name are in the tools' pages" {
	exprs | grep -oE '\bbk_[a-z_]+' | sort -u >named
	[ "$(wc -l <named)" -ge 10 ]
	cat "$TOP"/man/*.1 | grep -oE '\bbk_[a-z_]+' | sort -u >documented
	comm -23 named documented >unknown
	diff /dev/null unknown
}

# What is of bk-stat's has its turn in t/contrib_stat.bats.
@test "every query is understood and finds something" {
	local expr found
	exprs | grep -v bk_stat_ >exprs
	[ "$(wc -l <exprs)" -ge 15 ]
	while IFS= read -r expr; do
		found=$(prom_get query_range "query=${expr//\$db/.*}" step=21600 \
		    "start=$((END - 3 * 86400))" "end=$END" | jq '.result | length')
		[ "$found" -gt 0 ] || echo "finds nothing: $expr"
	done <exprs >nothing
	diff /dev/null nothing
}

@test "the choice of a database holds for every panel about databases" {
	exprs | grep -E 'bk_backup_[a-z_]*(time|size|stored|gap|status)' >about
	run -1 grep -v 'db=~"$db"' about
}

@test "what is seen is what was done: numbers of the four days" {
	prom_query 'bk_backup_stored' $((END - 21600)) |
	    jq -e 'map(.value[1]) == ["4", "4"]'
	# on Sunday both were proven
	prom_query 'ALERTS{alertname="BkBackupNotProven", severity="critical"}' \
	    $((END - 3 * 86400)) | jq -e 'map(.metric.db) == ["crm", "shop"]'
	prom_query 'ALERTS{alertname="BkBackupNotProven"}' $((END - 21600)) |
	    jq -e 'length == 0'
}

@test "the picture" {
	run -0 --separate-stderr "$PICTURE" -o new.png --end $((END - 21600)) \
	    --days 3 --step 21600 "$PROM_URL"
	[ -z "$output$stderr" ]
	[ "$(head -c 8 new.png | xxd -p)" = 89504e470d0a1a0a ]
	[ "$(wc -c <new.png)" -gt 30000 ]
	# a Prometheus that knows nothing of that time, and none at all
	run -1 --separate-stderr "$PICTURE" -o none.png --end 1000000000 "$PROM_URL"
	one_line_error picture.py
	run -1 --separate-stderr "$PICTURE" -o none.png http://127.0.0.1:1
	one_line_error picture.py
	run -1 --separate-stderr "$PICTURE" -o none.png "$PROM_URL/nowhere"
	one_line_error picture.py
	[ ! -e none.png ]
	run -1 --separate-stderr "$PICTURE" -o /nowhere/x.png --days 3 \
	    --step 21600 --end $((END - 21600)) "$PROM_URL"
	one_line_error picture.py
}

@test "the README's picture is there, and small" {
	grep -qF '](contrib/grafana/bk.png)' "$TOP/README.md"
	[ "$(head -c 8 "$TOP/contrib/grafana/bk.png" | xxd -p)" = 89504e470d0a1a0a ]
	[ "$(wc -c <"$TOP/contrib/grafana/bk.png")" -lt 150000 ]
}
