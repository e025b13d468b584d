# pidfiles.sh - what a pidfile holds, and what it keeps from happening.
#
# Each scenario is given the tool, has a folder $dir to itself, and leaves its result in $cell.
# shellcheck shell=bash disable=SC2034,SC2154 # shared with compare

pidfile_of_failure() {
  has "$1" pidfile || return 0
  local pidfile=$dir/pid
  start_and_settle "$1" "$scripts/no_interpreter"
  if [[ -e $pidfile ]]; then cell='left behind'; else cell=none; fi
}

second_start() {
  has "$1" pidfile || return 0
  local pidfile=$dir/pid pid
  start "$1" "$scripts/stay"
  await_job || return 0
  cell=$(starts_or_refuses "$1")
  ! grep -qw "$pid" "$dir/err" "$dir/out" || cell+=', names the pid'
}

starts_or_refuses() {
  local before
  before=$(running | wc -l)
  start_and_settle "$1" "$scripts/stay"
  if [[ $(running | wc -l) -gt $before ]]; then
    printf 'starts'
  else
    printf 'refuses (%s)' "$status"
  fi
}

# Ten starts at once, three times: the worst of them.
ten_starts() {
  has "$1" pidfile || return 0
  local pidfile words jobs round failed count most=0
  cell='no job runs'
  for round in 1 2 3; do
    pidfile=$dir/pid.$round
    compose "$1" "$scripts/stay"
    failed=$(failures_of_ten "${words[@]}")
    wait_for settled || true
    mapfile -t jobs < <(running)
    count=${#jobs[@]}
    if ((count > most)); then
      most=$count
      cell="$count job$( ((count == 1)) || echo s), $failed starts failed"
      [[ " ${jobs[*]} " == *" $(cat "$pidfile") "* ]] || cell+=', pidfile names none'
    fi
    end_all "$dir"
  done
}

# How many of ten WORD... fail that are let go at once.
failures_of_ten() {
  local failed=0 starters=() gate pid _
  mkfifo "$dir/gate"
  for _ in {1..10}; do
    (
      : <"$dir/gate"
      exec env --default-signal TETHER_PEERS="$dir/" timeout --foreground -k 1 "$patience" "$@" \
        </dev/null >/dev/null 2>&1
    ) &
    starters+=($!)
  done
  exec {gate}<>"$dir/gate"
  for pid in "${starters[@]}"; do wait "$pid" || failed=$((failed + 1)); done
  exec {gate}>&-
  rm "$dir/gate"
  echo "$failed"
}

# The pidfile is read all the time while three hundred starts write it.
pidfile_whole() {
  has "$1" pidfile || return 0
  local pidfile=$dir/pid words watcher
  watch_pidfile "$pidfile" >/dev/null 2>&1 &
  watcher=$!
  compose "$1" "$(type -P true)"
  # shellcheck disable=SC2016
  run bash -c 'for _ in {1..300}; do "$@" >/dev/null 2>&1; done; :' shell "${words[@]}"
  : >"$dir/stop"
  wait "$watcher" || true
  cell=$(<"$dir/seen")
  ((status == 0)) || cell+=', but not all of them came to an end'
}

watch_pidfile() {
  local line seen='never there' end=$((SECONDS + patience * 4))
  while [[ -d $dir && ! -e $dir/stop ]] && ((SECONDS < end)); do
    {
      if ! IFS= read -r line || [[ ! $line =~ ^[0-9]+$ ]]; then
        seen='seen empty'
        [[ -z $line ]] || seen='seen partial'
      elif [[ $seen == never* ]]; then
        seen='always whole'
      fi
    } <"$1" || true
  done
  printf '%s\n' "$seen" >"$dir/seen"
}

left_pidfile() {
  has "$1" pidfile || return 0
  local pidfile=$dir/pid
  stranger
  echo $! >"$pidfile"
  cell=$(starts_or_refuses "$1")
  has_stop "$1" || return 0
  pidfile=$dir/other-pid
  echo $! >"$pidfile"
  cell+="; stop $(stops_or_spares "$1" $!)"
  [[ $1 == start-stop-daemon ]] || return 0
  stranger
  echo $! >"$pidfile"
  cell+=", with --exec $(stops_or_spares "$1" $! --exec "$sleep")"
}

has_stop() { [[ $1 == start-stop-daemon || $1 == tether ]]; }

# stops_or_spares TOOL PID [OPTION...]: what a stop does to PID, a stranger.
stops_or_spares() {
  local tool=$1 pid=$2
  shift 2
  stop "$tool" "$@"
  # A signal that was sent acts, or it is pending.
  wait_for not_asked "$pid" || true
  if wait_for 1 gone "$pid"; then printf 'kills it'; else printf 'spares it (%s)' "$status"; fi
}

not_asked() { gone "$1" || ! grep -q '^S[a-z]*Pnd:.*[1-9a-f]' "/proc/$1/status"; }

stranger() { in_background stranger/ "$perl" -e 'sleep 1000'; }

# A job dies, and a stranger gets its number. In a PID namespace whose first process is this shell.
reused_pid() {
  has "$1" pidfile || return 0
  inside_namespace reused_pid_inside "$1"
}

reused_pid_inside() {
  local pidfile=$dir/pid
  start_and_settle "$1" "$scripts/stay"
  give_away "$(<"$pidfile")"
  cell=$(starts_or_refuses "$1")
  if has_stop "$1"; then
    [[ $cell != starts ]] || give_away "$(<"$pidfile")"
    cell+="; stop $(stops_or_spares "$1" "$(<"$pidfile")")"
  fi
}

give_away() {
  local _
  kill -KILL "$1"
  wait_for vanished "$1" || true
  for _ in {1..50}; do
    echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid
    stranger
    if [[ $! == "$1" ]]; then
      wait_for became "$1" "$perl"
      return
    fi
    kill -KILL $!
  done
  return 1
}

orphan_of_job() {
  has "$1" pidfile || return 0
  local pidfile=$dir/pid main
  start "$1" "$scripts/family"
  wait_for family_or_settled || true
  main=$(cat "$pidfile" 2>/dev/null) || { cell='no job runs'; return 0; }
  kill -KILL "$main" || true
  wait_for 5 vanished "$main" || true
  cell=$(starts_or_refuses "$1")
}

family_or_settled() { runs 2 || settled; }
