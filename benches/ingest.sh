#!/usr/bin/env bash
# One pass over feeds on loopback, newsfold beside newsboat: the first pass, where everything is new, and the pass after it, where
# every feed answers "not modified". newsboat stores entries; newsfold also cleans, clusters and indexes them.
#
# usage: benches/ingest.sh [RUNS] [FEEDS...]        (default: 5 500 5000)
# environment: PROFILE=dist|release (what newsfold is built as), NEWSFOLD=FILE (measure this executable instead),
#              PORT=8473, GZIP=on (the origin compresses), KEEP=FOLDER (work there and leave it)
set -euo pipefail
cd "$(dirname "$0")/.."

runs="${1:-5}"
shift || true
sizes=("${@:-500}")
[ $# -gt 0 ] || sizes=(500 5000)
profile="${PROFILE:-dist}"
port="${PORT:-8473}"
downloads=16 # under way at once, of newsfold; loopback is one host, so both limits are set to it
entries=30

for tool in nginx newsboat /usr/bin/time awk; do
  command -v "$tool" >/dev/null || { echo "skipped: \`$tool\` is not installed (Debian: nginx-light, newsboat, time, mawk)"; exit 0; }
done

cargo build --quiet --profile "$profile" --bin newsfold --example feeds
built="${CARGO_TARGET_DIR:-target}/$profile"
newsfold="$(realpath "${NEWSFOLD:-$built/newsfold}")"
work="${KEEP:-$(mktemp -d)}"
mkdir -p "$work"
work="$(realpath "$work")"

finish() {
  [ -f "$work/nginx.pid" ] && kill -QUIT "$(cat "$work/nginx.pid")" 2>/dev/null
  [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap finish EXIT

# --- the origin: Debian's nginx with its usual settings, ETag and Last-Modified as it makes them
cat >"$work/nginx.conf" <<CONF
pid $work/nginx.pid;
error_log $work/nginx.error;
worker_processes 1;
events { worker_connections 768; }
http {
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000;
  gzip ${GZIP:-off};
  gzip_types application/xml;
  types { application/xml xml; }
  log_format status '\$status';
  access_log $work/access.log status;
  client_body_temp_path $work/body;
  proxy_temp_path $work/proxy;
  fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi;
  scgi_temp_path $work/scgi;
  server { listen 127.0.0.1:$port; root $work/feeds; }
}
CONF
mkdir -p "$work/feeds"
# Its workers run as another user where we are root, and must be able to come here.
chmod 755 "$work"
nginx -e "$work/nginx.error" -c "$work/nginx.conf"

# measure NAME EXPECTED-STATUS FEEDS COMMAND...: one line "wall user system rss" is added to NAME; the origin's log says whether
# the pass was what it should be.
measure() {
  local name="$1" status="$2" feeds="$3"
  shift 3
  : >"$work/access.log"
  HOME="$work/home" /usr/bin/time -f '%e %U %S %M' -o "$work/time" "$@" >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
  cat "$work/time" >>"$work/$name"
  local answered
  sleep 0.2
  answered="$(grep -c "^$status\$" "$work/access.log" || true)"
  if [ "$answered" != "$feeds" ]; then
    echo "$name: $answered answers with $status, where $feeds were expected" >&2
    exit 1
  fi
}

newsfold_pass() { # feeds pass
  local status=200 all=()
  [ "$2" = first ] && rm -f "$work"/fold.db*
  [ "$2" = again ] && status=304 && all=(--all)
  measure "$1.newsfold.$2" "$status" "$1" "$newsfold" --config "$work/fold-$1.toml" --db "$work/fold.db" fetch "${all[@]}"
  tail -1 "$work/said" >"$work/$1.newsfold.$2.said"
}

newsboat_pass() { # feeds pass threads
  local status=200
  [ "$2" = first ] && rm -f "$work"/boat.db*
  [ "$2" = again ] && status=304
  # This newsboat asks again, three times by default, when it hears "not modified" (its issue 2732): once is enough.
  printf 'reload-threads %s\ndownload-retries 1\n' "$3" >"$work/boat.config"
  measure "${4:-$1.newsboat.$2}" "$status" "$1" newsboat -q -u "$work/boat-$1.urls" -C "$work/boat.config" -c "$work/boat.db" -x reload
}

prepare() { # feeds
  rm -rf "$work/feeds"
  "$built/examples/feeds" "$work/feeds" "$1" "$entries" "$(($(date +%s) / 86400 * 86400))"
  # An older file has an ETag and a Last-Modified that cannot change within the second.
  find "$work/feeds" -name '*.xml' -exec touch -d '1 hour ago' {} +
  mkdir -p "$work/home"
  {
    printf '[fetch]\nallow_private_addresses = true\nconcurrency = %s\nper_host = %s\n' "$downloads" "$downloads"
    printf '[[feeds]]\nurl = "http://127.0.0.1:'"$port"'/%05d.xml"\n' $(seq 1 "$1")
  } >"$work/fold-$1.toml"
  printf 'http://127.0.0.1:'"$port"'/%05d.xml\n' $(seq 1 "$1") >"$work/boat-$1.urls"
}

# median COLUMNS FILE: the median of the sum of these columns
median() { awk -v columns="$1" '{n=split(columns,c,","); s=0; for(i=1;i<=n;i++) s+=$c[i]; printf "%.2f\n", s}' "$2" | sort -n | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }
spread() { cut -d' ' -f1 "$1" | sort -n | awk 'NR==1{low=$1} {high=$1} END {print low "–" high}'; }

echo "newsfold: $("$newsfold" --version), profile $profile; $(newsboat --version | head -1); $(nginx -v 2>&1)"
echo "$(nproc) cores, gzip ${GZIP:-off}, load before: $(cut -d' ' -f1 /proc/loadavg)"

# newsboat at its best: the number of threads that is done soonest with the smallest size
prepare "${sizes[0]}"
best=1
for threads in 1 2 4 8; do
  for _ in $(seq $((runs < 3 ? runs : 3))); do newsboat_pass "${sizes[0]}" first "$threads" "try.$threads"; done
  if [ "$(median 1 "$work/try.$threads" | tr -d .)" -lt "$(median 1 "$work/try.$best" | tr -d .)" ]; then best="$threads"; fi
done
echo "newsboat's reload-threads, seconds: $(for threads in 1 2 4 8; do printf '%s: %s  ' "$threads" "$(median 1 "$work/try.$threads")"; done)→ $best"

for feeds in "${sizes[@]}"; do
  prepare "$feeds"
  bytes="$(du -sb "$work/feeds" | cut -f1)"
  for _ in $(seq "$runs"); do
    newsfold_pass "$feeds" first
    newsboat_pass "$feeds" first "$best"
    newsfold_pass "$feeds" again
    # It forgets the validators of a feed's first answer (its issue 2734), so it is asked twice before its pass of 304s.
    newsboat_pass "$feeds" second "$best"
    newsboat_pass "$feeds" again "$best"
  done
  printf '\n%s feeds of %s entries, %s MB; medians of %s runs\n\n' "$feeds" "$entries" "$((bytes / 1000000))" "$runs"
  echo "| pass | program | wall s | (low–high) | CPU s | feeds/s | peak MB | wall, times faster | CPU, times less |"
  echo "|---|---|---|---|---|---|---|---|---|"
  for pass in first again; do
    for program in newsboat newsfold; do
      file="$work/$feeds.$program.$pass"
      awk -v p="$pass" -v name="$program" -v wall="$(median 1 "$file")" -v range="$(spread "$file")" -v cpu="$(median 2,3 "$file")" \
        -v rss="$(median 4 "$file")" -v feeds="$feeds" -v wall0="$(median 1 "$work/$feeds.newsboat.$pass")" \
        -v cpu0="$(median 2,3 "$work/$feeds.newsboat.$pass")" \
        'BEGIN { if (wall==0) wall=0.005; printf "| %s | %s | %.2f | %s | %.2f | %.0f | %.0f | %.2f | %.2f |\n", (p=="first" ? "first" : "304"), name, wall, range, cpu, feeds/wall, rss/1024, wall0/wall, cpu0/cpu }'
    done
  done
  echo
  echo "newsfold said: $(cat "$work/$feeds.newsfold.first.said") | $(cat "$work/$feeds.newsfold.again.said")"
done
