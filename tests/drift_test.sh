#!/usr/bin/env bash
# drift_test.sh - check that drift.sh finds a difference: plants each in a copy, one at a time.
#
# usage   drift_test.sh OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER SCHEMA
# stderr  a line for each planted difference that was not found, or not told of.
# exit    0 all were found; 1 not all; 2 bad usage; 77 drift.sh cannot run here.
#
# A difference is looked for by the part of drift.sh that is to find it, as many at a time as there are
# processors. That the whole of it runs all its parts is seen by a copy with a difference for each.
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(realpath "$0")")
program=drift_test whole=drift_test
. "$here/shell/lib.sh"

if [[ $# -ne 5 ]]; then
  say 'usage: drift_test.sh OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER SCHEMA'
  exit 2
fi
option_rows=$(realpath "$1") tether=$(realpath "$2") man_page=$3 completions=$4 schema=$5
make_work

# stand_in COPY PROGRAM CHANGE: a script that prints what the program does, changed by sed; by the changes
# that there are already as well.
stand_in() {
  local real=$option_rows
  [[ $2 != tether ]] || real=$tether
  printf '%s\n' "$3" >>"$1/$2.changes"
  printf '#!/bin/bash\nset -o pipefail\n%q "$@" | sed -E -f %q\n' "$real" "$1/$2.changes" >"$1/$2"
}

# change COPY FILE CHANGE: by a sed script; of a program, what it prints.
change() {
  case $2 in
    option-rows | tether) stand_in "$@" ;;
    *)
      cp "$1/$2" "$1/before"
      sed -E -i "$3" "$1/$2"
      ! cmp -s "$1/$2" "$1/before" || echo "$2: '$3' changes nothing" >>"$1/complaints"
      ;;
  esac
}

# drift COPY [PART]: the status is left in $status, and what it says in the file told.
drift() {
  status=0
  env -u TETHER_REPORT "$here/drift.sh" ${2:+"--part=$2"} "$1/option-rows" "$1/tether" "$1/tether.1" \
    "$1/completions" "$1/record.schema.json" >"$1/out" 2>"$1/told" || status=$?
}

# is_told COPY WHAT TOLD: whether drift.sh has said TOLD, a regular expression.
is_told() {
  [[ $status == 1 ]] || echo "$2 is not found: exit $status" >>"$1/complaints"
  grep -qE -e "$3" "$1/told" || echo "$2 is not told of, but: $(sed -n 1p "$1/told")" >>"$1/complaints"
}

look_for() {
  cp -r "$work/original" "$1"
  change "$1" "$3" "$4"
  drift "$1" "$2"
  is_told "$1" "$3: '$4'" "$5"
  : >"$1/looked"
}

# planted PART FILE CHANGE TOLD: FILE is changed; that part of drift.sh must fail and say TOLD.
planted() {
  count=$((count + 1))
  ((count <= at_once)) || wait -n
  look_for "$work/$count" "$@" &
  [[ -n ${first[$1]-} ]] || {
    first[$1]=$4
    change "$work/all" "$2" "$3"
  }
}

# The complaints about each copy.
hand_in() {
  local folder line
  for folder in "$@"; do
    [[ -e $folder/looked ]] || failed "$folder: it was not looked at"
    [[ ! -e $folder/complaints ]] || while IFS= read -r line; do failed "$line"; done <"$folder/complaints"
  done
}

# All that drift.sh looks at.
mkdir -p "$work/original/completions"
cp "$man_page" "$work/original/tether.1"
cp "$schema" "$work/original/record.schema.json"
cp "$completions"/{tether.bash,_tether,tether.fish} "$work/original/completions"
printf '#!/bin/bash\n%q "$@"\n' "$option_rows" >"$work/original/option-rows"
printf '#!/bin/bash\n%q "$@"\n' "$tether" >"$work/original/tether"
chmod +x "$work/original"/{option-rows,tether}

cp -r "$work/original" "$work/none"
drift "$work/none"
[[ $status != 77 ]] || skip "drift.sh: $(sed -n 's/^skipped: //p' "$work/none/out")"
[[ $status == 0 ]] ||
  failed "before any difference was planted drift.sh ends with $status: $(sed -n 1p "$work/none/told")"

declare -A first=()
count=0 at_once=$(nproc)
cp -r "$work/original" "$work/all"

planted help tether 's/--autoreap/--autoreep/' 'help: missing: +--autoreap +COMMAND'
planted help tether '/--umask/d' 'help: missing: +--umask=MODE'
planted help tether 's/^Readiness:/Ready:/' 'help: not in the table: Ready:'
planted help tether 's/end COMMAND when FD/kill COMMAND when FD/' 'help: not in the table: .*kill COMMAND'
planted help tether 's/^Examples/one\ntwo\nthree\nfour\nfive\nExamples/' 'more than 75 lines'
planted help tether 's/with this script/&, however that may come about/' 'wider than 80'

