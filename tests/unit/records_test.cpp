// The records, byte for byte.
#include "report/records.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "report/messages.hpp"

namespace tether {
namespace {

using Words = std::vector<std::string>;

const std::string replacement = "\xEF\xBF\xBD";  // U+FFFD

// A COMMAND of main's argv.
class Command {
 public:
  explicit Command(Words words) : words_(std::move(words)) {
    for (std::string& word : words_) argv_.push_back(word.data());
    argv_.push_back(nullptr);
  }
  [[nodiscard]] char* const* argv() const { return argv_.data(); }

 private:
  Words words_;
  std::vector<char*> argv_;
};

std::string start_line(const Words& words) {
  const Command command(words);
  StartRecord start;
  start.pid = 4242;
  start.command = command.argv();
  start.started_at = {1795179600, 123456789};
  start.pidfs_inode = 1083;
  start.supervisor_pid = 4240;
  start.guarantees = {Means::kernel, Means::kernel, Means::kernel, Means::kernel};
  return to_line(start);
}

}  // namespace

TEST_CASE("a start record reads as written down") {
  CHECK(start_line({"make", "test"}) ==
        R"({"record":"start","version":1,"pid":4242,"command":["make","test"],)"
        R"("started_at":"2026-11-20T13:00:00.123456Z","pidfs_inode":1083,"init_pid":null,)"
        R"("supervisor_pid":4240,"held_by":"tether","guarantees":{"autoreap":"kernel",)"
        R"("autokill":"kernel","nnp":"kernel","tree":null,"supervisor":"kernel"}})"
        "\n");
}

TEST_CASE("what a start record does not know is null") {
  const Command command({"x"});
  StartRecord start;
  start.pid = 2;
  start.command = command.argv();
  start.started_at = {0, 999};
  start.supervisor_pid = 1;
  CHECK(to_line(start) ==
        R"({"record":"start","version":1,"pid":2,"command":["x"],)"
        R"("started_at":"1970-01-01T00:00:00.000000Z","pidfs_inode":null,"init_pid":null,)"
        R"("supervisor_pid":1,"held_by":"tether","guarantees":{"autoreap":null,)"
        R"("autokill":null,"nnp":null,"tree":null,"supervisor":null}})"
        "\n");
  start.guarantees = {Means::wait, Means::keeper, Means::prctl, Means::keeper};
  CHECK(to_line(start).find(R"("guarantees":{"autoreap":"wait","autokill":"keeper",)"
                            R"("nnp":"prctl","tree":null,"supervisor":"keeper"})") !=
        std::string::npos);
}

TEST_CASE("a record of a child at the gate is a start record by another name") {
  const Command command({"make", "test"});
  StartRecord start;
  start.pid = 4242;
  start.command = command.argv();
  start.started_at = {1795179600, 123456789};
  start.supervisor_pid = 4240;
  const std::string started = to_line(start);
  start.is_held_at_gate = true;
  const std::string held = to_line(start);
  const std::string name = R"({"record":"start",)";
  REQUIRE(started.substr(0, name.size()) == name);
  CHECK(held == R"({"record":"spawned",)" + started.substr(name.size()));
}

TEST_CASE("a start record says who stays if anybody does") {
  const Command command({"x"});
  StartRecord start;
  start.pid = 2;
  start.command = command.argv();
  start.supervisor_pid = 4240;
  const auto has = [&](const char* part) { return to_line(start).find(part) != std::string::npos; };
  CHECK(has(R"("supervisor_pid":4240,"held_by":"tether",)"));
  start.held_by = HeldBy::keeper;
  CHECK(has(R"("supervisor_pid":4240,"held_by":"keeper",)"));
  start.held_by = HeldBy::nobody;
  CHECK(has(R"("supervisor_pid":null,"held_by":"nobody",)"));
  start.supervisor_pid = -1;
  CHECK(has(R"("supervisor_pid":null,"held_by":"nobody",)"));
  start.guarantees.autoreap = Means::init;
  CHECK(has(R"("guarantees":{"autoreap":"init","autokill":null,)"));
}

TEST_CASE("a ready record reads as written down") {
  CHECK(to_line(ReadyRecord{4242, 0.42, "listening"}) ==
        R"({"record":"ready","version":1,"pid":4242,"after_s":0.42,"status":"listening"})"
        "\n");
  CHECK(to_line(ReadyRecord{7, 1.2345678, std::nullopt}) ==
        R"({"record":"ready","version":1,"pid":7,"after_s":1.234568,"status":null})"
        "\n");
  CHECK(to_line(ReadyRecord{7, 0, ""}) ==
        R"({"record":"ready","version":1,"pid":7,"after_s":0.0,"status":""})"
        "\n");
  CHECK(to_line(ReadyRecord{7, 3600, "\"\x1B\xFF\n"}) ==
        R"({"record":"ready","version":1,"pid":7,"after_s":3600.0,"status":"\"\u001b)" +
            replacement + "\\n\"}\n");
}

TEST_CASE("an exit record reads as written down") {
  ExitRecord exit;
  exit.pid = 4242;
  exit.ending = {Ending::Code::exited, 2, 0};
  exit.elapsed_s = 1.2345674;
  exit.usage = Usage{Usage::From::wait, 0.91, 0.12, 10240};
  exit.exit_status = 2;
  CHECK(to_line(exit) ==
        R"({"record":"exit","version":1,"pid":4242,"code":"exited","status":2,"signal":null,)"
        R"("cause":"command","escalated":false,"elapsed_s":1.234567,"user_s":0.91,)"
        R"("system_s":0.12,"max_rss_kib":10240,"usage_from":"wait","leftover":null,)"
        R"("survivors":null,"exit_status":2})"
        "\n");
}

TEST_CASE("an exit record of a child that was killed names the signal") {
  ExitRecord exit;
  exit.pid = 7;
  exit.ending = {Ending::Code::killed, 0, SIGKILL};
  exit.cause = Cause::signal;
  exit.usage = Usage{Usage::From::sampled, 0, 0, std::nullopt};
  exit.exit_status = 137;
  const std::string line = to_line(exit);
  CHECK(line ==
        R"({"record":"exit","version":1,"pid":7,"code":"killed","status":null,)"
        R"("signal":"SIGKILL","cause":"signal","escalated":false,"elapsed_s":0.0,"user_s":0.0,)"
        R"("system_s":0.0,"max_rss_kib":null,"usage_from":"sampled","leftover":null,)"
        R"("survivors":null,"exit_status":137})"
        "\n");
  exit.ending = {Ending::Code::dumped, 0, SIGRTMIN + 3};
  exit.usage.reset();
  exit.exit_status = 0;
  CHECK(to_line(exit) ==
        R"({"record":"exit","version":1,"pid":7,"code":"dumped","status":null,)"
        R"("signal":"SIGRTMIN+3","cause":"signal","escalated":false,"elapsed_s":0.0,)"
        R"("user_s":null,"system_s":null,"max_rss_kib":null,"usage_from":null,"leftover":null,)"
        R"("survivors":null,"exit_status":0})"
        "\n");
}

TEST_CASE("an exit record of a child in a cgroup has what only the cgroup knows") {
  ExitRecord exit;
  exit.pid = 7;
  exit.ending = {Ending::Code::exited, 0, 0};
  exit.usage = Usage{Usage::From::cgroup, 1.5, 0.25, std::nullopt};
  exit.cgroup = CgroupRecord{"/sys/fs/cgroup/job", 1048576, 12};
  CHECK(to_line(exit) ==
        R"({"record":"exit","version":1,"pid":7,"code":"exited","status":0,"signal":null,)"
        R"("cause":"command","escalated":false,"elapsed_s":0.0,"user_s":1.5,"system_s":0.25,)"
        R"("max_rss_kib":null,"usage_from":"cgroup","cgroup":"/sys/fs/cgroup/job",)"
        R"("memory_peak_bytes":1048576,"pids_peak":12,"leftover":null,"survivors":null,)"
        R"("exit_status":0})"
        "\n");
  exit.cgroup = CgroupRecord{"/c", std::nullopt, std::nullopt};
  CHECK(to_line(exit).find(R"("cgroup":"/c","memory_peak_bytes":null,"pids_peak":null,)") !=
        std::string::npos);
}

TEST_CASE("an exit record of a child that was not ready says how it was ended") {
  ExitRecord exit;
  exit.pid = 7;
  exit.ending = {Ending::Code::killed, 0, SIGKILL};
  exit.cause = Cause::not_ready;
  exit.escalated = true;
  exit.elapsed_s = 6.5;
  exit.exit_status = 124;
  CHECK(to_line(exit) ==
        R"({"record":"exit","version":1,"pid":7,"code":"killed","status":null,)"
        R"("signal":"SIGKILL","cause":"not-ready","escalated":true,"elapsed_s":6.5,)"
        R"("user_s":null,"system_s":null,"max_rss_kib":null,"usage_from":null,"leftover":null,)"
        R"("survivors":null,"exit_status":124})"
        "\n");
  exit.ending = {Ending::Code::exited, 0, 0};
  exit.escalated = false;
  CHECK(to_line(exit).find(R"("code":"exited","status":0,"signal":null,"cause":"not-ready",)"
                           R"("escalated":false,)") != std::string::npos);
}

TEST_CASE("an error record has the exit status that the failure brings along") {
  Failure failure{Stage::ready, 0, {}, "'x' was not ready in time, and was ended", "said nothing"};
  failure.exit_status = 124;
  CHECK(error_line(failure) ==
        R"({"record":"error","version":1,"stage":"ready","errno":null,"path":null,)"
        R"("message":"'x' was not ready in time, and was ended","exit_status":124})"
        "\n");
  failure.error_number = EADDRINUSE;
  failure.exit_status = 3;
  CHECK(error_line(failure) ==
        R"({"record":"error","version":1,"stage":"ready","errno":"EADDRINUSE","path":null,)"
        R"("message":"'x' was not ready in time, and was ended","exit_status":3})"
        "\n");
  CHECK(error_line({Stage::pidfile, EROFS, "/p", {}, {}}) ==
        R"({"record":"error","version":1,"stage":"pidfile","errno":"EROFS","path":"/p",)"
        R"("message":"cannot use pidfile '/p': Read-only file system","exit_status":125})"
        "\n");
}

TEST_CASE("an error record reads as written down") {
  CHECK(error_line({Stage::exec, ENOENT, "mkae", "mkae", {}}) ==
        R"({"record":"error","version":1,"stage":"exec","errno":"ENOENT","path":"mkae",)"
        R"("message":"cannot run 'mkae': No such file or directory","exit_status":127})"
        "\n");
  CHECK(error_line({Stage::exec, ENOENT, "/no", "./x", {}}) ==
        R"({"record":"error","version":1,"stage":"exec","errno":"ENOENT","path":"/no",)"
        R"("message":"cannot run './x': interpreter '/no': No such file or directory",)"
        R"("exit_status":126})"
        "\n");
  CHECK(error_line({Stage::exec, ENOENT, "", "", {}}) ==
        R"({"record":"error","version":1,"stage":"exec","errno":"ENOENT","path":"",)"
        R"("message":"cannot run '': No such file or directory","exit_status":127})"
        "\n");
  CHECK(error_line({Stage::guarantee, 0, {}, "--strict: \"no\"", "a hint is not recorded"}) ==
        R"({"record":"error","version":1,"stage":"guarantee","errno":null,"path":null,)"
        R"("message":"--strict: \"no\"","exit_status":125})"
        "\n");
}

