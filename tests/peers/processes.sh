# processes.sh - finding, awaiting and ending what belongs to a run, or to one cell of its table.
#
# Every process is started with TETHER_PEERS=FOLDER/ in its environment: by this mark it is found
# and ended, whatever it became. $dir is the folder of the cell.
# shellcheck shell=bash disable=SC2034,SC2154 # shared with compare

# The pids of what runs with a mark that begins with FOLDER/, or with -x, is that. A zombie has no
# environment, so it is not among them.
marked() { grep -lszF "${@:2}" -e "TETHER_PEERS=$1/" /proc/[0-9]*/environ | cut -d / -f 3 || true; }

# Ends all that is marked with something below FOLDER.
end_all() {
  local pids _
  for _ in {1..500}; do
    pids=$(marked "$1")
    [[ -n $pids ]] || return 0
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || true
    sleep "$pause"
  done
  say "cannot end $pids"
}

# wait_for [SECONDS] CONDITION...: until it holds; 1 if it does not in SECONDS, or within $patience.
wait_for() {
  local limit=$patience
  [[ $1 != [0-9]* ]] || { limit=$1; shift; }
  local end=$((SECONDS + limit))
  until "$@"; do
    ((SECONDS <= end)) || return 1
    sleep "$pause"
  done
}

is_job() { [[ /proc/$1/exe -ef $sleep ]]; }

# The jobs of this cell: what became sleep(1).
running() {
  local pid
  for pid in $(marked "$dir" -x); do
    ! is_job "$pid" || printf '%s\n' "$pid"
  done
}

runs() { [[ $(running | wc -l) -ge $1 ]]; }

# The pids of what is in the midst of an exec: there is a program, and neither arguments nor environment
# yet. On a busy machine that can take its time. Threads of the kernel have no program.
execing() {
  local file
  for file in $(grep -Ls . /proc/[0-9]*/cmdline || true); do
    file=${file%/cmdline}
    [[ ! -e $file/exe ]] || printf '%s\n' "${file##*/}"
  done
}

# Those that are like that before our first process is made are none of ours.
nameless=$(execing)

none_execs() {
  local pid
  for pid in $(execing); do [[ $'\n'$nameless$'\n' == *$'\n'$pid$'\n'* ]] || return 1; done
}

# Nothing but jobs is left, and what else is named. Three times, as a process may fork and end while they
# are looked for, and its environment is not seen in the midst of an exec.
settled() {
  local pid look
  for look in 1 2 3; do
    none_execs || return 1
    for pid in $(marked "$dir" -x); do
      is_job "$pid" || [[ " $* " == *" $pid "* ]] || return 1
    done
    none_execs || return 1
    ((look == 3)) || sleep "$pause"
  done
}

# Waits for the job, whose pid becomes $pid.
await_job() {
  wait_for runs_or_settled || true
  pid=$(running)
  pid=${pid%%$'\n'*}
  [[ -n $pid ]] || { cell='no job runs'; return 1; }
}

runs_or_settled() { runs 1 || settled; }

# The field N of /proc/PID/stat, whose second one has no blank in it here; nothing if PID is gone.
field_of() {
  local fields=()
  read -r -a fields 2>/dev/null <"/proc/$1/stat" || true
  printf '%s' "${fields[$2 - 1]-}"
}

gone() { [[ $(field_of "$1" 3) == [ZX] || ! -e /proc/$1 ]]; }

alive() { ! gone "$1"; }

vanished() { [[ ! -e /proc/$1 ]]; }

became() { [[ /proc/$1/exe -ef $2 ]]; }