planted tags option-rows 's/^umask/mask/' 'tether.1: missing: --mask=MODE'
planted completions option-rows 's/\tno-new-privs/\tno-privileges/' '_tether: missing: .*--no-privileges'
planted completions option-rows 's/\tDURATION/\tTIME/' '--timeout takes TIME, and what is that'
planted tags option-rows 's/^(chdir\t\t)C/\1D/' 'tether.1: not in the table: -C'
planted tags option-rows 's/\tReadiness/\tReady/' 'tether.1: not in the table: Readiness'
planted completions option-rows '/^json/d' 'tether.fish: not in the table: .*-l json'
planted completions option-rows '$a new\t\t\t\tReporting\tsomething new' 'tether.bash: missing: +--new$'
planted completions option-rows 's/this text/the summary/' 'tether.fish: missing: .*the summary'

planted tags tether.1 's/^\.It Fl -umask.*/.It Fl -mask Ns = Ns Ar MODE/' 'not in the table: --mask=MODE'
planted tags tether.1 's/^\.It Fl t ,/.It Fl T ,/' 'missing: -t$'
planted tags tether.1 's/^(\.It Fl -umask.*) Ar MODE/\1 Ar MASK/' 'missing: --umask=MODE'
planted tags tether.1 's/^\.Ss Readiness/.Ss Ready/' 'missing: Readiness'
planted tags tether.1 's/^\.It Fl -notify Ns = Ns Cm socket/.It Fl -notify Ns = Ns Cm sock/' '--notify=socket'
planted mentions tether.1 's/^\.Fl -rewrite .*/.Fl -replace/' 'tether.1: not in the table: --replace'
planted mentions tether.1 's/tether \\-d \\-\\-tree/tether -d --trees/' 'tether.1: not in the table: --trees'

planted examples tether 's/-t 10m -- make/-t 10x -- make/' '--help: an example that fails: .*10x'
planted examples tether '/^ +tether -d --log/d' '--help: only 2 examples'
planted examples tether.1 's/^(\.Dl tether.*)timeout=10m/\110x/' 'tether.1: an example that fails: .*10x'
planted examples tether.1 's/^    \\-\\-notify=fd:3/    \\-\\-notify=3/' 'an example that fails: .*notify=3 '

planted contradictions option-rows 's/^exec\tjson$/exec\tumask/' 'tether.1: missing: --exec contradicts --umask'
planted contradictions option-rows 's/^exec\tjson$/exec\tumask/' 'not in the table: --exec contradicts --json'
planted contradictions option-rows '$a umask\tnohup' 'tether.1: missing: --umask contradicts --nohup'
planted contradictions tether.1 '/^Contradicts$/,/\.$/ s/^\.Fl -become ,/.Fl -umask ,/' 'missing: --exec contradicts --become'
planted contradictions tether.1 '/^Contradicts$/,/\.$/ s/^\.Fl -verbose \./nothing./' 'missing: --verbose contradicts --quiet'

planted records record.schema.json 's/"hand-over"/"take-over"/' 'tether.1: RECORDS: missing: stage: take-over'
planted records record.schema.json 's/"not-ready",/"not-ready", "weather",/' 'RECORDS: missing: cause: weather'
planted records record.schema.json 's/"max_rss_kib": \{/"max_rss_mib": {/' 'RECORDS: not in the schema: max_rss_kib'
planted records tether.1 '/^\.It max_rss_kib/d' 'RECORDS: missing: max_rss_kib'
planted records tether.1 's/^\.Ql hand-over ,$/.Ql handing-over ,/' 'RECORDS: missing: stage: hand-over'
planted records tether.1 's/^\.It Ql not-ready$/.It Ql not-yet/' 'RECORDS: missing: cause: not-ready'

for file in tether.bash _tether tether.fish; do
  planted completions "completions/$file" 's/-?-?success-status/&es/' "$file: missing: .*success-status"
  planted completions "completions/$file" '/(--| -l )print-pid/d' "$file: missing: .*print-pid"
done
planted completions completions/_tether 's/append standard error/add standard error/' 'missing: .*append standard error'
planted completions completions/_tether 's/:_directories/:_files/' 'missing: .*_directories'
planted completions completions/tether.fish 's/no_new_privs for/no new privileges for/' 'missing: .*no_new_privs'
planted completions completions/tether.bash 's/kind=signal /kind=file /' 'missing: .*kind=signal'

wait
for ((i = 1; i <= count; i++)); do hand_in "$work/$i"; done

# The first one of each part, all in one copy.
drift "$work/all"
for part in "${!first[@]}"; do is_told "$work/all" "$part: a difference in a complete run" "${first[$part]}"; done
: >"$work/all/looked"
hand_in "$work/all"
((${#first[@]} == $(grep -c '^check_[a-z]*() {$' "$here/drift.sh"))) || failed 'a part of drift.sh is not tried'
finish
