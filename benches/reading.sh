#!/usr/bin/env bash
# How long lists, searches and one cluster take over a million articles, process start and printing included: one table. CPU time is
# the middle one too; it is what tells two versions apart on a machine that does other things.
#
# usage: benches/reading.sh [ARTICLES] [DAYS]        (default: 1000000 365)
# environment: PROFILE=dist|release (what newsfold is built as), NEWSFOLD=FILE (measure this executable instead), RUNS=11 (of which
#              the middle one counts, and the fastest and slowest are told), KEEP=FOLDER (work there and leave the database)
#
# The database is made up by `examples/library.rs`; its last article is of the moment it was made.
set -euo pipefail
cd "$(dirname "$0")/.."

articles="${1:-1000000}"
days="${2:-365}"
profile="${PROFILE:-dist}"
runs="${RUNS:-11}"
command -v awk >/dev/null || { echo "skipped: \`awk\` is not installed"; exit 0; }

cargo build --quiet --profile "$profile" --bin newsfold --example library
built="${CARGO_TARGET_DIR:-target}/$profile"
newsfold="$(realpath "${NEWSFOLD:-$built/newsfold}")"
work="${KEEP:-$(mktemp -d)}"
mkdir -p "$work"
trap '[ -n "${KEEP:-}" ] || rm -rf "$work"' EXIT
db="$work/library-$articles-$days.db"
[ -s "$db" ] || "$built/examples/library" "$articles" "$db" --days "$days"

# middle FIELD: the middle of a column of seconds, in milliseconds
middle() { sort -n -k "$1,$1" "$work/times" | awk -v field="$1" '{ t[NR] = $field * 1000 } END { printf "%.0f", t[int((NR + 1) / 2)] }'; }

# measure WHAT ARGUMENTS...: a row of wall and CPU times in milliseconds
TIMEFORMAT='%R %U %S'
measure() {
  local what="$1" bytes
  shift
  bytes="$("$newsfold" --db "$db" "$@" 2>/dev/null | wc -c)"
  for _ in $(seq "$runs"); do
    { time "$newsfold" --db "$db" "$@" >/dev/null 2>&1; } 2>&1
  done | awk '{ print $1, $2 + $3 }' >"$work/times"
  local fastest slowest
  fastest="$(sort -n "$work/times" | head -1 | awk '{ printf "%.0f", $1 * 1000 }')"
  slowest="$(sort -n "$work/times" | tail -1 | awk '{ printf "%.0f", $1 * 1000 }')"
  echo "| $what | $(middle 1) | $fastest–$slowest | $(middle 2) | $((bytes / 1024)) |"
}

# The largest cluster of the last day, and one of an article.
largest="$("$newsfold" --db "$db" clusters --since 24h --sort size --limit 1 --format jsonl | grep -o '"id":"c[^"]*"' | head -1 | cut -d'"' -f4)"
small="$("$newsfold" --db "$db" clusters --limit 1 --sort new --format jsonl | grep -o '"id":"c[^"]*"' | head -1 | cut -d'"' -f4)"

echo "newsfold: $("$newsfold" --version), profile $profile; $articles articles of $days days, $(du -m "$db" | cut -f1) MiB; $(nproc) cores, load before: $(cut -d' ' -f1 /proc/loadavg)"
echo
echo "| command | ms, middle of $runs | fastest–slowest | CPU ms | KiB printed |"
echo "|---|---|---|---|---|"
measure "clusters --since 24h --limit 30 --format table" clusters --since 24h --limit 30 --format table
measure "clusters --since 24h --format table (all)" clusters --since 24h --format table
measure "clusters --since 24h --limit 30 --format json" clusters --since 24h --limit 30 --format json
measure "clusters --since 24h --format json (all)" clusters --since 24h --format json
measure "clusters --since 24h --min-outlets 3 --format json" clusters --since 24h --min-outlets 3 --format json
measure "clusters --limit 30 (of all time)" clusters --limit 30 --format table
measure "clusters --limit 30 --sort size (of all time)" clusters --limit 30 --sort size --format table
measure "search rare (1 of 5,000 articles)" search rare
measure "search common --limit 30 (1 of 51)" search common --limit 30
measure "search common (1 of 51; 1,000 articles shown)" search common --format json
measure "search '\"common story\"' --limit 30" search '"common story"' --limit 30
measure "search common --since 24h" search common --since 24h
measure "search everywhere --limit 30 (1 of 3, newest first)" search everywhere --limit 30
measure "search 'everywhere story' --since 24h" search 'everywhere story' --since 24h
measure "show, the largest of the day" show "$largest"
measure "show, one article" show "$small"
