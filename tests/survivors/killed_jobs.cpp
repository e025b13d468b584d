// killed-jobs [--kills=N] [--seed=S] [--jobs=N] [--victim=script|tether|both|any] [--count] --
//             OPTION...
// - runs a job script (the file `job`) with every command of it under "tether OPTION...", again and
// again; kills with SIGKILL at a random moment of it, and looks who lives on.
//
// N       how many kills: ROUNDS of the environment, or 40.
// OPTION  of tether; --die-with-pid=script names the script's process.
// script  the script itself; tether: one of those that it started, after which it goes on; both:
// the
//         two one after the other; any: one process of tether's, its own helpers included.
// stdout  how many rounds it took to kill N times, and how often who lived on.
// exit    0 none lived on, or --count was given and that was only counted; 1 one did, or there were
//         fewer than N kills, or a round could not be judged; 2 bad usage; 77 namespaces are
//         refused here. The result goes to the file TETHER_REPORT as well (report.hpp).
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "crew.hpp"
#include "processes.hpp"
#include "programs.hpp"
#include "report.hpp"
#include "rounds.hpp"

namespace survivors {
namespace {

std::uint64_t kills_by_default() {
  const char* const rounds = std::getenv("ROUNDS");
  return rounds == nullptr || *rounds == 0 ? 40 : std::strtoull(rounds, nullptr, 10);
}

struct Arguments {
  std::uint64_t kills = kills_by_default();
  std::uint64_t seed = std::random_device()();
  std::uint64_t jobs = std::thread::hardware_concurrency();
  std::string victim = "script";
  bool is_count = false;
  std::vector<std::string> options;
};

std::optional<Victim> victim_named(const std::string& name) {
  if (name == "script") return Victim::script;
  if (name == "tether") return Victim::tether;
  if (name == "both") return Victim::both;
  if (name == "any") return Victim::any;
  return std::nullopt;
}

bool take_option(const std::string& word, Arguments& arguments) {
  const std::string name = word.substr(0, word.find('='));
  const std::string value = word.substr(std::min(word.size(), name.size() + 1));
  if (name == "--count") {
    arguments.is_count = true;
  } else if (name == "--victim") {
    arguments.victim = value;
  } else if (name == "--kills") {
    arguments.kills = std::strtoull(value.c_str(), nullptr, 10);
  } else if (name == "--seed") {
    arguments.seed = std::strtoull(value.c_str(), nullptr, 10);
  } else if (name == "--jobs") {
    arguments.jobs = std::strtoull(value.c_str(), nullptr, 10);
  } else {
    return false;
  }
  return true;
}

bool parse(int argc, char** argv, Arguments& arguments) {
  int i = 1;
  for (; i < argc && std::string(argv[i]) != "--"; ++i)
    if (!take_option(argv[i], arguments)) return false;
  for (++i; i < argc; ++i) arguments.options.emplace_back(argv[i]);
  return arguments.kills > 0 && arguments.jobs > 0 && victim_named(arguments.victim).has_value();
}

Job job_of(const Arguments& arguments) {
  Job job;
  job.script = suite_directory() + "/job";
  job.family = suite_directory() + "/tools/family";
  job.tether = {locate("tether"), "-q"};
  job.tether.insert(job.tether.end(), arguments.options.begin(), arguments.options.end());
  job.victim = victim_named(arguments.victim).value_or(Victim::script);
  job.wants_none = !arguments.is_count;
  return job;
}

class Tally {
 public:
  void add(const Outcome& outcome) {
    ++(outcome.is_undisturbed ? undisturbed_ : rounds_);
    if (outcome.hit) ++kills_;
    if (!outcome.ended) spoil("the script did not end");
    if (!outcome.cleared) spoil("processes are left that do not die");
    if (outcome.survivors.empty()) return;
    ++rounds_with_survivors_;
    for (const std::string& name : outcome.survivors) ++survivors_[name];
    if (rounds_with_survivors_ <= 10)
      std::cout << (outcome.is_undisturbed ? "undisturbed for " : "killed at ")
                << outcome.moment.count() << " ms: " << outcome.survivors.size() << " lived on\n";
  }

  void spoil(const std::string& text) {
    std::cout << text << '\n';
    why_ += (why_.empty() ? "" : "; ") + text;
  }

