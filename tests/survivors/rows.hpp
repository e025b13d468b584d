// Whose survivors are counted: the rows and columns of the table, and what tether claims in each.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace survivors {

// What happens to a command that runs under a wrapper.
enum class Death { term_wrapper, kill_wrapper, term_parent, kill_parent, kill_group, hang_up };

inline constexpr std::array deaths{Death::term_wrapper, Death::kill_wrapper, Death::term_parent,
                                   Death::kill_parent,  Death::kill_group,   Death::hang_up};

const char* title_of(Death death);

// Which processes are gone after a death by what the row's documentation says.
enum class Claim { none, child, all };

struct Row {
  // The command line as it is shown.
  std::string title;
  // The program first: a name that is looked up, or "tether".
  std::vector<std::string> words;
  // A letter for each death: "c" the child is gone, "a" all are, "-" no claim. Empty: a peer, whose
  // numbers decide nothing.
  std::string claims;

  [[nodiscard]] bool is_tether() const { return words.front() == "tether"; }
  [[nodiscard]] Claim claim(Death death) const;
  // How long nothing has to change before the rest counts as survivors: longer than the wrapper
  // takes by its own settings (tether sends SIGKILL after five seconds).
  [[nodiscard]] std::chrono::milliseconds quiet() const;
};

// A row of a command line as it is typed, "--" included.
Row row_of(const std::string& command_line, const std::string& claims);

std::vector<Row> all_rows();

}  // namespace survivors
