# surroundings.sh - what the job has of its caller, and what becomes of it when that goes away.
#
# Each scenario is given the tool, has a folder $dir to itself, and leaves its result in $cell.
# shellcheck shell=bash disable=SC2034,SC2154 # shared with compare

# fact TOOL FILE NAME: what the job FACTS of TOOL has written to FILE about NAME, into $cell.
fact() {
  local pid
  start "$1" "$scripts/facts"
  await_job || return 1
  cell=$(sed -n "s/^$3 //p" "$dir/$2")
}

descriptors() {
  exec 7</dev/null 9>>"$dir/nine"
  fact "$1" fds '0 1 2' || true
  exec 7<&- 9>&-
  cell=${cell% }
  [[ -n $cell ]] || cell=none
}

directory() {
  fact "$1" identity cwd || return 0
  [[ $cell != "$dir" ]] || cell=kept
}

creation_mask() {
  umask 027
  fact "$1" identity umask || true
  umask 022
}

ignored_signals() {
  local set number
  fact "$1" signals ignored || return 0
  set=$((16#$cell)) cell=""
  for ((number = 1; number <= 64; ++number)); do
    ((set >> (number - 1) & 1)) || continue
    cell+="${cell:+ }$(kill -l "$number")"
  done
  [[ -n $cell ]] || cell=none
}

old_output() {
  has "$1" log || return 0
  local output=$dir/log
  echo old >"$output"
  start "$1" "$scripts/speak"
  wait_for new_or_settled || true
  if grep -q old "$output"; then cell=kept; else cell=lost; fi
}

new_or_settled() { grep -qs new "$output" || settled; }

terminal() {
  local pid descriptor target open=""
  on_terminal "$1"
  await_job || return 0
  cell='own session'
  [[ $(field_of "$pid" 6) != "$(field_of "$(<"$dir/control")" 6)" ]] || cell="the caller's session"
  [[ $(field_of "$pid" 7) == 0 ]] || cell+=' and terminal'
  for descriptor in "/proc/$pid/fd/"*; do
    target=$(readlink "$descriptor")
    [[ $target != /dev/pts/* && $target != /dev/tty* ]] || open+=" ${descriptor##*/}"
  done
  cell+="; $([[ -n $open ]] && echo "terminal open as${open}" || echo 'terminal not open')"
}

hang_up() {
  local pid go
  on_terminal "$1"
  await_job || return 0
  tell
  # The same signals end a process that does nothing about them.
  wait_for gone "$(<"$dir/control")" || say "$1: no hang-up"
  wait_for no_hup_pending "$pid" || true
  if alive "$pid"; then cell='lives on'; else cell='dies'; fi
  exec {go}>&-
}

no_hup_pending() { gone "$1" || ! grep -q '^S[a-z]*Pnd:.*[13579bdf]$' "/proc/$1/status"; }

# Starts a job at a terminal, which goes away once $dir/go is written to.
on_terminal() {
  local words
  compose "$1" "$scripts/stay"
  mkfifo "$dir/go"
  cat >"$dir/session" <<END
#!/usr/bin/env bash
sleep 1000 &
echo \$! >"$dir/control"
export TETHER_PEERS="$dir/"
${words[@]@Q}
: >"$dir/started"
read -r -t 1000 word <>"$dir/go"
END
  chmod 755 "$dir/session"
  in_background terminal/ env SHELL=/bin/sh script -qec "${dir@Q}/session" /dev/null
  wait_for test -e "$dir/started" || true
}

# Whoever reads $dir/go goes on, now or later.
tell() {
  exec {go}<>"$dir/go"
  echo >&"$go"
}
