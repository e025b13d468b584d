#!/usr/bin/env bash
# drift.sh - check that the man page and the completions name the options that tether has.
#
# usage   drift.sh TETHER MAN-PAGE COMPLETIONS-FOLDER
# stderr  a line for each difference. "--chdir=" is an option with a value, "--exec" one without, so
#         a completion that is wrong about the value differs too.
# exit    0 no difference; 1 some; 2 bad usage, or a file that cannot be read.
#
# tether --help has the last word, as it is printed from the table that the parser uses.
set -euo pipefail
export LC_ALL=C

if [[ $# -ne 3 ]]; then
  printf 'usage: drift.sh TETHER MAN-PAGE COMPLETIONS-FOLDER\n' >&2
  exit 2
fi
tether=$1 man_page=$2
bash_file=$3/tether.bash zsh_file=$3/_tether fish_file=$3/tether.fish
for file in "$tether" "$man_page" "$bash_file" "$zsh_file" "$fish_file"; do
  [[ -r $file && -f $file ]] || { printf 'drift: cannot read %s\n' "$file" >&2; exit 2; }
done

# Second names, which --help leaves out. They are options like the others elsewhere.
second_names='--no-new-privs -f --fork'

declare -A told=()
differ() {
  [[ -n ${told[$*]-} ]] || printf 'drift: %s\n' "$*" >&2
  told[$*]=yes
}

# Lines of $1 that are not among those of $2.
beyond() { [[ -z $1 ]] || grep -Fxv -f <(printf '%s\n' "$2") <<<"$1" || true; }

# Option names in running text, one a line: -C, --exec, --chdir=.
names_in() { grep -oE -e '--[a-z][a-z0-9-]*=?' -e '-[A-Za-z]' || true; }

code_of() { sed 's/^[[:blank:]]*#.*//' "$1"; }

help_names() {
  "$tether" --help |
    sed -nE '/^ +-/ { s/^ +//; s/^((-[A-Za-z]|--[a-z][^ ]*)(, (-[A-Za-z]|--[a-z][^ ]*))*).*/\1/p; }' |
    sed -E 's/=[^,]*/=/g' | names_in
}

# The names after Fl macros, on the input's lines.
macro_names() {
  awk '{
    for (i = 1; i < NF; i++) {
      if ($i != "Fl" && $i != ".Fl") continue
      value = $(i + 2) == "Ns" && $(i + 3) == "=" ? "=" : ""
      if ($(i + 1) ~ /^-[a-z]/) print "-" $(i + 1) value
      if ($(i + 1) ~ /^[A-Za-z]$/) print "-" $(i + 1)
    }
  }'
}
man_names() { sed -n '/^\.Sh OPTIONS/,/^\.Sh [^O]/ { /^\.It /p; }' "$man_page" | macro_names; }
man_mentions() {
  sed '/^\.\\"/d' "$man_page" | macro_names
  sed '/^\.\\"/d; s/\\-/-/g' "$man_page" | grep -oE -e '--[a-z][a-z0-9-]*=?' || true
}

bash_names() { sed -n '/ options=($/,/)$/ { /(/d; p; }' "$bash_file" | names_in | sed -E 's/^(-[A-Za-z])=$/\1/'; }

# A specification, without the names it excludes and without its description.
zsh_names() {
  code_of "$zsh_file" |
    sed -nE "/^ +['\"][(*{-]/ { s/^ +['\"]//; s/^\([^)]*\)//; s/\[.*//; p; }" | names_in
}

fish_names() {
  awk '$1 == "complete" {
    value = ""; name = ""
    for (i = 2; i <= NF && $i != "-a" && $i != "-d"; i++) {
      if ($i == "-s") print "-" $(i + 1)
      if ($i == "-l") name = "--" $(i + 1)
      if ($i == "-x" || $i == "-r") value = "="
    }
    if (name != "") print name value
  }' "$fish_file"
}
# The list by which the way to COMMAND is found.
fish_valued() { code_of "$fish_file" | grep -oE -e '--[a-z][a-z0-9-]*=' || true; }

mentions() { code_of "$1" | grep -oE -e '--[a-z][a-z0-9-]*=?' || true; }

# compare FILE NAMES: the file's names against those there should be.
compare() {
  local name
  for name in $(beyond "$expected" "$2"); do differ "$1: $name is missing"; done
  for name in $(beyond "$2" "$expected"); do differ "$1: tether has no $name"; done
}

# known FILE NAMES: names anywhere in the file, where a value can be left out.
known() {
  local name
  for name in $(beyond "${2//=/}" "${expected//=/}"); do differ "$1: tether has no $name"; done
}

expected=$(help_names)
if [[ -z $expected ]]; then
  differ "$tether --help: no options found"
  exit 1
fi
for name in $second_names; do
  grep -Fxq -e "$name" <<<"$expected" && continue
  "$tether" "$name" --version >/dev/null 2>&1 || differ "$tether: does not take $name"
  expected+=$'\n'$name
done

compare "$man_page" "$(man_names)"
known "$man_page" "$(man_mentions)"
for file in bash zsh fish; do
  path=${file}_file
  compare "${!path}" "$("${file}_names")"
  known "${!path}" "$(mentions "${!path}")"
done
valued=$(grep -e '=$' <<<"$expected" || true)
for name in $(beyond "$valued" "$(fish_valued)"); do
  differ "$fish_file: $name is missing from the options with a value"
done

((${#told[@]} == 0)) || exit 1