TEST_CASE("a features record reads as written down") {
  const FeaturesRecord native{"7.3.4",
                              KernelSupport::everything(),
                              {Means::kernel, Means::kernel, Means::kernel, Means::kernel}};
  CHECK(
      to_line(native) ==
      R"({"record":"features","version":1,"kernel":"7.3.4","call":"clone3",)"
      R"("clone3_error":null,"flags":{"CLONE_AUTOREAP":true,"CLONE_NNP":true,)"
      R"("CLONE_PIDFD_AUTOKILL":true,"CLONE_INTO_CGROUP":true},"guarantees":{"autoreap":"kernel",)"
      R"("autokill":"kernel","nnp":"kernel","tree":null,"supervisor":"kernel"}})"
      "\n");
  const FeaturesRecord sandboxed{"5.10.0",
                                 {CloneWay::legacy_clone, ENOSYS, false, false, false},
                                 {Means::wait, Means::pdeathsig, Means::prctl, Means::pdeathsig}};
  CHECK(
      to_line(sandboxed) ==
      R"({"record":"features","version":1,"kernel":"5.10.0","call":"clone",)"
      R"("clone3_error":"ENOSYS","flags":{"CLONE_AUTOREAP":false,"CLONE_NNP":false,)"
      R"("CLONE_PIDFD_AUTOKILL":false,"CLONE_INTO_CGROUP":false},"guarantees":{"autoreap":"wait",)"
      R"("autokill":"pdeathsig","nnp":"prctl","tree":null,"supervisor":"pdeathsig"}})"
      "\n");
}

