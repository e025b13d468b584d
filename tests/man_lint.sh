#!/usr/bin/env bash
# man_lint.sh MAN-PAGE - what mandoc and groff have against the page, on standard error.
# exit  0 nothing; 1 something; 77 one of them is not here (in CI that is 1).
set -euo pipefail

for tool in mandoc man; do
  command -v "$tool" >/dev/null && continue
  printf 'man_lint: no %s here\n' "$tool" >&2
  [[ -z ${CI-} ]] || exit 1
  exit 77
done
# Which other pages are installed here is no fault of this one.
told=$(mandoc -T lint -W all "$1" 2>&1 |
  grep -vE 'outdated mandoc\.db|referenced manual not found' || true)
# As Debian checks it.
told+=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 \
  man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null || printf 'man: exit %s\n' $?)
[[ -z $told ]] || { printf '%s\n' "$told" >&2; exit 1; }
