#!/usr/bin/env bash
# drift_test.sh - check that drift.sh finds a difference: plants each in a copy, one at a time.
#
# usage   drift_test.sh OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER SCHEMA
# stderr  a line for each planted difference that was not found, or not told of.
# exit    0 all were found; 1 not all; 2 bad usage; 77 drift.sh cannot run here.
set -euo pipefail

if [[ $# -ne 5 ]]; then
  printf 'usage: drift_test.sh OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER SCHEMA\n' >&2
  exit 2
fi
drift=$(cd "$(dirname "$0")" && pwd)/drift.sh
option_rows=$(realpath "$1") tether=$(realpath "$2") man_page=$3 completions=$4 schema=$5
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

# stand_in FILE PROGRAM CHANGE: a script that prints what the program does, changed by sed.
stand_in() {
  printf "#!/bin/bash\nset -o pipefail\n%s \"\$@\" | sed -E '%s'\n" "$2" "$3" >"$1"
  chmod +x "$1"
}

set_up() {
  rm -rf "${place:?}"/*
  stand_in "$place/option-rows" "$option_rows" ''
  stand_in "$place/tether" "$tether" ''
  cp "$man_page" "$place/tether.1"
  cp "$schema" "$place/record.schema.json"
  mkdir "$place/completions"
  cp "$completions"/{tether.bash,_tether,tether.fish} "$place/completions"
}
compare() {
  "$drift" "$place/option-rows" "$place/tether" "$place/tether.1" "$place/completions" \
    "$place/record.schema.json" 2>"$place/told"
}

failed=0
complain() {
  printf 'drift_test: %s\n' "$*" >&2
  failed=1
}

# planted FILE CHANGE TOLD: FILE is changed by the sed script CHANGE, or what it prints if it is a
# program; the drift test must fail and say TOLD, a regular expression.
planted() {
  local file=$place/$1 status=0
  set_up
  if [[ $1 == option-rows ]]; then
    stand_in "$file" "$option_rows" "$2"
  elif [[ $1 == tether ]]; then
    stand_in "$file" "$tether" "$2"
  else
    cp "$file" "$file.before"
    sed -E -i "$2" "$file"
    ! cmp -s "$file" "$file.before" || complain "$1: '$2' changes nothing"
  fi
  compare || status=$?
  [[ $status == 1 ]] || complain "$1: '$2' is not found: exit $status"
  grep -qE -e "$3" "$place/told" || complain "$1: '$2' is not told of, but: $(head -3 "$place/told")"
}

set_up
status=0
compare || status=$?
[[ $status != 77 ]] || exit 77
[[ $status == 0 ]] || { cat "$place/told" >&2; complain 'there is a difference before any was planted'; }

planted tether 's/--autoreap/--autoreep/' 'help: missing: +--autoreap +never'
planted tether '/--umask/d' 'help: missing: +--umask=MODE'
planted tether 's/^Readiness:/Ready:/' 'help: not in the table: Ready:'
planted tether 's/end it when FD/kill it when FD/' 'help: not in the table: .*kill it'
planted tether 's/^Examples/one\ntwo\nthree\nfour\nfive\nExamples/' 'more than 75 lines'
planted tether 's/with this script/&, however that may come about/' 'wider than 80'

planted option-rows 's/^umask/mask/' 'tether.1: missing: --mask=MODE'
planted option-rows 's/\tno-new-privs/\tno-privileges/' '_tether: missing: .*--no-privileges'
planted option-rows 's/\tDURATION/\tTIME/' '--timeout takes TIME, and what is that'
planted option-rows 's/^(chdir\t\t)C/\1D/' 'tether.1: not in the table: -C'
planted option-rows 's/\tReadiness/\tReady/' 'tether.1: not in the table: Readiness'
planted option-rows '/^json/d' 'tether.fish: not in the table: .*-l json'
planted option-rows '$a new\t\t\t\tReporting\tsomething new' 'tether.bash: missing: +--new$'
planted option-rows 's/this text/the summary/' 'tether.fish: missing: .*the summary'

planted tether.1 's/^\.It Fl -umask.*/.It Fl -mask Ns = Ns Ar MODE/' 'not in the table: --mask=MODE'
planted tether.1 's/^\.It Fl t ,/.It Fl T ,/' 'missing: -t$'
planted tether.1 's/^(\.It Fl -umask.*) Ar MODE/\1 Ar MASK/' 'missing: --umask=MODE'
planted tether.1 's/^\.Ss Readiness/.Ss Ready/' 'missing: Readiness'
planted tether.1 's/^\.It Fl -notify Ns = Ns Cm socket/.It Fl -notify Ns = Ns Cm sock/' '--notify=socket'
planted tether.1 's/^\.Fl -rewrite .*/.Fl -replace/' 'tether.1: not in the table: --replace'
planted tether.1 's/tether \\-d \\-\\-tree/tether -d --trees/' 'tether.1: not in the table: --trees'

planted tether 's/-t 10m -- make/-t 10x -- make/' '--help: an example that fails: .*10x'
planted tether '/^ +tether -d --log/d' '--help: only 2 examples'
planted tether.1 's/^(\.Dl tether.*)timeout=10m/\110x/' 'tether.1: an example that fails: .*10x'
planted tether.1 's/^    \\-\\-notify=fd:3/    \\-\\-notify=3/' 'an example that fails: .*notify=3 '

planted option-rows 's/^exec\tjson$/exec\tumask/' 'tether.1: missing: --exec contradicts --umask'
planted option-rows 's/^exec\tjson$/exec\tumask/' 'not in the table: --exec contradicts --json'
planted option-rows '$a umask\tnohup' 'tether.1: missing: --umask contradicts --nohup'
planted tether.1 '/^Contradicts$/,/\.$/ s/^\.Fl -become ,/.Fl -umask ,/' 'missing: --exec contradicts --become'
planted tether.1 '/^Contradicts$/,/\.$/ s/^\.Fl -verbose \./nothing./' 'missing: --verbose contradicts --quiet'

planted record.schema.json 's/"hand-over"/"take-over"/' 'tether.1: RECORDS: missing: stage: take-over'
planted record.schema.json 's/"not-ready",/"not-ready", "weather",/' 'RECORDS: missing: cause: weather'
planted record.schema.json 's/"max_rss_kib": \{/"max_rss_mib": {/' 'RECORDS: not in the schema: max_rss_kib'
planted tether.1 '/^\.It max_rss_kib/d' 'RECORDS: missing: max_rss_kib'
planted tether.1 's/^\.Ql hand-over$/.Ql handing-over/' 'RECORDS: missing: stage: hand-over'

for file in tether.bash _tether tether.fish; do
  planted "completions/$file" 's/-?-?success-status/&es/' "$file: missing: .*success-status"
  planted "completions/$file" '/(--| -l )print-pid/d' "$file: missing: .*print-pid"
done
planted completions/_tether 's/append standard error/add standard error/' 'missing: .*append standard error'
planted completions/_tether 's/:_directories/:_files/' 'missing: .*_directories'
planted completions/tether.fish 's/no_new_privs for/no new privileges for/' 'missing: .*no_new_privs'
planted completions/tether.bash 's/kind=signal /kind=file /' 'missing: .*kind=signal'

exit "$failed"
