#!/usr/bin/env bash
# picture.sh: make contrib/grafana/bk.png anew, of thirty days as month.sh has
# them, seen by a real Prometheus.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.bash"
. "$SUPPORT/pg.bash"
. "$SUPPORT/prometheus.bash"

end=$(date -d '2026-11-20 02:00' +%s)
dir=$(mktemp -d)
trap 'prom_stop "$dir/prom"; rm -rf "$dir"' EXIT
"$SUPPORT/month.sh" "$dir/month" 12 30 1 "$end" >"$dir/history"
prom_replay "$dir/prom" "$dir/history" $((end - 30 * 86400)) "$end" 3600
"$TOP/contrib/grafana/picture.py" -o "$TOP/contrib/grafana/bk.png" \
    --end $((end - 3600)) "$PROM_URL"
