# endings.sh - what is known of the end of a job, and how it is ended.
#
# Each scenario is given the tool, has a folder $dir to itself, and leaves its result in $cell.
# shellcheck shell=bash disable=SC2034,SC2154 # shared with compare

stop_waits() {
  has "$1" stop || return 0
  local pidfile=$dir/pid pid
  cell=$(stop_stubborn "$1")
  [[ $1 != start-stop-daemon ]] || cell+=", with --retry $(stop_stubborn "$1" --retry 10)"
}

stop_stubborn() {
  local pid
  rm -f "$dir/up" "$pidfile"
  start "$1" "$scripts/stubborn"
  wait_for up_or_settled || true
  pid=$(cat "$dir/up" 2>/dev/null) || { printf 'no job runs'; return; }
  stop "$@"
  if alive "$pid"; then printf 'still running'; else printf 'gone'; fi
  end_all "$dir"
}

up_or_settled() { [[ -s $dir/up ]] || settled; }

status_afterwards() {
  has "$1" status-file || return 0
  local file=$dir/status.json go pid
  mkfifo "$dir/go"
  run "$tether" -d --status-file="$file" "$scripts/until_told"
  tell
  wait_for ended_record || true
  exec {go}>&-
  cell="exit $(exit_field status)"
  run "$tether" -d --status-file="$file" "$scripts/stay"
  await_job || return 0
  kill -KILL "$pid" || true
  wait_for ended_record || true
  cell+=", $(exit_field code) by $(exit_field signal)"
}

# The keeper has the mark as well, so that nothing marked is left when it has gone too.
ended_record() { grep -qs '"record":"exit"' "$file" || [[ -z $(marked "$dir" -x) ]]; }

exit_field() {
  sed -n "/\"record\":\"exit\"/ s/.*\"$1\":\"*\([A-Za-z0-9]*\).*/\1/p" "$dir/status.json" || true
}

waited_status() {
  local words
  has "$1" wait || return 0
  case $1 in
    setsid) words=(setsid -f -w) ;;
    nohup) words=(nohup) ;;
    start-stop-daemon) words=(start-stop-daemon --start --pidfile "$dir/no-pidfile" --startas) ;;
    tether) words=("$tether" -w) ;;
  esac
  run "${words[@]}" "$scripts/seven"
  cell=$status
  run "${words[@]}" "$scripts/killed"
  cell+=", $status"
  run env --ignore-signal=CHLD "${words[@]}" "$scripts/seven"
  cell+=", $status"
}

# The first process is one that never waits.
zombie() { inside_namespace zombie_inside "$1" "& exec sleep 1000"; }

zombie_inside() {
  local pidfile=$dir/pid words pid
  wait_for became 1 "$sleep"
  compose "$1" "$scripts/stay"
  [[ $1 != tether ]] || words=("$tether" --json "${words[@]:1}")
  run "${words[@]}"
  wait_for settled || true
  pid=$(running)
  kill -KILL "$pid"
  wait_for gone "$pid"
  if [[ $(field_of "$pid" 3) == Z ]]; then cell=zombie; else cell=none; fi
  [[ $1 != tether ]] || cell+=" (record: $(sed -n 's/.*"autoreap":"*\([a-z]*\).*/\1/p' "$dir/out"))"
  case $1 in
    daemonize | start-stop-daemon | tether) cell+="; the next $(starts_or_refuses "$1")" ;;
  esac
}
