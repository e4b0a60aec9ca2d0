#!/usr/bin/env bash
# How fast clustering is, how much memory it takes and whether either grows with the archive: one table.
#
# usage: benches/scale.sh [SIZES...]        (default: 100000 1000000)
# environment: PROFILE=dist|release (what newsfold is built as), NEWSFOLD=FILE (measure this executable instead), STREAM=FILE (copies
#              of this labelled stream; default ../shared/data/stories-dev.jsonl, and made-up stories where that is missing),
#              RUNS=1 (the best of so many), KEEP=FOLDER (work there and leave it)
#
# Every stream has 100,000 articles in each week, so that the window holds as many whatever the size: what is left is how the cost
# grows with the archive. "sparse" lays the same number into sixty days.
set -euo pipefail
cd "$(dirname "$0")/.."

sizes=("${@:-}")
[ $# -gt 0 ] || sizes=(100000 1000000)
profile="${PROFILE:-dist}"
stream="${STREAM:-../shared/data/stories-dev.jsonl}"
runs="${RUNS:-1}"
for tool in awk grep; do
  command -v "$tool" >/dev/null || { echo "skipped: \`$tool\` is not installed"; exit 0; }
done

cargo build --quiet --profile "$profile" --bin newsfold --example bigstream --example restart
built="${CARGO_TARGET_DIR:-target}/$profile"
newsfold="$(realpath "${NEWSFOLD:-$built/newsfold}")"
work="${KEEP:-$(mktemp -d)}"
mkdir -p "$work"
trap '[ -n "${KEEP:-}" ] || rm -rf "$work"' EXIT
from=()
if [ -f "$stream" ]; then from=(--from "$stream"); else echo "no \`$stream\`: made-up stories"; fi

# make NAME COUNT DAYS
make_stream() {
  [ -s "$work/$1.jsonl" ] || "$built/examples/bigstream" "$2" "$work/$1.jsonl" --days "$3" "${from[@]}"
}

# figure NAME: the first number of that name in the JSON on stdin
figure() { grep -o "\"$1\": *[0-9.]*" | head -1 | grep -o '[0-9.]*$' || echo 0; }

# measure NAME WHAT OPTIONS...: the fastest of the runs becomes a row
measure() {
  local name="$1" what="$2" best="" speed fastest=0
  shift 2
  for _ in $(seq "$runs"); do
    "$newsfold" eval "$work/$name.jsonl" --json "$@" >"$work/said.json"
    speed="$(figure articles_per_second <"$work/said.json")"
    if awk "BEGIN { exit !($speed > $fastest) }"; then fastest="$speed"; best="$(cat "$work/said.json")"; fi
  done
  local get
  get() { figure "$1" <<<"$best"; }
  awk -v what="$what" -v n="$(get articles)" -v window="$(get window_articles_max)" -v seconds="$(get seconds)" \
    -v speed="$(get articles_per_second)" -v p50="$(get p50)" -v p99="$(get p99)" -v rss="$(get peak_rss_mb)" -v f1="$(get f1)" \
    'BEGIN { printf "| %s | %d | %d | %.1f | %.0f | %.1f | %.1f | %.0f | %.0f | %.4f |\n", what, n, window, seconds, speed, p50, p99, rss,
      (rss > 60 ? (rss - 60) * 1e6 / window : 0), f1 }'
}

echo "newsfold: $("$newsfold" --version), profile $profile; $(nproc) cores, load before: $(cut -d' ' -f1 /proc/loadavg)"
echo
echo "| stream | articles | most in the window | s | articles/s | assign p50 µs | p99 µs | peak MB | bytes per article of the window beyond 60 MB | BCubed F1 |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for size in "${sizes[@]}"; do
  make_stream "dense-$size" "$size" "$(((size * 7 + 99999) / 100000))"
  measure "dense-$size" "100,000 a week"
done
make_stream "sparse-${sizes[0]}" "${sizes[0]}" 60
measure "sparse-${sizes[0]}" "sparse"

echo
echo "everything stored and indexed, then opened again: $("$built/examples/restart" "$work/dense-${sizes[0]}.jsonl" "$work")"
