#include "cell.hpp"

#include <functional>
#include <sstream>
#include <stdexcept>

#include "child_bell.hpp"
#include "folder.hpp"
#include "processes.hpp"
#include "programs.hpp"
#include "stage.hpp"

namespace survivors {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using Roles = std::set<std::string>;

// Between two looks at marks in a folder, for which there is no event.
constexpr milliseconds mark_step{10};
// Between two looks at all processes, which are work.
constexpr milliseconds look_step{250};
// A family ends by itself after 900 seconds. What is seen near that time proves nothing.
constexpr milliseconds family_life{800000};

bool becomes_complete(const FamilyFolder& folder, Stage& stage, ChildBell& bell) {
  Patience patience;
  while (!stage.has_wrapper() || !folder.are_all_up()) {
    if (stage.wrapper_has_ended() || patience.is_over()) return false;
    (void)reap();
    bell.wait(mark_step);
  }
  // The comet may be somewhere else at each look.
  while (roles_alive(folder.path()) != family_roles()) {
    if (stage.wrapper_has_ended() || patience.is_over()) return false;
    (void)reap();
    bell.wait(mark_step);
  }
  return true;
}

// False if it does not within `length`. Some of those that hold it wait until they are reaped.
bool hangs_up_within(const Lifeline& line, milliseconds length, ChildBell& bell) {
  for (const auto end = Clock::now() + length; Clock::now() < end;) {
    if (line.has_hung_up()) return true;
    bell.wait(end - Clock::now(), line.hang_up());
    (void)reap();
  }
  return line.has_hung_up();
}

bool is_kept(Claim claim, const Roles& survivors) {
  switch (claim) {
    case Claim::all:
      return survivors.empty();
    case Claim::child:
      return survivors.count("child") == 0;
    case Claim::none:
      break;
  }
  return true;
}

// Who lives on once nothing has changed for a while. What is claimed has longer to come true.
void settle(Cell& cell, const FamilyFolder& folder, milliseconds quiet, Claim claim,
            ChildBell& bell) {
  Patience patience;
  bool is_over = false;
  auto changed = Clock::now();
  cell.survivors = family_roles();
  while (!hangs_up_within(folder.all(), look_step, bell)) {
    const Roles now_alive = roles_alive(folder.path());
    const auto now = Clock::now();
    if (now_alive != cell.survivors) {
      cell.survivors = now_alive;
      changed = now;
    }
    is_over = is_over || patience.is_over();
    cell.kept = is_kept(claim, cell.survivors);
    const bool is_quiet = now - changed >= quiet && !cell.survivors.empty();
    if (is_quiet && (cell.kept || is_over)) return;
    if (is_over && now_alive.empty() && now - changed >= quiet)
      throw std::runtime_error("a process holds the FIFO, but none is seen");
  }
  cell.kept = true;
  cell.survivors.clear();
}

// Each event is final: a process that is gone does not come back, and of a family whose FIFO has
// hung up none is left that could start another member.
void await_claim(Cell& cell, const FamilyFolder& folder, Claim claim, Bound bound,
                 ChildBell& bell) {
  const Lifeline& line = claim == Claim::all ? folder.all() : folder.child();
  Patience patience(bound);
  do {
    cell.kept = hangs_up_within(line, patience.step(), bell);
  } while (!cell.kept && !patience.is_over());
  cell.kept = cell.kept || line.has_hung_up();
  if (!cell.kept) cell.survivors = roles_alive(folder.path());
}

// What happens before the death, and after the end of what is to be seen.
Cell play_with(const Play& play,
               const std::function<void(Cell&, const FamilyFolder&, ChildBell&)>& see) {
  become_subreaper();
  ChildBell bell;
  Cell cell;
  const FamilyFolder folder;
  const auto start = Clock::now();
  std::vector<std::string> command = play.words;
  command.insert(command.end(), {suite_directory() + "/tools/family", folder.path()});
  Stage stage(command);
  cell.started = becomes_complete(folder, stage, bell);
  if (cell.started) {
    stage.bring(play.death);
    see(cell, folder, bell);
  } else {
    cell.complaint = stage.first_words();
  }
  if (Clock::now() - start > family_life)
    throw std::runtime_error("this machine is too slow: the family would have ended by itself");
  cell.cleared = end_all();
  return cell;
}

}  // namespace

Cell observe(const Play& play, milliseconds quiet) {
  return play_with(play, [&](Cell& cell, const FamilyFolder& folder, ChildBell& bell) {
    settle(cell, folder, quiet, play.claim, bell);
  });
}

Cell prove(const Play& play, Bound patience) {
  if (play.claim == Claim::none) throw std::logic_error("no claim to prove");
  return play_with(play, [&](Cell& cell, const FamilyFolder& folder, ChildBell& bell) {
    await_claim(cell, folder, play.claim, patience, bell);
  });
}

std::string shown(const Cell& cell) {
  static const std::vector<std::string> roles{"child",    "group",  "deaf", "session1",
                                              "session2", "daemon", "comet"};
  const std::size_t count = cell.survivors.size();
  if (count == 0) return "0";
  if (count == family_size) return "all 7";
  const bool are_missing = count + 2 >= family_size;
  std::string text = std::to_string(count) + ": " + (are_missing ? "all but " : "");
  const char* separator = "";
  for (const std::string& role : roles) {
    if ((cell.survivors.count(role) != 0) == are_missing) continue;
    text += separator + role;
    separator = ", ";
  }
  const std::size_t both = text.find("session1, session2");
  return both == std::string::npos ? text : text.replace(both, 18, "sessions");
}

std::string to_text(const Cell& cell) {
  std::ostringstream text;
  text << cell.started << ' ' << cell.kept << ' ' << cell.cleared;
  for (const std::string& role : cell.survivors) text << ' ' << role;
  text << '\n' << cell.complaint;
  return text.str();
}

Cell from_text(const std::string& text) {
  Cell cell;
  std::istringstream lines(text);
  std::string first;
  std::getline(lines, first);
  std::getline(lines, cell.complaint);
  std::istringstream words(first);
  words >> cell.started >> cell.kept >> cell.cleared;
  for (std::string role; words >> role;) cell.survivors.insert(role);
  return cell;
}

}  // namespace survivors
