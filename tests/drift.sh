#!/usr/bin/env bash
# drift.sh - check that --help, the man page and the completions say what the option table says.
#
# usage   drift.sh OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER
#         OPTION-ROWS is the program that prints the table, which has the last word.
# stderr  a line for each difference.
# exit    0 no difference; 1 some; 2 bad usage, or a file that cannot be read; 77 no mandoc here.
set -euo pipefail
export LC_ALL=C

if [[ $# -ne 4 ]]; then
  printf 'usage: drift.sh OPTION-ROWS TETHER MAN-PAGE COMPLETIONS-FOLDER\n' >&2
  exit 2
fi
option_rows=$1 tether=$2 man_page=$3 completions=$4
update=$(dirname "$0")/../completions/update
for file in "$option_rows" "$tether" "$man_page" "$completions"/{tether.bash,_tether,tether.fish}; do
  [[ -r $file && -f $file ]] || { printf 'drift: cannot read %s\n' "$file" >&2; exit 2; }
done
if ! command -v mandoc >/dev/null; then
  printf 'drift: no mandoc here\n' >&2
  exit 77
fi

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

mkdir "$place/made"
cp "$completions"/{tether.bash,_tether,tether.fish} "$place/made"
"$update" "$place/rows" "$place/made" || drifted=1
for file in tether.bash _tether tether.fish; do
  compare "$completions/$file" "$place/made/$file" "$completions/$file"
done

exit "$drifted"
