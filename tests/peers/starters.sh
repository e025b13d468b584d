# starters.sh - how each of the tools is called.
# shellcheck shell=bash disable=SC2034,SC2154 # shared with compare

# compose TOOL COMMAND: the words that start COMMAND in the background, into $words. $pidfile,
# $output and $await ask for what they say. COMMAND has no arguments, and a path.
# shellcheck disable=SC2016
compose() {
  case $1 in
    setsid) words=(setsid -f) ;;
    nohup) words=(bash -c 'nohup "$1" &' shell) ;;
    daemonize)
      words=(daemonize)
      [[ -z ${pidfile-} ]] || words+=(-p "$pidfile" -l "$pidfile.lock")
      [[ -z ${output-} ]] || words+=(-o "$output")
      ;;
    start-stop-daemon)
      words=(start-stop-daemon --start --background --pidfile "${pidfile-$dir/no-pidfile}")
      [[ -z ${pidfile-} ]] || words+=(--make-pidfile)
      [[ -z ${output-} ]] || words+=(--output "$output")
      [[ -z ${await-} ]] || words+=(--notify-await --notify-timeout 5)
      words+=(--startas)
      ;;
    tether)
      words=("$tether" -d)
      [[ -z ${pidfile-} ]] || words+=("--pidfile=$pidfile")
      [[ -z ${output-} ]] || words+=("--log=$output")
      [[ -z ${await-} ]] || words+=("--notify=$await")
      ;;
  esac
  words+=("$2")
}

# Runs WORD..., as from a shell, for at most $patience: $status, and $dir/out and $dir/err.
run() {
  status=0
  # Its death by a signal is no news here.
  {
    env --default-signal TETHER_PEERS="$dir/" timeout --foreground -k 1 "$patience" "$@" \
      </dev/null >"$dir/out" 2>"$dir/err" || status=$?
  } 2>/dev/null
}

# in_background MARK WORD...: runs WORD... as nobody's job, $! then, marked FOLDER/MARK.
in_background() {
  env --default-signal TETHER_PEERS="$dir/$1" "${@:2}" </dev/null >>"$dir/background" 2>&1 &
  disown 2>/dev/null || true
}

start() {
  compose "$@"
  run "${words[@]}"
}

# The same, until what it started is a job or has failed.
start_and_settle() {
  start "$@"
  wait_for settled || true
}

# stop TOOL [OPTION...]: ends the process that $pidfile names.
stop() {
  local tool=$1
  shift
  case $tool in
    start-stop-daemon) run start-stop-daemon --stop --pidfile "$pidfile" "$@" ;;
    tether) run "$tether" --stop "--pidfile=$pidfile" "$@" ;;
  esac
}

# has TOOL OPTION: whether TOOL has a way to do what --OPTION is about. If not, the cell says how it
# took that option.
has() {
  case $2 in
    pidfile | log) [[ $1 != daemonize && $1 != start-stop-daemon && $1 != tether ]] || return 0 ;;
    stop) [[ $1 != start-stop-daemon && $1 != tether ]] || return 0 ;;
    status-file) [[ $1 != tether ]] || return 0 ;;
    wait) [[ $1 == daemonize ]] || return 0 ;;
  esac
  run "$1" "--$2" "$(type -P true)"
  cell="takes --$2: not tried"
  if [[ $status -ne 0 ]] && grep -q option "$dir/err"; then cell='no such option'; fi
  return 1
}
