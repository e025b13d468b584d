#include "check.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "cell.hpp"
#include "crew.hpp"
#include "processes.hpp"
#include "programs.hpp"
#include "report.hpp"
#include "rows.hpp"

namespace survivors {
namespace {

struct Case {
  Row row;
  Death death = Death::kill_wrapper;
  Bound patience{};

  [[nodiscard]] std::string name() const {
    return "survivors: " + row.title + ": " + title_of(death);
  }
};

struct Finding {
  Verdict verdict = Verdict::passed;
  std::string why;
};

// The member of the family that ignores SIGTERM is sent SIGKILL after this. How long that takes is
// claimed nowhere in these rows, and five seconds for each cell would be most of the check's time.
constexpr const char* short_ending = "--kill-after=300ms";

std::vector<std::string> words_of(const Row& row) {
  std::vector<std::string> words = row.words;
  words.front() = locate(words.front());
  words.insert(words.begin() + 1, short_ending);
  return words;
}

std::vector<std::string> options_of(const Row& row) {
  std::vector<std::string> options(row.words.begin() + 1, row.words.end());
  std::erase(options, "--");
  return options;
}

// Where the kernel or a sandbox refuses namespaces, tether says so before it starts anything; in
// the test machine they are not refused.
Finding judge_refusal(const Row& row, const std::string& complaint) {
  const bool may_be_refused =
      row.title.find("--pid-namespace") != std::string::npos && std::getenv("TETHER_VM") == nullptr;
  if (may_be_refused && !refusal_of(options_of(row)).empty()) return {Verdict::skipped, complaint};
  return {Verdict::failed,
          complaint.empty() ? "there was no whole family in time" : "does not start: " + complaint};
}

Finding judge(const Case& one, const std::string& text) {
  if (text.starts_with("error: ")) return {Verdict::failed, text};
  const Cell cell = from_text(text);
  if (!cell.started) return judge_refusal(one.row, cell.complaint);
  if (!cell.kept) return {Verdict::failed, shown(cell) + " lived on"};
  if (!cell.cleared) return {Verdict::failed, "processes are left that do not die"};
  return {};
}

std::vector<Finding> play_all(const std::vector<Case>& cases, std::size_t jobs) {
  std::vector<Crew::Work> work;
  work.reserve(cases.size());
  for (const Case& one : cases) {
    const Play play{words_of(one.row), one.death, one.row.claim(one.death)};
    work.emplace_back([play, patience = one.patience] { return to_text(prove(play, patience)); });
  }
  std::vector<Finding> findings;
  for (const std::string& text : Crew(jobs).perform(work))
    findings.push_back(judge(cases[findings.size()], text));
  return findings;
}

std::vector<Case> claims_of_tether(const std::string& only) {
  std::vector<Case> cases;
  for (const Row& row : all_rows()) {
    if (!row.is_tether() || row.title.find(only) == std::string::npos) continue;
    for (const Death death : deaths)
      if (row.claim(death) != Claim::none) cases.push_back({row, death});
  }
  return cases;
}

class Count {
 public:
  void add(const std::string& name, const Finding& finding) {
    report(name, finding.verdict, finding.why);
    ++numbers_[static_cast<std::size_t>(finding.verdict)];
    if (finding.verdict == Verdict::skipped)
      std::cerr << name << ": skipped: " << finding.why << '\n';
    if (finding.verdict == Verdict::failed)
      std::cerr << name << ": FAILED: " << finding.why << '\n';
  }
  [[nodiscard]] std::size_t of(Verdict verdict) const {
    return numbers_[static_cast<std::size_t>(verdict)];
  }

 private:
  std::array<std::size_t, 3> numbers_{};
};

// A claim that is planted, and how it has to be found.
struct Planted {
  const char* command_line;
  // As in a row.
  const char* claims;
  Death death;
  Verdict verdict;
};

// clang-format off
constexpr std::array planted{
    Planted{"tether --",               "-a----", Death::kill_wrapper, Verdict::failed},
    Planted{"tether --",               "-c----", Death::kill_wrapper, Verdict::failed},
    Planted{"tether --",               "a-----", Death::term_wrapper, Verdict::failed},
    Planted{"tether --tree --",        "--a---", Death::term_parent,  Verdict::failed},
    Planted{"tether --no-such-tie --", "-a----", Death::kill_wrapper, Verdict::failed},
    Planted{"tether --timeout=1h --",  "-c----", Death::kill_wrapper, Verdict::passed},
    Planted{"tether --tree --",        "-a----", Death::kill_wrapper, Verdict::passed},
};
// clang-format on

// What never comes true need not be waited for at length, however busy the machine is.
constexpr Bound patience_with_the_false{std::chrono::milliseconds(1000), 0};

}  // namespace

int check(std::size_t jobs, const std::string& only) {
  become_subreaper();
  const std::vector<Case> cases = claims_of_tether(only);
  if (cases.empty()) {
    std::cerr << "survivors: no row of tether's contains '" << only << "'\n";
    return 1;
  }
  Count count;
  const std::vector<Finding> findings = play_all(cases, jobs);
  for (std::size_t i = 0; i < cases.size(); ++i) count.add(cases[i].name(), findings[i]);
  std::cout << "survivors: " << cases.size() << " claims: " << count.of(Verdict::passed)
            << " hold, " << count.of(Verdict::failed) << " do not, " << count.of(Verdict::skipped)
            << " could not be looked at" << std::endl;
  const bool is_clear = end_all();
  if (!is_clear) std::cerr << "survivors: processes are left that do not die\n";
  if (count.of(Verdict::failed) != 0 || !is_clear) return 1;
  return count.of(Verdict::skipped) != 0 ? 77 : 0;
}

int check_the_check(std::size_t jobs) {
  become_subreaper();
  std::vector<Case> cases;
  cases.reserve(std::size(planted));
  for (const Planted& one : planted)
    cases.push_back({row_of(one.command_line, one.claims), one.death,
                     one.verdict == Verdict::failed ? patience_with_the_false : Bound{}});
  const std::vector<Finding> findings = play_all(cases, jobs);
  std::string mistaken;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const bool is_seen = findings[i].verdict == planted[i].verdict;
    std::cout << (is_seen ? "as planted: " : "MISTAKEN: ") << cases[i].name() << ", claim "
              << planted[i].claims << ": "
              << (findings[i].verdict == Verdict::passed ? "holds" : findings[i].why) << '\n';
    if (!is_seen) mistaken += cases[i].name() + "; ";
  }
  if (!end_all()) mistaken += "processes are left that do not die";
  report("survivors: a claim that does not hold is found",
         mistaken.empty() ? Verdict::passed : Verdict::failed, mistaken);
  return mistaken.empty() ? 0 : 1;
}

}  // namespace survivors
