# namespaces.sh - running a scenario in a PID namespace of its own.
# shellcheck shell=bash disable=SC2034,SC2154 # shared with compare

# The words that make one, if one can be had.
namespace=()
if unshare --pid --fork --mount-proc true 2>/dev/null; then
  namespace=(unshare --pid --fork --mount-proc)
elif unshare --user --map-root-user --pid --fork --mount-proc true 2>/dev/null; then
  namespace=(unshare --user --map-root-user --pid --fork --mount-proc)
fi

# inside_namespace FUNCTION TOOL [MORE]: runs a function of this script in the first process of a
# PID namespace, for its $cell. MORE is what the shell there reads after it.
inside_namespace() {
  in_background first/ "${namespace[@]}" bash -c "
    set -euo pipefail
    $(declare -p dir tether perl sleep scripts program patience pause nameless)
    $(declare -f)
    and_leave_cell $1 $2 ${3-}"
  wait_for $((patience * 3)) inside_ended $! || true
  cell=$(cat "$dir/cell" 2>/dev/null) || {
    cell='no result'
    say "$2: $(tail -n 1 "$dir/background")"
  }
}

and_leave_cell() {
  "$@"
  printf '%s\n' "$cell" >"$dir/cell.new"
  mv "$dir/cell.new" "$dir/cell"
}

inside_ended() { [[ -e $dir/cell ]] || gone "$1"; }
