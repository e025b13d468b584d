# lib.sh - what the shell programs of the tests share: how they tell, skip, wait and end.
#
# A program sets $program, what its messages begin with, and sources this. Any POSIX shell will do.
#
#   say WORD...           a line on standard error
#   failed WORD...        the same, of what is not as it should be; the program goes on, and ends with 1
#   scenario NAME         what follows is this test, until the next one; for TETHER_REPORT
#   skip_scenario WHY     this one cannot run here; the program goes on
#   skip WHY              the program cannot run here: it ends, with 77
#   need TOOL...          skips the program unless all of them are installed
#   take_patience         sets $patience: how many seconds to wait at most, as busy as the machine is
#   eventually COMMAND    waits until COMMAND holds; 1 if it does not within $patience
#   make_work             makes the folder $work, which is removed at the end
#   finish                ends the program: 1 if something has failed, and 77 if nothing has run
#
# A skip is one line on standard output, "skipped: WHY"; where CI is set, it is a failure. A program that
# defines clean_up has it called however it ends. TETHER_REPORT is a file that gets a line for each
# scenario, and for the program if $whole is its name: NAME, "passed", "failed" or "skipped", and why,
# with tabs between.
#
# No failure is silent: a program that ends early without having said why has that said here.
# shellcheck shell=sh

# A file that is opened later must not get the number of one of these.
if [ -d /proc/self/fd ]; then
  [ -e /proc/self/fd/0 ] || exec </dev/null
  [ -e /proc/self/fd/1 ] || exec >/dev/null
  [ -e /proc/self/fd/2 ] || exec 2>/dev/null
fi
unset CDPATH

case ${TETHER_REPORT-} in
  '' | /*) ;;
  *) export TETHER_REPORT="$PWD/$TETHER_REPORT" ;;
esac

failures=0 skips=0 ran=0 has_spoken='' broke_at='' why_failed='' why_skipped=''
whole=${whole-} work='' patience=''
scenario='' scenario_verdict='' scenario_why=''

say() {
  has_spoken=yes
  printf '%s: %s\n' "$program" "$*" >&2
}

# report NAME VERDICT WHY: a line, by one write.
report() {
  [ -n "${TETHER_REPORT-}" ] || return 0
  printf '%s\t%s\t%s\n' "$1" "$2" "$(printf '%.300s' "$3" | tr '\t\n' '  ')" >>"$TETHER_REPORT" && return
  say "cannot write to the report $TETHER_REPORT"
  failures=$((failures + 1))
}

end_scenario() {
  [ -n "$scenario" ] || return 0
  report "$scenario" "$scenario_verdict" "$scenario_why"
  scenario=''
}

scenario() {
  end_scenario
  scenario=$1 scenario_verdict=passed scenario_why=''
  ran=$((ran + 1))
}

failed() {
  say "$*"
  failures=$((failures + 1))
  [ -n "$why_failed" ] || why_failed=$*
  [ "$scenario_verdict" = failed ] || scenario_why=$*
  scenario_verdict=failed
}

skip_scenario() {
  if [ -n "${CI-}" ]; then
    failed "$1; in CI that is a failure"
    return
  fi
  skips=$((skips + 1)) ran=$((ran - 1))
  scenario_verdict=skipped scenario_why=$1 why_skipped=$1
}

skip() {
  if [ -n "${CI-}" ]; then
    failed "$1; in CI that is a failure"
    exit 1
  fi
  [ -z "$scenario" ] || scenario_verdict=skipped scenario_why=$1
  why_skipped=$1
  exit 77
}

need() {
  missing=''
  for needed; do
    command -v "$needed" >/dev/null || missing="$missing $needed"
  done
  [ -z "$missing" ] || skip "not installed:$missing"
}

finish() {
  end_scenario
  [ "$failures" -eq 0 ] || exit 1
  [ "$ran" -gt 0 ] || [ "$skips" -eq 0 ] || exit 77
  exit 0
}

# In hundredths of a second, as $clock.
read_clock() {
  read -r clock _ </proc/uptime
  clock=$((${clock%.*} * 100 + 1${clock#*.} - 100))
}

# What a machine that is busy needs, as $patience: the time of ten thousand spawns, found by twenty, and at
# least half a minute. It may become busier afterwards, so that this is much more than anything here takes.
take_patience() {
  read_clock
  patience=$clock
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sh -c :; done
  read_clock
  patience=$(((clock - patience) * 5))
  [ "$patience" -gt 30 ] || patience=30
}

eventually() {
  [ -n "$patience" ] || take_patience
  read_clock
  waits_since=$clock
  until "$@"; do
    read_clock
    if [ $((clock - waits_since)) -gt $((patience * 100)) ]; then
      # The machine may have become busier meanwhile.
      had_patience=$patience
      take_patience
      [ "$patience" -gt "$had_patience" ] || return 1
    fi
    sleep 0.05
  done
}

make_work() { work=$(mktemp -d) && work=$(realpath "$work"); }

clean_up() { :; }

on_exit() {
  status=$1
  trap - EXIT HUP INT TERM
  set +e
  if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
    if [ -n "$broke_at" ] || [ -z "$has_spoken" ]; then
      failed "ended with status $status${broke_at:+, at $(printf '%s' "$broke_at" | sed -n 1p)}"
    fi
    [ -z "$scenario" ] || [ "$scenario_verdict" = failed ] || failed 'the program ended in the midst of it'
  fi
  clean_up
  end_scenario
  case $status in
    0) verdict=passed ;;
    77) verdict=skipped why_failed=$why_skipped ;;
    *) verdict=failed ;;
  esac
  [ -z "$whole" ] || report "$whole" "$verdict" "$why_failed"
  [ "$status" -ne 77 ] || printf 'skipped: %s\n' "$why_skipped"
  [ -z "$work" ] || rm -rf "$work"
  exit "$status"
}
trap 'on_exit "$?"' EXIT
trap 'say "ended by SIGHUP"; exit 129' HUP
trap 'say "ended by SIGINT"; exit 130' INT
trap 'say "ended by SIGTERM"; exit 143' TERM
if [ -n "${BASH_VERSION-}" ]; then
  # shellcheck disable=SC3040,SC3041,SC3045,SC3047 # for bash alone
  set -E
  # shellcheck disable=SC3047,SC3028,SC3054
  trap 'broke_at="${BASH_SOURCE##*/}:$LINENO: $BASH_COMMAND"' ERR
fi
[ -r /proc/uptime ] || skip 'no /proc is mounted'
