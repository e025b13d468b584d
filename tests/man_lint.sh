#!/usr/bin/env bash
# man_lint.sh MAN-PAGE - what mandoc and groff have against the page, on standard error.
# exit  0 nothing; 1 something; 77 one of them is not here (in CI that is 1).
set -euo pipefail
export LC_ALL=C
program=man_lint whole='man page'
. "$(dirname "$(realpath "$0")")/shell/lib.sh"

[[ $# -eq 1 && -r $1 ]] || { say 'usage: man_lint.sh MAN-PAGE'; exit 2; }
need mandoc man groff
make_work

# Which other pages are installed here is no fault of this one. Its status says what the lines do.
mandoc -T lint -W all "$1" >"$work/mandoc" 2>&1 || true
sed -i -E '/outdated mandoc\.db|referenced manual not found/d' "$work/mandoc"
# As Debian checks it.
LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 \
  man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>"$work/man" >/dev/null || failed "man ends with status $?"
for tool in mandoc man; do
  while IFS= read -r line; do failed "$tool: $line"; done <"$work/$tool"
done
finish
