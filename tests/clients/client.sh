#!/bin/sh
# client.sh COMMAND [ARG]... - runs COMMAND so that it cannot outlive this script, kill -9 included. A
# shell cannot receive a descriptor, so it becomes tether, which becomes this script again: the same
# process, with the pidfd of COMMAND at descriptor 7. The records come through a pipe, from 8 to 9.
set -eu

if [ "${HOLDER-}" != $$ ]; then
  directory=$(mktemp -d)
  mkfifo "$directory/records"
  exec 8<>"$directory/records" 9<"$directory/records"
  rm -r "$directory"
  export HOLDER=$$ SCRIPT="$0"
  exec tether -q --autokill --nnp --close-fds --pidfd-fd=7 --status-fd=8 \
    --become='exec sh "$SCRIPT"' -- "$@"
fi

# Takes from $record what it has for $1.
field() {
  value=${record#*\""$1"\":}
  value=${value%%[,\}]*}
  value=${value#\"}
  value=${value%\"}
}

# Any program that is started here inherits 7 and holds COMMAND as well; built-ins start none.
while read -r record <&9; do
  case $record in
    '{"record":"start"'*) field pid; echo "pid $value" ;;
    '{"record":"exit"'*'"code":"exited"'*) field status; echo "exited with status $value" ;;
    '{"record":"exit"'*) field signal; echo "killed by $value" ;;
  esac
done
