// --rewrite: what its value means, and what becomes of a signal that is passed on.
#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "cli/values.hpp"
#include "command_lines.hpp"
#include "lifecycle_events.hpp"
#include "policy/lifecycle.hpp"

namespace tether {
namespace {

// A lifecycle that rewrites and has been sent these by processes, one after the other.
Lifecycle sent(const std::vector<Rewrite>& rewrites, const std::vector<int>& signals) {
  Lifecycle lifecycle;
  lifecycle.rewrite_by(SignalMap(rewrites));
  for (const int signal : signals) (void)lifecycle.on_signal({signal, false, false, true, false});
  return lifecycle;
}

std::string cause_of(const std::vector<Rewrite>& rewrites, int signal, const Ending& ending) {
  return name_of(sent(rewrites, {signal}).cause_of(ending));
}

const Ending clean{Ending::Code::exited, 0, 0};

Ending killed(int signal) {
  return {Ending::Code::killed, 0, signal};
}

}  // namespace

TEST_CASE("a rewriting is two signals, and the second may be none") {
  struct Row {
    std::string text;
    int from;
    int to;
  };
  const Row rows[] = {
      {"TERM:QUIT", SIGTERM, SIGQUIT},
      {"15:3", 15, 3},
      {"SIGTERM:sigquit", SIGTERM, SIGQUIT},
      {"HUP:0", SIGHUP, 0},
      {"1:00", 1, 0},
      {"TSTP:STOP", SIGTSTP, SIGSTOP},
      {"USR1:KILL", SIGUSR1, SIGKILL},
      {"RTMIN+1:64", SIGRTMIN + 1, 64},
      {"TERM:TERM", SIGTERM, SIGTERM},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto rewrite = parse_rewrite(row.text);
    REQUIRE(rewrite.has_value());
    CHECK(rewrite->from == row.from);
    CHECK(rewrite->to == row.to);
  }
}

TEST_CASE("text that is no rewriting is refused") {
  for (const std::string text :
       {"", ":", "TERM", "TERM:", ":TERM", "TERM:QUIT:INT", "TERM=QUIT", "0:TERM", "65:1", "1:65",
        "TERM:-1", "NOSUCH:TERM", "TERM:NOSUCH", " TERM:QUIT", "TERM: QUIT", "TERM,QUIT"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rewrite(text).has_value());
  }
}

TEST_CASE("what cannot be caught cannot be rewritten") {
  for (const std::string value : {"KILL:TERM", "9:15", "SIGSTOP:TSTP", "STOP:0"})
    CHECK(refusal({"--rewrite=" + value, "cmd"}) ==
          "option '--rewrite' wants a FROM that can be caught, not '" + value + "'");
  CHECK(refusal({"--rewrite=TERM", "cmd"}) ==
        "option '--rewrite' wants FROM:TO, two signals (TO 0: none), not 'TERM'");
}

TEST_CASE("rewritings are collected in order") {
  const Options options = parse({"--rewrite=TERM:QUIT", "--rewrite", "15:2", "cmd"});
  REQUIRE(options.rewrites.size() == 2);
  CHECK(options.rewrites[0].to == SIGQUIT);
  CHECK(options.rewrites[1].to == SIGINT);
}

TEST_CASE("rewriting needs somebody who stays") {
  CHECK(refusal({"--exec", "--rewrite=TERM:QUIT", "cmd"}) ==
        "--exec and --rewrite contradict each other: no process stays to pass signals on");
  CHECK_FALSE(refusal({"--dry-run", "--exec", "--rewrite=TERM:QUIT", "cmd"}).empty());
  const std::string detached =
      "--detach and --rewrite contradict each other: without a tie or a status record no keeper "
      "stays to pass signals on";
  CHECK(refusal({"-d", "--rewrite=TERM:QUIT", "cmd"}) == detached);
  // Once it is ready there is nobody.
  CHECK(refusal({"-d", "--notify=socket", "--rewrite=TERM:QUIT", "cmd"}) == detached);
  CHECK(refusal({"-d", "--json", "--rewrite=TERM:QUIT", "cmd"}) == detached);
  for (const Words& keeper : {Words{"--status-file=f"}, Words{"-t5"}, Words{"--die-with-parent"},
                              Words{"--autokill", "--nnp"}}) {
    Words words = {"-d", "--rewrite=TERM:QUIT"};
    words.insert(words.end(), keeper.begin(), keeper.end());
    words.emplace_back("cmd");
    CHECK(parse(words).rewrites.size() == 1);
  }
}

TEST_CASE("a signal that nobody rewrites stays what it is") {
  const SignalMap map({{SIGTERM, SIGQUIT}});
  for (int signal = 1; signal <= last_signal; ++signal)
    CHECK(map.of(signal) == (signal == SIGTERM ? SIGQUIT : signal));
}

TEST_CASE("of two rewritings of one signal the last one counts and none is applied twice") {
  CHECK(SignalMap({{SIGTERM, SIGQUIT}, {SIGTERM, SIGINT}}).of(SIGTERM) == SIGINT);
  CHECK(SignalMap({{SIGTERM, 0}, {SIGTERM, SIGTERM}}).of(SIGTERM) == SIGTERM);
  const SignalMap swapped({{SIGTERM, SIGINT}, {SIGINT, SIGTERM}});
  CHECK(swapped.of(SIGTERM) == SIGINT);
  CHECK(swapped.of(SIGINT) == SIGTERM);
}

TEST_CASE("what is passed on is passed on rewritten or not at all") {
  Lifecycle lifecycle = sent({{SIGTERM, SIGQUIT}, {SIGHUP, 0}, {SIGTSTP, SIGSTOP}}, {});
  const auto act = [&lifecycle](int signal, bool from_kernel, bool in_our_group) {
    return lifecycle.on_signal({signal, from_kernel, false, in_our_group, false});
  };
  check_passed_on(act(SIGTERM, false, true), SIGQUIT);
  check_passed_on(act(SIGQUIT, false, true), SIGQUIT);
  check_act(act(SIGHUP, false, true), nothing, 0);
  // A child in our group has had what the terminal sent, as it was.
  check_act(act(SIGTSTP, true, true), nothing, 0);
  check_passed_on(act(SIGTSTP, true, false), SIGSTOP);
}

TEST_CASE("our own signals are not rewritten") {
  Lifecycle lifecycle = sent({{SIGTERM, SIGQUIT}, {SIGKILL, SIGTERM}}, {});
  check_act(lifecycle.on_reason_to_end(Cause::timeout), Act::Kind::end, SIGTERM);
  check_act(lifecycle.on_kill_due(), Act::Kind::kill, SIGKILL);
}

TEST_CASE("a request to end stays one as whatever it is passed on") {
  for (const int request : {SIGTERM, SIGINT, SIGQUIT}) {
    CAPTURE(request);
    CHECK(cause_of({{request, SIGUSR1}}, request, clean) == "signal");
    CHECK(cause_of({{request, SIGUSR1}}, request, killed(SIGSEGV)) == "signal");
    // And what becomes one is one.
    CHECK(cause_of({{SIGUSR1, request}}, SIGUSR1, clean) == "signal");
    // One that was dropped never came.
    CHECK(cause_of({{request, 0}}, request, clean) == "command");
    CHECK(cause_of({{request, 0}}, request, killed(request)) == "command");
  }
}

TEST_CASE("of other signals the one that the child got explains its end") {
  CHECK(cause_of({{SIGHUP, SIGUSR1}}, SIGHUP, killed(SIGUSR1)) == "signal");
  CHECK(cause_of({{SIGHUP, SIGUSR1}}, SIGHUP, killed(SIGHUP)) == "command");
  CHECK(cause_of({{SIGHUP, SIGUSR1}}, SIGHUP, clean) == "command");
}

TEST_CASE("a child that a rewriting leaves stopped is still continued by a CONT") {
  Lifecycle lifecycle = sent({{SIGCONT, 0}, {SIGUSR1, SIGCONT}}, {});
  (void)lifecycle.on_child_stopped(SIGSTOP, false);
  check_act(lifecycle.on_signal({SIGCONT, false, false, true, false}), nothing, 0);
  check_passed_on(lifecycle.on_signal({SIGUSR1, false, false, true, false}), SIGCONT);
  // That continuation was our doing: no CONT to us is to be expected for it.
  (void)lifecycle.on_child_continued();
  check_passed_on(lifecycle.on_signal({SIGUSR1, false, false, true, false}), SIGCONT);
}

}  // namespace tether
