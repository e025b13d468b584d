# jobs.sh - the scripts that are started, into the folder $scripts.
# shellcheck shell=bash disable=SC2034,SC2154 # shared with compare

# job NAME <TEXT: a script to be started.
job() {
  cat >"$scripts/$1"
  chmod 755 "$scripts/$1"
}

job stay <<'END'
#!/bin/sh
exec sleep 1000
END
# Says what it was given.
job facts <<END
#!/bin/sh
"$probe" fds >"\${TETHER_PEERS}fds"
"$probe" signals >"\${TETHER_PEERS}signals"
"$probe" identity >"\${TETHER_PEERS}identity"
exec sleep 1000
END
job speak <<'END'
#!/bin/sh
echo new
exec sleep 1000
END
job fail <<'END'
#!/bin/sh
exit 3
END
# Ready after a second, which it says in each way there is.
job slow <<'END'
#!/bin/sh
sleep 1
: >"${TETHER_PEERS}ready"
if [ -n "${NOTIFY_SOCKET-}" ]; then
  perl -MSocket -e '(my $name = $ENV{NOTIFY_SOCKET}) =~ s/^@/\0/;
    socket(my $socket, AF_UNIX, SOCK_DGRAM, 0) or die;
    send($socket, "READY=1", 0, pack_sockaddr_un($name)) or die'
elif [ -e /proc/self/fd/3 ]; then
  echo >&3
fi
exec sleep 1000
END
job until_told <<'END'
#!/usr/bin/env bash
read -r -t 1000 word <>"${TETHER_PEERS}go"
exit 7
END
job family <<'END'
#!/bin/sh
sleep 1000 &
exec sleep 1000
END
# Takes its time to end.
job stubborn <<'END'
#!/bin/sh
trap 'sleep 0.5; exit 0' TERM
echo $$ >"${TETHER_PEERS}up"
sleep 1000 &
while :; do wait; done
END
job killed <<'END'
#!/bin/sh
kill -TERM $$
END
job seven <<'END'
#!/bin/sh
exit 7
END
job no_interpreter <<'END'
#!/no/such/interpreter
END