TEST_CASE("a features record tells of the surroundings") {
  FeaturesRecord features{"6.1.0", {}, {}};
  features.around.emplace();
  Surroundings& around = *features.around;
  around.machine = "x86_64";
  around.sandbox.filtered = true;
  around.sandbox.container = "podman";
  around.sandbox.user_namespace = true;
  around.user = 1000;
  around.user_namespace_needed = true;
  around.why_no_pid_namespace = "--pid-namespace needs /proc";
  around.cgroup.directory = "/sys/fs/cgroup";
  around.cgroup.delegated = true;
  around.detached_autoreap = Means::init;
  around.tie = Means::keeper;
  around.trees = {Means::subreaper, Means::cgroup};
  CHECK(
      to_line(features).find(
          R"(,"machine":"x86_64","sandbox":{"seccomp_filter":true,"no_new_privs":false,)"
          R"("container":"podman","security_label":null,"user_namespace":true,)"
          R"("pid_namespace":null},"uid":1000,"capabilities":[],"pid_namespaces":)"
          R"({"permitted":false,"with_user_namespace":true,"reason":"--pid-namespace needs /proc"},)"
          R"("cgroup":{"directory":"/sys/fs/cgroup","delegated":true,"reason":null},)"
          R"("autoreap_detached":"init","supervisor":"keeper","trees":["subreaper","cgroup"]})"
          "\n") != std::string::npos);
}

