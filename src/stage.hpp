// The steps of a start, named so that an error can say where it happened.
#pragma once

namespace tether {

// The step at which a start failed. The names appear as "stage" in the error record.
enum class Stage {
  usage,       // the command line
  privilege,   // tether was given more privilege than its caller, or too little for what was asked
  guarantee,   // --strict, and a guarantee that only an emulation could give
  descriptor,  // one of tether's own or of the caller's descriptors
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
  terminal,    // handing the terminal's foreground to the new group
  ctty,        // --ctty
  nnp,         // no_new_privs, where it is set by prctl
  bind,        // tying the child to tether (parent-death signal)
  helper,      // the watchdog, the warden or the keeper; "keeper" in records
  tie,         // --die-with-parent, --die-with-pid, --die-on-eof
  gate,        // --block-fd
  exec,        // COMMAND itself
  ready,       // COMMAND did not become ready
  supervise,   // waiting for the child
  stop,        // --stop
  hand_over,   // --pidfd-fd, --become
};

}  // namespace tether
