// The steps at which tether can fail.
#pragma once

namespace tether {

// The names are "stage" in the error record, where `helper` is "keeper".
enum class Stage {
  usage,       // the command line
  privilege,   // tether has more privilege than the caller, or too little for what was asked
  guarantee,   // --strict, and a guarantee that only an emulation could give
  descriptor,  // a descriptor, tether's own or the caller's
  directory,   // --chdir
  input,       // --stdin
  output,      // --stdout, --stderr, --log, nohup.out
  pidfile,     // --pidfile
  running,     // --pidfile names a process that runs
  record,      // the status file or status descriptor
  cgroup,      // --cgroup
  clone,       // no process could be made
  namespaces,  // --pid-namespace
  session,     // --setsid
  group,       // --setpgid
  terminal,    // giving the terminal's foreground to the new process group
  ctty,        // --ctty
  nnp,         // no_new_privs, where it is set by prctl
  bind,        // the parent-death signal, which binds the child to tether
  helper,      // the watchdog, the warden, the lock waiter or the keeper
  tie,         // --die-with-parent, --die-with-pid, --die-on-eof
  gate,        // --block-fd
  exec,        // COMMAND itself
  ready,       // COMMAND did not become ready
  supervise,   // waiting for the child
  stop,        // --stop
  hand_over,   // --pidfd-fd, --become
};

}  // namespace tether
