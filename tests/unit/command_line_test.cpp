// argv becomes Options: the meaning of what was given, and the secrets wiped.
#include "cli/command_line.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <string>

#include "command_lines.hpp"

namespace tether {

TEST_CASE("a flag sets its own field and no other") {
  struct Row {
    Words spellings;
    bool Options::*field;
  };
  const Row rows[] = {
      {{"--autoreap"}, &Options::autoreap},
      {{"--autokill"}, &Options::autokill},
      {{"--nnp", "--no-new-privs"}, &Options::nnp},
      {{"--strict"}, &Options::strict},
      {{"--setsid"}, &Options::setsid},
      {{"--setpgid"}, &Options::setpgid},
      {{"--nohup"}, &Options::nohup},
      {{"--reset-signals"}, &Options::reset_signals},
      {{"--clear-env"}, &Options::clear_environment},
      {{"--close-fds"}, &Options::close_fds},
      {{"--json"}, &Options::json},
      {{"--print-pid"}, &Options::print_pid},
      {{"--dry-run"}, &Options::dry_run},
      {{"--verbose", "-v"}, &Options::verbose},
      {{"--quiet", "-q"}, &Options::quiet},
  };
  for (const Row& row : rows)
    for (const std::string& spelling : row.spellings) {
      CAPTURE(spelling);
      const Options options = parse({spelling, "cmd"});
      for (const Row& other : rows) CHECK(options.*other.field == (other.field == row.field));
      CHECK(parse({spelling, spelling, "cmd"}).*row.field);
    }
}

TEST_CASE("without options tether waits and everything is at its default") {
  const Options options = parse({"cmd"});
  CHECK(options.mode == Mode::wait);
  CHECK(parse({"--wait", "cmd"}).mode == Mode::wait);
  CHECK(parse({"--exec", "cmd"}).mode == Mode::in_place);
  CHECK(options.signal == SIGTERM);
  CHECK(options.kill_after == std::chrono::seconds(5));
  CHECK(options.ready_timeout == never);
  CHECK_FALSE((options.ctty || options.nohup || options.truncate));
  CHECK_FALSE((options.standard_input || options.standard_output || options.standard_error));
  CHECK_FALSE((options.log || options.pidfile || options.notify || options.block_fd));
  CHECK_FALSE((options.new_session() || options.wants_autoreap() || options.leaves_keeper()));
  CHECK(options.learns_ending());
  CHECK_FALSE((options.autoreap || options.autokill || options.nnp || options.strict));
  CHECK_FALSE((options.setsid || options.setpgid || options.reset_signals));
  CHECK_FALSE((options.clear_environment || options.close_fds || options.json));
  CHECK_FALSE((options.print_pid || options.verbose || options.quiet || options.dry_run));
  CHECK_FALSE((options.features || options.help || options.version));
  CHECK_FALSE((options.directory || options.umask || options.status_fd || options.status_file));
  CHECK(options.environment.empty());
  CHECK(options.keep_fds.empty());
  CHECK(options.success_status.empty());
}

TEST_CASE("to detach is asked for by either name and either letter") {
  for (const Words& words :
       {Words{"-d", "cmd"}, Words{"-f", "cmd"}, Words{"--detach", "cmd"}, Words{"--fork", "cmd"},
        Words{"-df", "cmd"}, Words{"-dq", "cmd"}, Words{"-qf", "cmd"}, Words{"-dsTERM", "cmd"},
        Words{"-d", "--fork", "cmd"}, Words{"-dqs", "INT", "cmd"}, Words{"-dk5", "cmd"}}) {
    const Options options = parse(words);
    CAPTURE(words);
    CHECK(options.mode == Mode::detach);
    CHECK((options.new_session() && options.wants_autoreap()));
    CHECK_FALSE((options.setsid || options.autoreap || options.close_fds));
  }
}

TEST_CASE("a controlling terminal comes with a session of its own") {
  for (const std::string ctty : {"-c", "--ctty", "-cq", "-qc", "-wc"}) {
    CAPTURE(ctty);
    const Options options = parse({ctty, "cmd"});
    CHECK((options.ctty && options.setsid && options.new_session()));
    CHECK(options.mode == Mode::wait);
    CHECK_FALSE(options.setpgid);
  }
  CHECK_FALSE(parse({"--setsid", "cmd"}).ctty);
}

TEST_CASE("how an ending goes is read from either way of writing it") {
  struct Row {
    Words words;
    int signal;
    Duration kill_after;
  };
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  const Row rows[] = {
      {{"-sINT", "cmd"}, SIGINT, seconds(5)},
      {{"-s", "sigint", "cmd"}, SIGINT, seconds(5)},
      {{"-s9", "cmd"}, SIGKILL, seconds(5)},
      {{"--signal=RTMIN+3", "cmd"}, SIGRTMIN + 3, seconds(5)},
      {{"--signal", "1", "cmd"}, SIGHUP, seconds(5)},
      {{"-sINT", "-s", "QUIT", "cmd"}, SIGQUIT, seconds(5)},
      {{"-k2", "cmd"}, SIGTERM, seconds(2)},
      {{"-k", "200ms", "cmd"}, SIGTERM, milliseconds(200)},
      {{"--kill-after=1m", "cmd"}, SIGTERM, seconds(60)},
      {{"-k0", "cmd"}, SIGTERM, never},
      {{"-kinf", "cmd"}, SIGTERM, never},
      {{"-qk.5", "-sHUP", "cmd"}, SIGHUP, milliseconds(500)},
      // All the rest of a cluster is the value.
      {{"-dsTERM", "-k1", "cmd"}, SIGTERM, seconds(1)},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    const Options options = parse(row.words);
    CHECK(options.signal == row.signal);
    CHECK(options.kill_after == row.kill_after);
  }
}

TEST_CASE("readiness and the gate are read") {
  const Options options =
      parse({"--notify=socket", "--notify=fd:7", "--ready-timeout=1.5", "--block-fd", "0", "cmd"});
  REQUIRE(options.notify.has_value());
  CHECK(options.notify->kind == Notify::Kind::descriptor);
  CHECK(options.notify->fd == 7);
  CHECK(options.ready_timeout == std::chrono::milliseconds(1500));
  CHECK(options.block_fd == 0);
  const Options socket = parse({"--notify=fd:7", "--notify", "socket", "cmd"});
  CHECK(socket.notify->kind == Notify::Kind::socket);
  CHECK(socket.ready_timeout == never);
}

TEST_CASE("COMMAND points into argv") {
  struct Row {
    Words words;
    std::size_t command;
  };
  const Row rows[] = {
      {{"cmd"}, 1},
      {{"--", "cmd", "--"}, 2},
      {{"--env=A=[a,b]", "-C", "/", "cmd", "--json"}, 4},
      {{"-q", "--", "--json"}, 3},
      {{"", "x"}, 1},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    CommandLine line(row.words);
    const Result<Options> parsed = line.parse();
    REQUIRE(parsed.ok());
    CHECK(parsed.value().command == line.at(row.command));
    CHECK(std::string(parsed.value().command[0]) == row.words[row.command - 1]);
  }
}

TEST_CASE("changes to the environment keep the order given") {
  CHECK(changes({"--env=A=1", "--unset-env=A", "cmd"}) == Words{"A=1", "-A"});
  CHECK(changes({"--unset-env=A", "--env=A=1", "cmd"}) == Words{"-A", "A=1"});
  CHECK(changes({"--env", "A=1", "--unset-env", "B", "--env=A=2", "--unset-env=C", "--env=B=3",
                 "cmd"}) == Words{"A=1", "-B", "A=2", "-C", "B=3"});
  CHECK(changes({"--env=A=1", "--clear-env", "--env=B=2", "cmd"}) == Words{"A=1", "B=2"});
  CHECK(changes({"--env=A=1", "--env=A=1", "cmd"}) == Words{"A=1", "A=1"});
}

TEST_CASE("repeatable options are collected in order") {
  const Options options = parse({"--keep-fd=7", "--success-status=143", "--keep-fd", "3",
                                 "--keep-fd=7", "--success-status", "0", "cmd"});
  CHECK(options.keep_fds == std::vector<int>{7, 3, 7});
  CHECK(options.success_status == std::vector<int>{143, 0});
}

TEST_CASE("of an option that is not repeatable the last one wins") {
  CHECK(parse({"--chdir=/a", "-C/b", "--chdir", "/c", "cmd"}).directory == "/c");
  CHECK(parse({"--umask=077", "--umask=022", "cmd"}).umask == mode_t{022});
  CHECK(parse({"--status-fd=5", "--status-fd=6", "cmd"}).status_fd == 6);
  CHECK(parse({"--status-file=a", "--status-file", "b", "cmd"}).status_file == "b");
  CHECK(parse({"--pidfile=a", "--pidfile", "b", "cmd"}).pidfile == "b");
  CHECK(parse({"--log=a", "--log=b", "--truncate", "cmd"}).log == "b");
}

TEST_CASE("values arrive byte for byte") {
  for (const std::string value :
       {"[a,b]", "[]",    "[[a],[b]]", "{}",       "a,b",  "--json", "--",
        "-",     "\"x\"", "'x'",       "a b",      " ",    "x\ny",   "\\",
        "%s",    "=",     "a=b",       "\xFF\x80", "true", "false",  "0"}) {
    CAPTURE(value);
    for (const Words& words : {Words{"--chdir=" + value, "cmd"}, Words{"--chdir", value, "cmd"},
                               Words{"-C" + value, "cmd"}, Words{"-C", value, "cmd"}}) {
      const Options options = parse(words);
      CHECK(options.directory == value);
    }
    const Options files =
        parse({"--stdin=" + value, "--stdout", value, "--stderr=" + value, "cmd"});
    CHECK(files.standard_input == value);
    CHECK(files.standard_output == value);
    CHECK(files.standard_error == value);
    CHECK(parse({"--pidfile", value, "cmd"}).pidfile == value);
    CHECK(parse({"--status-file=" + value, "cmd"}).status_file == value);
    CHECK(parse({"--log=" + value, "cmd"}).log == value);
    CHECK(changes({"--env=A=" + value, "--env", "B=" + value, "cmd"}) ==
          Words{"A=" + value, "B=" + value});
  }
  CHECK(changes({"--env=A=", "--env", "B=", "--unset-env=[a,b]", "cmd"}) ==
        Words{"A=", "B=", "-[a,b]"});
}

TEST_CASE("what spawns nothing is taken without a COMMAND") {
  CHECK(parse({"--stop", "--pidfile=f"}).mode == Mode::stop);
  CHECK(parse({"--features", "--json", "--"}).features);
  CHECK(parse({"-h", "cmd"}).help);
  CHECK(parse({"-V"}).version);
}

TEST_CASE("values of --env are wiped from argv in every way of writing them") {
  struct Row {
    Words words;
    Words left;
  };
  const Row rows[] = {
      {{"--env=K=secret", "cmd"}, {"--env=K=xxxxxx", "cmd"}},
      {{"--env", "K=secret", "cmd"}, {"--env", "K=xxxxxx", "cmd"}},
      {{"--env=K=a=b", "cmd"}, {"--env=K=xxx", "cmd"}},
      {{"--env", "K==", "cmd"}, {"--env", "K=x", "cmd"}},
      {{"--env=K=", "cmd"}, {"--env=K=", "cmd"}},
      {{"--env", "K=", "cmd"}, {"--env", "K=", "cmd"}},
      {{"--env=K=[a,b]", "cmd"}, {"--env=K=xxxxx", "cmd"}},
      {{"--env", "--env=K", "cmd"}, {"--env", "--env=x", "cmd"}},
      {{"--env=K=1", "-q", "--env", "L=22", "--", "cmd"},
       {"--env=K=x", "-q", "--env", "L=xx", "--", "cmd"}},
      {{"--env=K=1", "--env=K=22", "cmd"}, {"--env=K=x", "--env=K=xx", "cmd"}},
      // COMMAND's own words, and what is no secret, stay as they are.
      {{"--unset-env=K", "--chdir=/a=b", "cmd", "--env=K=secret", "--env", "K=secret"},
       {"--unset-env=K", "--chdir=/a=b", "cmd", "--env=K=secret", "--env", "K=secret"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.words);
    CommandLine line(row.words);
    const Result<Options> parsed = line.parse();
    REQUIRE(parsed.ok());
    CHECK(line.words() == row.left);
    for (const EnvironmentChange& change : parsed.value().environment)
      CHECK(change.value.value_or("").find("xx") == std::string::npos);
  }
}

}  // namespace tether
