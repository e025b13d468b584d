#include "rows.hpp"

#include <sstream>

namespace survivors {
namespace {

// Debian's packages of them; the command line is what is shown.
constexpr std::array peers{
    "setsid -w",
    "setsid -fw",
    "timeout 100",
    "tini --",
    "tini -g --",
    "tini -s --",
    "tini -p SIGKILL --",
    "dumb-init --",
    "dumb-init -c --",
    "catatonit --",
    "catatonit -g --",
    "unshare -f --kill-child",
    "unshare -fp --kill-child",
    "unshare -Urfp --kill-child",
    "bwrap --bind / / --",
    "bwrap --bind / / --die-with-parent --",
    "bwrap --bind / / --unshare-pid --",
    "bwrap --bind / / --unshare-pid --die-with-parent --",
};

struct Promise {
  const char* command_line;
  // In the order of the deaths: SIGTERM and SIGKILL of the wrapper, both of its parent, the group,
  // the hang-up.
  const char* claims;
};

// clang-format off
constexpr std::array promises{
    Promise{"tether --",                                                    "c---cc"},
    Promise{"tether --timeout=1h --",                                       "cc--cc"},
    Promise{"tether --autokill --nnp --",                                   "cc--cc"},
    Promise{"tether --die-with-parent --",                                  "cccccc"},
    Promise{"tether --tree --",                                             "aa--aa"},
    Promise{"tether --tree --autokill --nnp --",                            "aa--aa"},
    Promise{"tether --tree --die-with-parent --",                           "aaaaaa"},
    Promise{"tether --pid-namespace --",                                    "aa--aa"},
    Promise{"tether --pid-namespace --autokill --nnp --",                   "aa--aa"},
    Promise{"tether --pid-namespace --die-with-parent --",                  "aaaaaa"},
    Promise{"tether --pid-namespace --die-with-parent --autokill --nnp --", "aaaaaa"},
};
// clang-format on

}  // namespace

const char* title_of(Death death) {
  switch (death) {
    case Death::term_wrapper:
      return "SIGTERM to the wrapper";
    case Death::kill_wrapper:
      return "SIGKILL to the wrapper";
    case Death::term_parent:
      return "SIGTERM to its parent";
    case Death::kill_parent:
      return "SIGKILL to its parent";
    case Death::kill_group:
      return "SIGKILL to the foreground group";
    case Death::hang_up:
      return "hang-up of the terminal";
  }
  return "";
}

Claim Row::claim(Death death) const {
  if (claims.empty()) return Claim::none;
  switch (claims.at(static_cast<std::size_t>(death))) {
    case 'a':
      return Claim::all;
    case 'c':
      return Claim::child;
    default:
      return Claim::none;
  }
}

std::chrono::milliseconds Row::quiet() const {
  return std::chrono::milliseconds(is_tether() ? 7000 : 1000);
}

Row row_of(const std::string& command_line, const std::string& claims) {
  Row made;
  made.title = command_line.ends_with(" --") ? command_line.substr(0, command_line.size() - 3)
                                             : command_line;
  made.claims = claims;
  std::istringstream words(command_line);
  for (std::string word; words >> word;) made.words.push_back(word);
  return made;
}

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  rows.reserve(peers.size() + promises.size());
  for (const char* peer : peers) rows.push_back(row_of(peer, ""));
  for (const Promise& promise : promises)
    rows.push_back(row_of(promise.command_line, promise.claims));
  return rows;
}

}  // namespace survivors
