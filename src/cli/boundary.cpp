#include "cli/boundary.hpp"

#include <fmt/format.h>

#include <cctype>
#include <string_view>

#include "cli/usage.hpp"

namespace tether {
namespace {

// An option that tether does not have, and the tool to use instead.
struct OtherTool {
  std::string_view name;
  const char* hint;
};
constexpr OtherTool other_tools[] = {
    {"reload", "use 'kill -HUP PID' with the PID of the pidfile"},
    {"send", "use 'kill -SIG PID' with the PID of the pidfile"},
    {"status",
     "use 'kill -0 PID' with the PID of the pidfile, or the exit record of --status-file"},
    {"user", "run COMMAND by 'setpriv --reuid=USER --regid=GROUP --init-groups'"},
};

Failure unknown(std::string_view word, std::string_view name) {
  const std::string text = fmt::format("unknown option '{}'", word);
  for (const OtherTool& tool : other_tools)
    if (name == tool.name) return usage(text, fmt::format("{}; {}", tool.hint, see_help));
  return usage(text, did_you_mean(nearest_option(name)));
}

// Names the letter only, unless the word looks like a long name behind one dash.
Failure unknown_letter(std::string_view word, std::size_t at) {
  const std::string_view name = word.substr(1);
  const bool is_letter = std::isalnum(static_cast<unsigned char>(word[at])) != 0;
  if (name.size() == 1 || !is_letter || nearest_option(name) != nullptr) return unknown(word, name);
  return usage(fmt::format("unknown option '-{}' in '{}'", word[at], word));
}

class Scanner {
 public:
  Scanner(int argc, const char* const* argv) : argc_(static_cast<std::size_t>(argc)), argv_(argv) {}

  Result<Boundary> scan() {
    for (at_ = 1; at_ < argc_; ++at_) {
      const std::string_view word = argv_[at_];
      if (word == "--") {
        ++at_;
        break;
      }
      if (word.size() < 2 || word.front() != '-') break;
      if (Status taken = word[1] == '-' ? take_long(word) : take_letters(word); !taken.ok())
        return taken.failure();
    }
    found_.command = at_ < argc_ ? at_ : argc_;
    return std::move(found_);
  }

 private:
  Status take_long(std::string_view word) {
    const std::size_t equals = word.find('=');
    const bool has_value = equals != std::string_view::npos;
    const std::string_view name = word.substr(2, has_value ? equals - 2 : word.size());
    const OptionRow* row = find_option(name);
    if (row == nullptr) return unknown(word.substr(0, equals), name);
    if (!has_value) return take_following(*row, fmt::format("--{}", name));
    if (!row->takes_value()) return usage(fmt::format("option '--{}' takes no value", name));
    add(*row, word.substr(equals + 1));
    return Unit{};
  }

  // Flags; the last letter may be an option with a value, attached or in the next word.
  Status take_letters(std::string_view word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const OptionRow* row = find_option(word[i]);
      if (row == nullptr) return unknown_letter(word, i);
      if (row->takes_value() && i + 1 < word.size()) {
        add(*row, word.substr(i + 1));
        break;
      }
      if (Status taken = take_following(*row, fmt::format("-{}", word[i])); !taken.ok())
        return taken;
    }
    return Unit{};
  }

  // A flag, or an option with its value in the next word.
  Status take_following(const OptionRow& row, const std::string& as_written) {
    if (!row.takes_value()) {
      add(row, {});
      return Unit{};
    }
    if (at_ + 1 >= argc_)
      return usage(fmt::format("option '{}' needs a value: {}", as_written, row.value_name));
    ++at_;
    add(row, argv_[at_]);
    found_.options.back().value_is_word = true;
    return Unit{};
  }

  void add(const OptionRow& row, std::string_view value) {
    found_.options.push_back({&row, std::string(value), at_, false});
  }

  std::size_t argc_;
  const char* const* argv_;
  std::size_t at_ = 1;
  Boundary found_;
};

}  // namespace

Result<Boundary> find_boundary(int argc, const char* const* argv) {
  return Scanner(argc, argv).scan();
}

}  // namespace tether
