# starts.sh - what the starter says, and when it returns.
#
# Each scenario is given the tool, has a folder $dir to itself, and leaves its result in $cell.
# shellcheck shell=bash disable=SC2034,SC2154 # shared with compare

version() {
  local tool=$1
  [[ $tool != tether ]] || tool=$tether
  run "$tool" --version
  cell=$(cat "$dir/out" "$dir/err" | sed -nE '/[0-9]\.[0-9]/ { s/[^0-9]*([0-9]+(\.[0-9]+)+).*/\1/p; q; }' || true)
  [[ -n $cell || $1 != daemonize ]] || cell=$(dpkg-query -W -f '${Version}' daemonize || true)
}

no_argument() {
  case $1 in
    setsid) run setsid -f ;;
    start-stop-daemon) run start-stop-daemon --start --background ;;
    tether) run "$tether" -d ;;
    *) run "$1" ;;
  esac
  cell="status $status"
  ((status <= 128)) || cell="dies of SIG$(kill -l "$status" || true)"
}

no_command() {
  local words
  start_and_settle "$1" "$dir/no-such-command"
  cell="$status, $(said no-such-command)"
  [[ $1 == start-stop-daemon ]] || return 0
  words=(start-stop-daemon --start --background --pidfile "$dir/no-pidfile" --exec)
  run "${words[@]}" "$dir/no-such-command"
  cell+="; with --exec: $status, $(said no-such-command)"
}

said() { if grep -q "$1" "$dir/err"; then printf 'said so'; else printf 'said nothing'; fi; }

no_interpreter() {
  start_and_settle "$1" "$scripts/no_interpreter"
  cell="$status, "
  if grep -q /no/such/interpreter "$dir/err"; then
    cell+='named the interpreter'
  elif grep -q no_interpreter "$dir/err"; then
    cell+='named the script'
  else
    cell+='said nothing'
  fi
}

# The job may end at any moment of the start: tether is asked twenty times.
dead_at_once() {
  local await times
  start_and_settle "$1" "$scripts/fail"
  cell=$status
  case $1 in
    start-stop-daemon) await=socket times=1 ;;
    tether) await=fd:3 times=20 ;;
    *) return 0 ;;
  esac
  cell+="; awaited: $(statuses "$times" "$1" "$scripts/fail" | sort -nu | paste -s -d ' ')"
  ! grep -q 'timed out' "$dir/err" || cell+=' at its time limit'
}

# statuses TIMES TOOL COMMAND: the status of each of so many starts.
statuses() {
  local left
  for ((left = $1; left > 0; --left)); do
    start "${@:2}"
    printf '%s\n' "$status"
  done
}

slow_start() {
  local await ways=()
  case $1 in
    start-stop-daemon) ways=(socket) ;;
    tether) ways=(fd:3 socket) ;;
  esac
  start "$1" "$scripts/slow"
  cell=$(was_ready)
  for await in "${ways[@]}"; do
    end_all "$dir"
    rm -f "$dir/ready"
    start "$1" "$scripts/slow"
    cell+="; awaited by ${await%:*}: $(was_ready)"
  done
}

was_ready() {
  if [[ -e $dir/ready ]]; then printf yes; else printf no; fi
  ((status == 0)) || printf ' (%s)' "$status"
}

captured_output() {
  local words shell
  compose "$1" "$scripts/stay"
  # shellcheck disable=SC2016
  in_background "" \
    bash -c 'out=$("$@" 2>"${TETHER_PEERS}err"); : >"${TETHER_PEERS}returned"' shell "${words[@]}"
  shell=$!
  wait_for returned_or_held "$shell" || true
  if [[ ! -e $dir/returned ]]; then
    cell='hangs while the job runs'
    return
  fi
  await_job || return 0
  cell="returns; output to $(readlink "/proc/$pid/fd/1")"
  [[ ! -s $dir/err ]] || cell+=', said so'
}

# Or nothing is there any more but the shell and a job that holds its pipe.
returned_or_held() {
  local pid
  [[ ! -e $dir/returned ]] || return 0
  settled "$1" || return 1
  for pid in $(running); do
    [[ $(readlink "/proc/$pid/fd/1") != pipe:* ]] || return 0
  done
  return 1
}

starter_returns() {
  local words
  compose "$1" "$scripts/stay"
  cell=$(returns_where "${words[@]}")
  case $1 in
    setsid) cell+="; without -f: $(returns_where setsid "$scripts/stay")" ;;
    nohup) cell+="; without &: $(returns_where nohup "$scripts/stay")" ;;
  esac
}

# Whether the starter ends although its job runs: WORD..., in a script and as a group leader.
returns_where() {
  local starter result="" leader
  # A child of this shell is no group leader, so that the setsid here does not fork.
  for leader in env setsid; do
    in_background "" "$leader" "$@"
    starter=$!
    wait_for settled_with_job || true
    # The job itself, or gone: nothing else is left.
    if alive "$starter"; then result+='stays, '; else result+='returns, '; fi
    end_all "$dir"
  done
  printf '%s' "${result%, }"
}

settled_with_job() { runs 1 && settled; }
