# Sourced by the tests of what is installed. The checks take the words that start a command where
# tether is installed: "chroot DIR", or env with PATH and XDG_DATA_DIRS.
# shellcheck shell=bash

here=$(dirname "$(realpath "$0")")
. "$here/../shell/lib.sh"
# What is installed and packed has the modes that a umask of 022 leaves; so have the folders above it,
# which man reads as a user of its own.
umask 022
take_patience

# Where packages cannot be made, that has been said by the test that makes them.
need_package() { [[ -r $1 ]] || skip "no package was made: ${1##*/}"; }

# says WHAT PATTERN COMMAND...: COMMAND's output has a line that matches.
says() {
  local what=$1 pattern=$2 status=0
  shift 2
  timeout "$patience" "$@" >"$work/said" 2>&1 </dev/null || status=$?
  if [[ $status -ne 0 ]] || ! grep -Eq -e "$pattern" "$work/said"; then
    failed "$what: status $status, nothing like '$pattern', but: $(sed -n 1,5p "$work/said" | tr '\n' ' ')"
  fi
}

# Whether process $1 has ended. A zombie is its parent's affair.
ended() { ! grep -q '^State:.[^ZX]' "/proc/$1/status" 2>/dev/null; }

check_program() {
  says 'the version' "^tether $version\$" "$@" tether --version
  says 'a record' '"record":"exit".*"status":3' \
    "$@" sh -c 'tether --autokill --nnp --json -- sh -c "exit 3" || :'
  # A daemon that is bound to the shell that starts it, which kills itself then.
  local pid
  pid=$("$@" sh -c 'tether -d -q --print-pid --die-with-pid=$$ -- sleep 1000; kill -9 $$' \
    2>/dev/null </dev/null || true)
  if [[ ! $pid =~ ^[0-9]+$ ]]; then
    failed 'a daemon under a tie: it was not started'
  elif ! eventually ended "$pid"; then
    failed 'a daemon under a tie: it outlived the shell that started it'
    kill -9 "$pid" || true
  fi
}

# check_links FOLDER...: no document there has a link to a file that did not come along.
check_links() {
  local document link count=0
  while IFS= read -r document; do
    count=$((count + 1))
    while IFS= read -r link; do
      [[ $link =~ ^([a-z]+:|#|$) || -e ${document%/*}/${link%%#*} ]] ||
        failed "${document##*/} links to $link, which is not there"
    done < <(zcat -f "$document" | sed -nE 's/(\]\(|(href|src)=")/\n&/g; p' |
      sed -nE 's/^\]\(<?([^)> ]*).*/\1/p; s/^(href|src)="([^"]*).*/\2/p')
  done < <(find "$@" -type f \( -path '*/doc/*' -o -iname '*.md' -o -iname '*.html' -o -name copyright \
    -o -name LICENSE \))
  ((count > 0)) || failed "no document below $*"
}

# As when Tab is pressed after these letters, in a shell that was not told where to look.
typed='tether --die-with-p'

check_bash() {
  # shellcheck disable=SC2016 # for the bash that is asked
  says 'completion in bash' '^--die-with-parent --die-with-pid=' \
    "$@" bash --norc --noprofile -c '
      function_of() { complete -p "$@" | sed "s/.*-F //; s/ .*//"; }
      . /usr/share/bash-completion/bash_completion
      # What bash calls for a name without a completion. 124 is "there is one now".
      "$(function_of -D)" tether
      [[ $? -eq 124 ]] || exit 1
      COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=($1) COMP_CWORD=1
      "$(function_of tether)" tether "${COMP_WORDS[1]}" tether 2>/dev/null
      echo "${COMPREPLY[@]}"' bash "$typed"
}

# check_zsh FOLDER...: the folders that zsh looks into before its own.
check_zsh() {
  # shellcheck disable=SC2016 # for the zsh that is asked
  says 'completion in zsh' '^_tether$' zsh -f -c '
    fpath=($@ $fpath); autoload -Uz compinit; compinit -D -u; print $_comps[tether]' zsh "$@"
}

# Those of zsh itself, below the folder $1.
zsh_folders() { zsh -f -c 'print -l $1$^fpath' zsh "$1"; }

check_fish() {
  mkdir -p "$work/home"
  says 'completion in fish' '^--die-with-parent' "$@" HOME="$work/home" TERM=dumb fish -c "complete -C '$typed'"
}