  // To be called once all rounds are added.
  void expect(std::uint64_t kills) {
    if (kills_ < kills)
      spoil("only " + std::to_string(kills_) + " of " + std::to_string(kills) +
            " kills came about");
  }

  void print() const {
    std::cout << rounds_ << " rounds, " << kills_ << " kills, " << undisturbed_
              << " undisturbed ones; " << rounds_with_survivors_ << " of all with survivors\n";
    for (const auto& [name, times] : survivors_) std::cout << "  " << times << " " << name << '\n';
  }

  // Why this cannot be judged; empty if it can.
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] bool has_survivors() const { return rounds_with_survivors_ != 0; }

 private:
  std::uint64_t rounds_ = 0;
  std::uint64_t undisturbed_ = 0;
  std::uint64_t kills_ = 0;
  std::uint64_t rounds_with_survivors_ = 0;
  std::map<std::string, std::uint64_t> survivors_;
  std::string why_;
};

void print_head(const Arguments& arguments) {
  std::cout << "seed " << arguments.seed << ", SIGKILL to " << arguments.victim
            << ", each command under: tether";
  for (const std::string& option : arguments.options) std::cout << ' ' << option;
  std::cout << std::endl;
}

// Ten kills share what one undisturbed one says about their length.
std::vector<Crew::Work> divide(const Job& job, const Arguments& arguments) {
  std::vector<Crew::Work> work;
  for (std::uint64_t done = 0; done < arguments.kills; done += 10) {
    const std::uint64_t count = std::min<std::uint64_t>(10, arguments.kills - done);
    const std::uint64_t seed = arguments.seed * 1000003 + done;
    work.emplace_back([&job, count, seed] { return to_text(play_rounds(job, count, seed)); });
  }
  return work;
}

std::string name_of(const Arguments& arguments) {
  std::string name = "survivors: jobs under tether";
  for (const std::string& option : arguments.options) name += " " + option;
  return name + ", killed: " + arguments.victim;
}

// In the test machine and for other options a refusal is a fault.
int take_refusal(const Arguments& arguments, const std::string& refusal) {
  const auto& options = arguments.options;
  const bool may_be = std::count(options.begin(), options.end(), "--pid-namespace") != 0 &&
                      std::getenv("TETHER_VM") == nullptr;
  std::cout << (may_be ? "skipped: " : "") << refusal << std::endl;
  report(name_of(arguments), may_be ? Verdict::skipped : Verdict::failed, refusal);
  return may_be ? 77 : 1;
}

int conclude(const Arguments& arguments, Tally& tally) {
  if (tally.has_survivors() && !arguments.is_count) tally.spoil("processes lived on");
  report(name_of(arguments), tally.why().empty() ? Verdict::passed : Verdict::failed, tally.why());
  return tally.why().empty() ? 0 : 1;
}

int run(const Arguments& arguments) {
  std::vector<std::string> options = arguments.options;
  std::replace(options.begin(), options.end(), std::string("--die-with-pid=script"),
               "--die-with-pid=" + std::to_string(::getpid()));
  const std::string refusal = refusal_of(options);
  if (!refusal.empty()) return take_refusal(arguments, refusal);
  become_subreaper();
  print_head(arguments);
  const Job job = job_of(arguments);
  Tally tally;
  for (const std::string& text : Crew(arguments.jobs).perform(divide(job, arguments))) {
    if (text.starts_with("error: ")) tally.spoil(text);
    for (const Outcome& outcome : outcomes_from_text(text)) tally.add(outcome);
  }
  tally.print();
  tally.expect(arguments.kills);
  if (!end_all()) tally.spoil("processes are left that do not die");
  return conclude(arguments, tally);
}

}  // namespace
}  // namespace survivors

int main(int argc, char** argv) {
  survivors::start_clean();
  survivors::Arguments arguments;
  if (!survivors::parse(argc, argv, arguments)) {
    (void)std::fputs(
        "usage: killed-jobs [--kills=N] [--seed=S] [--jobs=N] [--victim=script|tether|both|any]\n"
        "                   [--count] -- OPTION...\n",
        stderr);
    return 2;
  }
  try {
    return survivors::run(arguments);
  } catch (const std::exception& error) {
    std::cerr << "killed-jobs: " << error.what() << std::endl;
    return 1;
  }
}
