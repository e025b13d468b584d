#!/usr/bin/env bash
# man_lint.sh MAN-PAGE - what mandoc and groff have against the page, on standard error.
# exit  0 nothing; 1 something; 77 one of them is not here.
set -euo pipefail

command -v mandoc >/dev/null && command -v man >/dev/null || exit 77
# Which other pages are installed here is no fault of this one.
told=$(mandoc -T lint -W all "$1" 2>&1 |
  grep -vE 'outdated mandoc\.db|referenced manual not found' || true)
# As Debian checks it.
told+=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 \
  man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >/dev/null || printf 'man: exit %s\n' $?)
[[ -z $told ]] || { printf '%s\n' "$told" >&2; exit 1; }
