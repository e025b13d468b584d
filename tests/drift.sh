#!/usr/bin/env bash
# drift.sh - check that --help, the man page and the completions say what the option table says, and the
# man page what the schema of the records says.
#
# usage   drift.sh [--part=PART] OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER SCHEMA
#         OPTION-ROWS is the program that prints the tables, which have the last word. PART is one of
#         help, tags, mentions, contradictions, records, examples, completions; without it all are checked.
# stderr  a line for each difference.
# exit    0 no difference; 1 some; 2 bad usage, or a file that cannot be read; 77 no mandoc or no
#         python3 here (in CI that is 1).
set -euo pipefail
export LC_ALL=C
here=$(dirname "$(realpath "$0")")
program=drift whole=drift
. "$here/shell/lib.sh"

parts=(help tags mentions contradictions records examples completions)
if [[ ${1-} == --part=* ]]; then
  # Of all of them, so that an unknown one is none.
  read -r -a parts < <(printf '%s\n' "${parts[@]}" | grep -Fxe "${1#*=}") || true
  whole=''
  shift
fi
if [[ $# -ne 5 || ${#parts[@]} -eq 0 ]]; then
  say 'usage: drift.sh [--part=PART] OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER SCHEMA'
  exit 2
fi
option_rows=$1 tether=$(realpath "$2") man_page=$3 completions=$4 schema=$5
for file in "$option_rows" "$tether" "$man_page" "$schema" \
  "$completions"/{tether.bash,_tether,tether.fish}; do
  [[ -r $file && -f $file ]] || { say "cannot read $file"; exit 2; }
done
# Not the python3 of some user's own, which may be any.
python=/usr/bin/python3
need mandoc "$python"

make_work
# What a part looks at, made once: the table, the help, and the page as it is read.
table() { [[ -e $work/rows ]] || "$option_rows" >"$work/rows"; }
help() { [[ -e $work/whole-help ]] || "$tether" --help >"$work/whole-help"; }
page() {
  [[ -e $work/page ]] || mandoc -T ascii -O width=78 "$man_page" | sed 's/.\x08//g' >"$work/page"
}

# compare NAME EXPECTED FOUND: a line for each that is missing or too much; the order counts.
compare() {
  local differences
  differences=$(diff --unchanged-line-format= --old-line-format='missing: %L' \
    --new-line-format='not in the table: %L' "$2" "$3") || failed_each "$1: " <<<"$differences"
}

# failed_each BEGINNING: of each line that is read.
failed_each() {
  local line
  while IFS= read -r line; do failed "$1$line"; done
}

# Each group with its options, a line each. The widest spelling is the measure.
expected_help() {
  awk -F '\t' '
    $5 != group { group = $5; print group ":" }
    {
      letter = $3 == "" ? "    " : "-" substr($3, 1, 1) ", "
      printf "  %-30s %s\n", letter "--" $1 ($4 == "" ? "" : "=" $4), $6
    }' "$work/rows"
}

check_help() {
  table
  help
  expected_help >"$work/help"
  sed -n '/^Examples/,$d; /^  *-/p; /^[A-Z].*:$/p' "$work/whole-help" >"$work/help-found"
  compare '--help' "$work/help" "$work/help-found"
  # A screen and a half, with its right margin.
  if (($(wc -l <"$work/whole-help") > 75)) || grep -qE '.{81}' "$work/whole-help"; then
    failed '--help: more than 75 lines, or wider than 80 columns'
  fi
}

# The man page as it is read: each group is a section of OPTIONS, each spelling a tag in it.
expected_tags() {
  awk -F '\t' '
    $5 != group { group = $5; print group }
    {
      for (i = 1; i <= length($3); i++) print "-" substr($3, i, 1)
      for (name = 1; name <= 2; name++) {
        if ($name == "") continue
        if ($4 == "") print "--" $name
        for (i = 1; i <= split($4, values, "|"); i++) print "--" $name "=" values[i]
      }
    }' "$work/rows"
}

check_tags() {
  table
  page
  expected_tags >"$work/tags"
  sed -n '/^OPTIONS/,/^[A-NP-Z]/ { s/^   \([A-Z].*\)/\1/p; s/^     \(-.*\)/\1/p; }' "$work/page" |
    sed 's/  .*//; s/, -/\n-/g' >"$work/tags-found"
  compare "$man_page" "$work/tags" "$work/tags-found"
}

# What else the page names as an option of ours: by a macro, or in an example.
mentions() {
  sed -n '/^\.\\"/d; s/Fl -\([a-z][a-z0-9-]*\)/\n--\1\n/gp' "$man_page" | sed -n '/^--/p'
  sed 's/\\-/-/g; s/.*\btether -/-/; t; d' "$man_page" | sed 's/ -- .*//' |
    sed -n 's/--[a-z][a-z0-9-]*/\n&\n/gp' | sed -n '/^--[a-z]/p'
}

check_mentions() {
  table
  awk -F '\t' '{ print "--" $1; if ($2 != "") print "--" $2 }' "$work/rows" | sort -u >"$work/names"
  mentions | sort -u >"$work/mentioned"
  [[ -s $work/mentioned ]] || failed "$man_page: no option is mentioned"
  comm -13 "$work/names" "$work/mentioned" >"$work/unknown"
  failed_each "$man_page: not in the table: " <"$work/unknown"
}

# What an option contradicts: "Contradicts" and all of them by name, or no such sentence in its item;
# but of each pair at least one has it. What does so only at times is told in other words.
contradictions_of_page() {
  sed -n '/^OPTIONS/,/^[A-NP-Z]/p' "$work/page" | awk '
    function next_name() {
      if (!match(text, /--[a-z][a-z0-9-]*/)) return 0
      name = substr(text, RSTART, RLENGTH)
      text = substr(text, RSTART + RLENGTH)
      return 1
    }
    function tell() {
      next_name()
      item = name
      if (!match(text, /Contradicts [^.]*/)) return
      text = substr(text, RSTART, RLENGTH)
      while (next_name()) print item " contradicts " name
    }
    /^     -/ { tell(); text = "" }
    { text = text " " $0 }
    END { tell() }' | sort
}

check_contradictions() {
  page
  "$option_rows" contradictions >"$work/pairs"
  contradictions_of_page >"$work/contradictions-found"
  awk '
    FILENAME == ARGV[1] { has_sentence[$1]; next }
    {
      one = "--" $1; other = "--" $2
      if (one in has_sentence || !(other in has_sentence)) print one " contradicts " other
      if (other in has_sentence) print other " contradicts " one
    }' "$work/contradictions-found" "$work/pairs" | sort >"$work/contradictions"
  compare "$man_page" "$work/contradictions" "$work/contradictions-found"
}

# Every field of the records, and every value that it can have.
check_records() {
  local status=0
  "$python" -I "$here/record_drift.py" "$schema" "$man_page" >"$work/records" 2>&1 || status=$?
  failed_each "$man_page: RECORDS: " <"$work/records"
  [[ -s $work/records || $status == 0 ]] || failed "record_drift.py ended with $status, and has said nothing"
}

# The examples are command lines that tether takes.
help_examples() {
  sed -nE '/^Examples:/,$ { s/^(Examples:)? *tether (-.*[^ ])   *.*/\2/p }' "$work/whole-help"
}
# Without those that spawn nothing anyhow, and one that depends on the kernel.
man_examples() {
  sed -n '/^\.Sh EXAMPLES/,/^\.Sh WHAT/p' "$man_page" | sed -e ':a; /\\e$/ { N; s/\\e\n//; ba' -e '}' |
    sed -nE "s/\\\\-/-/g; s/\\\\\(aq/'/g; s/ *[|&]\$//; s/^.*\<tether (-.*)/\1/p" |
    sed -E '/--(stop|features|strict)\>/d'
}
# try_examples NAME COUNT: those that are read; each of them, and not fewer. No pipe is at its end here.
try_examples() {
  local line count=0
  while IFS= read -r line; do
    count=$((count + 1))
    (cd "$work" && timeout "$patience" bash -c "\"\$0\" --dry-run $line || exit" "$tether") \
      <>"$work/pipe" >/dev/null 2>"$work/why" && continue
    failed "$1: an example that fails: tether $line: $(sed -n 1p "$work/why")"
  done
  ((count >= $2)) || failed "$1: only $count examples"
}

check_examples() {
  help
  take_patience
  mkfifo "$work/pipe"
  help_examples >"$work/help-examples"
  man_examples >"$work/man-examples"
  try_examples '--help' 3 <"$work/help-examples"
  try_examples "$man_page" 8 <"$work/man-examples"
}

check_completions() {
  local file
  table
  mkdir "$work/made"
  cp "$completions"/{tether.bash,_tether,tether.fish} "$work/made"
  if ! "$here/../completions/update" "$work/rows" "$work/made" 2>"$work/why"; then
    failed_each '' <"$work/why"
    [[ -s $work/why ]] || failed 'completions/update fails, and does not say why'
  fi
  for file in tether.bash _tether tether.fish; do
    compare "$completions/$file" "$work/made/$file" "$completions/$file"
  done
}

for part in "${parts[@]}"; do
  scenario "drift: $part"
  "check_$part"
done
finish
