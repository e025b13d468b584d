// Hand-over, as far as it is decided without a process: by what means the child is kept, what stays
// behind, what contradicts it, and what comes when nobody holds it any more.
#include <doctest/doctest.h>

#include <string>

#include "cli/consistency.hpp"
#include "guarantee_cases.hpp"
#include "lifecycle_events.hpp"

using namespace tether;

namespace {

Options handed(Options options) {
  options.mode = Mode::hand_over;
  options.pidfd_fd = 7;
  return options;
}

Act holder_gone(Lifecycle& lifecycle) {
  return lifecycle.on_holder_gone();
}

const Ending killed{Ending::Code::killed, 0, SIGKILL};

std::string refusal(const std::vector<std::string>& words) {
  std::vector<const char*> argv = {"tether"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  argv.push_back("command");
  argv.push_back(nullptr);
  const Result<Boundary> boundary = find_boundary(static_cast<int>(argv.size() - 1), argv.data());
  REQUIRE(boundary.ok());
  Options options;
  for (const NamedOption& option : boundary.value().options)
    REQUIRE(option.row->apply(options, option.value) == nullptr);
  char* command[] = {nullptr};
  options.command = command;
  const Status judged = check_consistency(boundary.value(), options);
  return judged.ok() ? std::string() : judged.failure().detail;
}

}  // namespace

TEST_CASE("autokill of a child that is handed over is the kernel's or a keeper's") {
  for (const KernelSupport& support : kernels)
    for (const CallerFacts& caller : callers)
      for (const bool nnp : {false, true}) {
        Options options = handed(ask(false, true, nnp));
        const bool watched = must_watch_last_close(options, support, caller);
        // As it is for a tether that waits.
        CHECK(watched ==
              (choose_means(ask(false, true, nnp), support, caller).autokill != Means::kernel));
        options.watches_last_close = watched;
        CHECK(options.leaves_keeper() == watched);
        const Guarantees chosen = choose_means(options, support, caller);
        CHECK(text_of(chosen.autokill) == (watched ? "keeper" : "kernel"));
        // The parent-death signal binds it to the keeper, where COMMAND cannot clear that.
        const bool is_user =
            nnp && !caller.may_change_credentials && !caller.command_has_capabilities;
        CHECK(text_of(chosen.supervisor) == (!watched  ? "kernel"
                                             : is_user ? "pdeathsig"
                                                       : "keeper"));
        options.strict = true;
        CHECK(check_strict(options, chosen, support, "6.1").ok() == !watched);
      }
}

TEST_CASE("a tie of a child that is handed over is its keeper's, whoever has the pidfd") {
  Options options = handed(ask(false, true, true));
  options.timeout = std::chrono::seconds(1);
  CHECK(options.leaves_keeper());
  const Guarantees chosen = choose_means(options, native, root);
  CHECK(text_of(chosen.autokill) == "kernel");
  CHECK(text_of(chosen.supervisor) == "keeper");
  CHECK(text_of(choose_means(options, native, user).supervisor) == "pdeathsig");
}

TEST_CASE("without autokill nobody is watched, and nobody stays without a reason") {
  const Options options = handed(ask(false, false, true));
  for (const KernelSupport& support : kernels) {
    CHECK_FALSE(must_watch_last_close(options, support, root));
    const Guarantees chosen = choose_means(options, support, root);
    CHECK(text_of(chosen.autoreap) == (support.autoreap ? "kernel" : "init"));
    CHECK(text_of(chosen.autokill) == "-");
    CHECK(text_of(chosen.supervisor) == "-");
  }
  CHECK_FALSE(options.leaves_keeper());
  for (const auto reason :
       {+[](Options& o) { o.status_fd = 5; }, +[](Options& o) { o.status_file = "f"; },
        +[](Options& o) { o.cgroup = "c"; }, +[](Options& o) { o.die_with_parent = true; }}) {
    Options kept = options;
    reason(kept);
    CHECK(kept.leaves_keeper());
    CHECK(text_of(choose_means(kept, old_kernel, root).autoreap) == "wait");
  }
}

TEST_CASE("a keeper beside a pidfd that was handed over needs a pidfd of its own") {
  for (const bool is_native : {true, false}) {
    KernelSupport support = is_native ? native : old_kernel;
    support.pidfd_open = false;
    Options options = handed(ask(false, true, true));
    options.watches_last_close = must_watch_last_close(options, support, user);
    // Where the kernel ends the child nobody stays, and nothing has to be opened.
    CHECK(check_possible(options, choose_means(options, support, user)).ok() == is_native);
    options.timeout = std::chrono::seconds(1);
    CHECK_FALSE(check_possible(options, choose_means(options, support, user)).ok());
    CHECK(check_possible(handed({}), choose_means(handed({}), support, user)).ok());
  }
}

TEST_CASE("no descriptor goes to a child whose pidfd goes over the caller's socket") {
  Options options = handed({});
  CHECK(options.closes_descriptors());
  options.become = "x";
  CHECK_FALSE(options.closes_descriptors());
}

TEST_CASE("when nobody holds the child it is killed at once, and no event before changes that") {
  check_act(last_act({holder_gone}), Act::Kind::kill_child, SIGKILL);
  CHECK(after({holder_gone}).cause_of(killed) == Cause::holder);
  CHECK_FALSE(after({holder_gone}).escalated());
  for (const Event& event : events) {
    CAPTURE(event.name);
    check_act(last_act({event.happen, holder_gone}), Act::Kind::kill_child, SIGKILL);
    const bool was_ending = event.happen == not_ready;
    const Lifecycle lifecycle = after({event.happen, holder_gone});
    CHECK(lifecycle.cause_of(killed) == (was_ending ? Cause::not_ready : Cause::holder));
    CHECK(lifecycle.escalated() == was_ending);
    // Nor after it.
    CHECK(after({holder_gone, event.happen}).cause_of(killed) == Cause::holder);
    if (is_of_ending(event))
      check_act(last_act({holder_gone, event.happen}),
                event.happen == kill_due ? Act::Kind::kill : nothing,
                event.happen == kill_due ? SIGKILL : 0);
  }
}

TEST_CASE(
    "what a child has left behind is killed when nobody holds it, and the child alone is not") {
  const auto ended = [](Lifecycle& lifecycle) { return lifecycle.on_child_ended(); };
  Lifecycle alone;
  (void)ended(alone);
  check_act(alone.on_holder_gone(), nothing, 0);
  Lifecycle tree(SIGTERM, Lifecycle::Scope::tree);
  (void)ended(tree);
  check_act(tree.on_holder_gone(), Act::Kind::kill_child, SIGKILL);
  CHECK(tree.escalated());
  CHECK(tree.cause_of(Ending{}) == Cause::command);
}

TEST_CASE("what contradicts a hand-over is refused by name") {
  struct Row {
    std::vector<std::string> words;
    const char* message;
  };
  const Row rows[] = {
      {{"--pidfd-fd=7", "-w"},
       "--pidfd-fd and --wait contradict each other: one exits, the other waits"},
      {{"-d", "--pidfd-fd=7"},
       "--pidfd-fd and --detach contradict each other: one hands the child over, the other "
       "detaches it"},
      {{"--pidfd-fd=7", "-c"},
       "--pidfd-fd and --ctty contradict each other: no process stays to give the terminal back"},
      {{"--pidfd-fd=7", "--exec"},
       "--pidfd-fd and --exec contradict each other: there is no child"},
      {{"-d", "--become=x"},
       "--detach and --become contradict each other: one exits, the other becomes another "
       "command"},
      {{"--become=x"}, "--become needs --pidfd-fd"},
      {{"--pidfd-fd=2"}, "--pidfd-fd=2: that descriptor belongs to COMMAND"},
      {{"--pidfd-fd=0", "--become=x"}, "--pidfd-fd=0: that descriptor belongs to COMMAND"},
      {{"--pidfd-fd=7", "--tree"},
       "--pidfd-fd and --tree contradict each other without --pid-namespace or --cgroup"},
      {{"--pidfd-fd=7", "--status-fd=7"},
       "--pidfd-fd=7 and --status-fd contradict each other: both are the same descriptor"},
      {{"--pidfd-fd=7", "--die-on-eof=7"},
       "--pidfd-fd=7 and --die-on-eof contradict each other: both are the same descriptor"},
      {{"--pidfd-fd=7", "--block-fd=7"},
       "--pidfd-fd=7 and --block-fd contradict each other: both are the same descriptor"},
      {{"--pidfd-fd=7", "--notify=fd:7"},
       "--pidfd-fd=7 and --notify contradict each other: both are the same descriptor"},
      {{"--pidfd-fd=7", "--keep-fd=7"},
       "--pidfd-fd=7 and --keep-fd=7 contradict each other: the receiver would never "
       "see the end of file"},
      {{"--pidfd-fd=7", "--rewrite=INT:TERM"},
       "--pidfd-fd and --rewrite contradict each other: without a tie or a status record no "
       "keeper stays to pass signals on"},
  };
  for (const Row& row : rows) CHECK(refusal(row.words) == row.message);
  for (const std::vector<std::string>& fine :
       {std::vector<std::string>{"--pidfd-fd=7"},
        {"--pidfd-fd=7", "--become=x"},
        {"--pidfd-fd=7", "--tree", "--pid-namespace"},
        {"--pidfd-fd=7", "--tree", "--cgroup=/c"},
        {"--pidfd-fd=7", "--timeout=1", "--rewrite=INT:TERM"},
        {"--pidfd-fd=7", "--setsid", "--notify=fd:3", "--keep-fd=4"}})
    CHECK(refusal(fine).empty());
}
