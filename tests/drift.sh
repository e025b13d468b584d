#!/usr/bin/env bash
# drift.sh - check that --help, the man page and the completions say what the option table says, and the
# man page what the schema of the records says.
#
# usage   drift.sh OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER SCHEMA
#         OPTION-ROWS is the program that prints the tables, which have the last word.
# stderr  a line for each difference.
# exit    0 no difference; 1 some; 2 bad usage, or a file that cannot be read; 77 no mandoc or no
#         python3 here (in CI that is 1).
set -euo pipefail
export LC_ALL=C

if [[ $# -ne 5 ]]; then
  printf 'usage: drift.sh OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER SCHEMA\n' >&2
  exit 2
fi
option_rows=$1 tether=$2 man_page=$3 completions=$4 schema=$5
here=$(dirname "$0")
update=$here/../completions/update
for file in "$option_rows" "$tether" "$man_page" "$schema" \
  "$completions"/{tether.bash,_tether,tether.fish}; do
  [[ -r $file && -f $file ]] || { printf 'drift: cannot read %s\n' "$file" >&2; exit 2; }
done
tether=$(realpath "$tether")
for tool in mandoc python3; do
  command -v "$tool" >/dev/null && continue
  printf 'drift: no %s here\n' "$tool" >&2
  [[ -z ${CI-} ]] || exit 1
  exit 77
done

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
"$option_rows" >"$place/rows"

drifted=0
# compare NAME EXPECTED FOUND: a line for each that is missing or too much; the order counts.
compare() {
  diff --unchanged-line-format= --old-line-format="drift: $1: missing: %L" \
    --new-line-format="drift: $1: not in the table: %L" "$2" "$3" >&2 || drifted=1
}

# --help: each group with its options, a line each. The widest spelling is the measure.
expected_help() {
  awk -F '\t' '
    $5 != group { group = $5; print group ":" }
    {
      letter = $3 == "" ? "    " : "-" substr($3, 1, 1) ", "
      printf "  %-30s %s\n", letter "--" $1 ($4 == "" ? "" : "=" $4), $6
    }' "$place/rows"
}
expected_help >"$place/help"
"$tether" --help >"$place/whole-help"
sed -n '/^Examples/,$d; /^  *-/p; /^[A-Z].*:$/p' "$place/whole-help" >"$place/help-found"
compare '--help' "$place/help" "$place/help-found"
# A screen and a half, with its right margin.
if (($(wc -l <"$place/whole-help") > 75)) || grep -qE '.{81}' "$place/whole-help"; then
  printf 'drift: --help: more than 75 lines, or wider than 80 columns\n' >&2
  drifted=1
fi

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
    }' "$place/rows"
}
expected_tags >"$place/tags"
mandoc -T ascii -O width=78 "$man_page" | sed 's/.\x08//g' >"$place/page"
sed -n '/^OPTIONS/,/^[A-NP-Z]/ { s/^   \([A-Z].*\)/\1/p; s/^     \(-.*\)/\1/p; }' "$place/page" |
  sed 's/  .*//; s/, -/\n-/g' >"$place/tags-found"
compare "$man_page" "$place/tags" "$place/tags-found"

# What else the page names as an option of ours: by a macro, or in an example.
mentions() {
  sed '/^\.\\"/d' "$man_page" |
    grep -oE 'Fl -[a-z][a-z0-9-]*' | sed 's/^Fl -/--/' || true
  sed 's/\\-/-/g; s/.*\btether -/-/; t; d' "$man_page" | sed 's/ -- .*//' |
    grep -oE -e '--[a-z][a-z0-9-]*' || true
}
awk -F '\t' '{ print "--" $1; if ($2 != "") print "--" $2 }' "$place/rows" >"$place/names"
unknown=$(mentions | sort -u | grep -Fxv -f "$place/names" || true)
if [[ -n $unknown ]]; then
  sed "s|^|drift: $man_page: not in the table: |" <<<"$unknown" >&2
  drifted=1
fi

# What an option contradicts: "Contradicts" and all of them by name, or no such sentence in its item;
# but of each pair at least one has it. What does so only at times is told in other words.
"$option_rows" contradictions >"$place/pairs"
sed -n '/^OPTIONS/,/^[A-NP-Z]/p' "$place/page" | awk '
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
  END { tell() }' | sort >"$place/contradictions-found"
awk '
  FILENAME == ARGV[1] { has_sentence[$1]; next }
  {
    one = "--" $1; other = "--" $2
    if (one in has_sentence || !(other in has_sentence)) print one " contradicts " other
    if (other in has_sentence) print other " contradicts " one
  }' "$place/contradictions-found" "$place/pairs" | sort >"$place/contradictions"
compare "$man_page" "$place/contradictions" "$place/contradictions-found"

# Every field of the records, and every value that it can have.
if ! "$here/record_drift.py" "$schema" "$man_page" >"$place/records"; then
  sed "s|^|drift: $man_page: RECORDS: |" "$place/records" >&2
  drifted=1
fi

# The examples are command lines that tether takes.
help_examples() {
  sed -nE '/^Examples:/,$ { s/^(Examples:)? *tether (-.*[^ ])   *.*/\2/p }' "$place/whole-help"
}
# Without those that spawn nothing anyhow, and one that depends on the kernel.
man_examples() {
  sed -n '/^\.Sh EXAMPLES/,/^\.Sh WHAT/p' "$man_page" | sed -e ':a; /\\e$/ { N; s/\\e\n//; ba }' |
    sed -nE "s/\\\\-/-/g; s/\\\\\(aq/'/g; s/ *[|&]\$//; s/^.*\<tether (-.*)/\1/p" |
    grep -vE -e '--(stop|features|strict)\>' || true
}
# try_examples NAME COUNT: those that are read; each of them, and not fewer. No pipe is at its end here.
mkfifo "$place/pipe"
try_examples() {
  local line count=0
  while IFS= read -r line; do
    count=$((count + 1))
    (cd "$place" && timeout 60 bash -c "\"\$0\" --dry-run $line || exit" "$tether") \
      <>"$place/pipe" >/dev/null 2>"$place/why" && continue
    printf 'drift: %s: an example that fails: tether %s: %s\n' "$1" "$line" \
      "$(head -1 "$place/why")" >&2
    drifted=1
  done
  ((count >= $2)) || {
    printf 'drift: %s: only %s examples\n' "$1" "$count" >&2
    drifted=1
  }
}
try_examples '--help' 3 < <(help_examples)
try_examples "$man_page" 11 < <(man_examples)

mkdir "$place/made"
cp "$completions"/{tether.bash,_tether,tether.fish} "$place/made"
"$update" "$place/rows" "$place/made" || drifted=1
for file in tether.bash _tether tether.fish; do
  compare "$completions/$file" "$place/made/$file" "$completions/$file"
done

exit "$drifted"