TEST_CASE("a dry-run record reads as written down") {
  const Command command({"make"});
  DryRunRecord dry_run{command.argv(), "/usr/bin/make", "clone3", {"CLONE_PIDFD", "CLONE_NNP"}, {}};
  dry_run.guarantees.nnp = Means::kernel;
  CHECK(to_line(dry_run) ==
        R"({"record":"dry-run","version":1,"command":["make"],"path":"/usr/bin/make",)"
        R"("call":"clone3","flags":["CLONE_PIDFD","CLONE_NNP"],"held_by":null,)"
        R"("guarantees":{"autoreap":null,)"
        R"("autokill":null,"nnp":"kernel","tree":null,"supervisor":null}})"
        "\n");
  dry_run.cgroup = "/sys/fs/cgroup/job";
  CHECK(to_line(dry_run).find(R"("held_by":null,"cgroup":"/sys/fs/cgroup/job","guarantees":)") !=
        std::string::npos);
  dry_run.held_by = HeldBy::keeper;
  CHECK(to_line(dry_run).find(R"("held_by":"keeper",)") != std::string::npos);
  dry_run.located.clear();
  dry_run.flags.clear();
  CHECK(to_line(dry_run).find(R"("path":null,"call":"clone3","flags":[],)") != std::string::npos);
}

TEST_CASE("every stage has the name of the schema") {
  const std::vector<std::pair<Stage, std::string>> names = {{Stage::usage, "usage"},
                                                            {Stage::privilege, "privilege"},
                                                            {Stage::guarantee, "guarantee"},
                                                            {Stage::descriptor, "descriptor"},
                                                            {Stage::directory, "directory"},
                                                            {Stage::input, "input"},
                                                            {Stage::output, "output"},
                                                            {Stage::pidfile, "pidfile"},
                                                            {Stage::running, "running"},
                                                            {Stage::record, "record"},
                                                            {Stage::cgroup, "cgroup"},
                                                            {Stage::clone, "clone"},
                                                            {Stage::namespaces, "namespaces"},
                                                            {Stage::session, "session"},
                                                            {Stage::group, "group"},
                                                            {Stage::terminal, "terminal"},
                                                            {Stage::ctty, "ctty"},
                                                            {Stage::nnp, "nnp"},
                                                            {Stage::bind, "bind"},
                                                            {Stage::helper, "keeper"},
                                                            {Stage::gate, "gate"},
                                                            {Stage::exec, "exec"},
                                                            {Stage::ready, "ready"},
                                                            {Stage::supervise, "supervise"},
                                                            {Stage::stop, "stop"}};
  for (const auto& [stage, name] : names) CHECK(name_of(stage) == name);
}

TEST_CASE("every cause has the name of the schema") {
  CHECK(std::string(name_of(Cause::command)) == "command");
  CHECK(std::string(name_of(Cause::signal)) == "signal");
  CHECK(std::string(name_of(Cause::not_ready)) == "not-ready");
}

TEST_CASE("what is no UTF-8 becomes the replacement character") {
  const std::string line =
      start_line({"caf\xC3\xA9", "a\xFFz", "\x80", "\xC0\xAF", "x\xC3", "\xE2\x82\xAC\xFE"});
  CHECK(line.find("\"command\":[\"caf\xC3\xA9\",\"a" + replacement + "z\",\"" + replacement +
                  "\",\"" + replacement + replacement + "\",\"x" + replacement +
                  "\",\"\xE2\x82\xAC" + replacement + "\"]") != std::string::npos);
  CHECK(error_line({Stage::directory, ENOENT, "/\xE9", {}, {}})
            .find("\"path\":\"/" + replacement + "\",\"message\":\"cannot change directory to '/" +
                  replacement + "': ") != std::string::npos);
}

TEST_CASE("control characters and quotes are escaped") {
  CHECK(start_line({"\n\t\x01\x1B", "\"\\/", "\x7F", ""})
            .find(R"("command":["\n\t\u0001\u001b","\"\\/",")"
                  "\x7F"
                  R"(",""],)") != std::string::npos);
}

}  // namespace tether
