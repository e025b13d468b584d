#include "cli/consistency.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/usage.hpp"

namespace tether {
namespace {

constexpr const char* no_supervisor = "no process stays to do it";
constexpr const char* no_child = "there is no child";
constexpr const char* no_ending = "no process stays to end COMMAND";
constexpr Contradiction contradictions[] = {
    {"detach", {"wait"}, "one exits, the other waits"},
    {"detach", {"exec"}, "one makes a child, the other becomes COMMAND"},
    {"detach", {"ctty"}, "a detached child has no controlling terminal"},
    {"detach", {"become"}, "one exits, the other becomes another command"},
    {"pidfd-fd", {"wait"}, "one exits, the other waits"},
    {"pidfd-fd", {"detach"}, "one hands the child over, the other detaches it"},
    {"pidfd-fd", {"ctty"}, "no process stays to give the terminal back"},
    {"pidfd-fd", {"exec"}, no_child},
    {"become", {"exec"}, no_child},
    {"exec", {"wait"}, "one becomes COMMAND, the other waits"},
    {"exec", {"autoreap", "autokill", "cgroup"}, no_child},
    {"exec", {"success-status"}, no_supervisor},
    {"exec", {"timeout", "die-with-parent", "die-with-pid", "die-on-eof"}, no_ending},
    {"exec", {"signal", "kill-after"}, no_ending},
    {"exec", {"rewrite"}, "no process stays to pass signals on"},
    {"exec", {"tree"}, no_ending},
    {"exec", {"pid-namespace"}, no_child},
    {"exec", {"json", "status-fd", "status-file"}, no_supervisor},
    {"exec", {"notify"}, "no process stays to receive it"},
    {"exec", {"block-fd"}, no_child},
    {"exec", {"print-pid"}, "COMMAND has the pid of tether"},
    {"log", {"stdout", "stderr"}, "both say where the output goes"},
    {"verbose", {"quiet"}, "one says more, the other less"},
    {"features", {"dry-run"}, "one asks about the kernel, the other about COMMAND"},
};

// Option `one` has no effect without one of `any_of`.
struct Dependence {
  std::string_view one;
  std::initializer_list<const char*> any_of;
};

constexpr Dependence dependences[] = {
    {"ready-timeout", {"notify"}},
    {"preserve-status", {"timeout"}},
    {"truncate", {"stdout", "stderr", "log"}},
    {"stop", {"pidfile"}},
    {"become", {"pidfd-fd"}},
};

// The options that --stop uses.
constexpr std::string_view beside_stop[] = {"stop",    "pidfile", "signal", "kill-after",
                                            "verbose", "quiet",   "help",   "version"};

bool is_named(const Boundary& boundary, std::string_view name) {
  return std::any_of(boundary.options.begin(), boundary.options.end(),
                     [&](const NamedOption& option) { return name == option.row->name; });
}

Failure contradiction(std::string_view one, std::string_view other, std::string_view reason) {
  return usage(fmt::format("--{} and --{} contradict each other: {}", one, other, reason));
}

Status check_pairs(const Boundary& boundary, const Options& options) {
  for (const Contradiction& row : contradictions) {
    if (!is_named(boundary, row.one)) continue;
    for (const std::string_view other : row.others)
      // With --dry-run tether does not become COMMAND, and can print the record.
      if (is_named(boundary, other) && !(options.dry_run && other == "json"))
        return contradiction(row.one, other, row.reason);
  }
  for (const Dependence& needs : dependences)
    if (is_named(boundary, needs.one) &&
        std::none_of(needs.any_of.begin(), needs.any_of.end(),
                     [&](const char* name) { return is_named(boundary, name); }))
      return usage(fmt::format("--{} needs --{}", needs.one, fmt::join(needs.any_of, " or --")));
  return Unit{};
}

// A descriptor, and the option that uses it.
struct Use {
  std::optional<int> fd;
  std::string option;
};

bool is_kept(const Options& options, int fd) {
  return std::find(options.keep_fds.begin(), options.keep_fds.end(), fd) != options.keep_fds.end();
}

// Each descriptor of COMMAND comes from one option at most.
Status check_descriptors(const Options& options) {
  const auto notify_fd = options.notify_fd();
  if (options.keep_fds.empty() && !notify_fd) return Unit{};
  if (notify_fd && *notify_fd <= 2 && options.leaves_child())
    return contradiction(fmt::format("notify=fd:{}", *notify_fd),
                         options.mode == Mode::detach ? "detach" : "pidfd-fd",
                         "nothing reads that descriptor once COMMAND is ready");
  const auto standard = [](const std::optional<std::string>& file, int fd) {
    return file ? std::optional(fd) : std::nullopt;
  };
  const auto above_2 = [](std::optional<int> fd) { return fd && *fd > 2 ? fd : std::nullopt; };
  const Use uses[] = {
      {notify_fd, fmt::format("notify=fd:{}", notify_fd.value_or(-1))},
      {standard(options.standard_input, 0), "stdin"},
      {standard(options.standard_output, 1), "stdout"},
      {standard(options.standard_error, 2), "stderr"},
      {standard(options.log, 1), "log"},
      {standard(options.log, 2), "log"},
      {above_2(options.status_fd), fmt::format("status-fd={}", options.status_fd.value_or(-1))},
      {above_2(options.die_on_eof), fmt::format("die-on-eof={}", options.die_on_eof.value_or(-1))},
      {above_2(options.block_fd), fmt::format("block-fd={}", options.block_fd.value_or(-1))},
  };
  for (const Use& use : uses) {
    if (!use.fd) continue;
    if (is_kept(options, *use.fd))
      return contradiction(fmt::format("keep-fd={}", *use.fd), use.option,
                           "COMMAND cannot have both");
    if (&use != &uses[0] && use.fd == notify_fd && *use.fd <= 2)
      return usage(fmt::format("--{} and --{} contradict each other", uses[0].option, use.option));
  }
  return Unit{};
}

// A pidfile or status file is replaced whole, which undoes other uses of it. A device is not.
Status check_files(const Options& options) {
  std::vector<std::pair<const char*, std::string>> uses;  // an option and its path
  const auto add = [&](const char* option, const std::optional<std::string>& path) {
    if (path && path->rfind("/dev/", 0) != 0) uses.emplace_back(option, *path);
  };
  add("pidfile", options.pidfile);
  if (options.pidfile) uses.emplace_back("pidfile", *options.pidfile + ".tether");
  add("status-file", options.status_file);
  // Standard descriptors may share a file with each other, but not one of those above.
  const std::size_t exclusive = uses.size();
  if (exclusive == 0) return Unit{};
  add("stdin", options.standard_input);
  add("stdout", options.standard_output);
  add("stderr", options.standard_error);
  add("log", options.log);
  for (std::size_t i = 0; i < exclusive; ++i)
    for (std::size_t j = i + 1; j < uses.size(); ++j)
      if (uses[i].second == uses[j].second)
        return contradiction(uses[i].first, uses[j].first,
                             fmt::format("both are '{}'", uses[i].second));
  return Unit{};
}

// COMMAND gets no copy of the descriptor of --die-on-eof, but needs standard output and error.
Status check_eof(const Options& options) {
  if (options.die_on_eof != 1 && options.die_on_eof != 2) return Unit{};
  return usage(
      fmt::format("--die-on-eof={}: COMMAND writes to that descriptor", *options.die_on_eof));
}

// --nohup replaces a terminal on standard input, but not a file of --stdin.
Status check_ctty(const Options& options) {
  if (!options.ctty || !options.nohup || options.standard_input) return Unit{};
  return usage(
      "--ctty and --nohup contradict each other without --stdin: --nohup replaces the terminal "
      "that --ctty needs");
}

// After tether has left the child, only a keeper can pass signals on.
Status check_rewrites(const Options& options) {
  if (options.rewrites.empty() || !options.leaves_child() || options.leaves_keeper()) return Unit{};
  return contradiction(options.mode == Mode::detach ? "detach" : "pidfd-fd", "rewrite",
                       "without a tie or a status record no keeper stays to pass signals on");
}

Status check_hand_over(const Options& options) {
  if (!options.pidfd_fd) return Unit{};
  const int fd = *options.pidfd_fd;
  if (fd <= 2) return usage(fmt::format("--pidfd-fd={}: that descriptor belongs to COMMAND", fd));
  // --tree alone needs the warden as COMMAND's parent, to adopt orphans, for as long as it lives.
  if (options.tree && !options.pid_namespace && !options.cgroup)
    return usage("--pidfd-fd and --tree contradict each other without --pid-namespace or --cgroup");
  const std::string ours = fmt::format("pidfd-fd={}", fd);
  for (const Use& use : {Use{options.status_fd, "status-fd"}, Use{options.die_on_eof, "die-on-eof"},
                         Use{options.block_fd, "block-fd"}, Use{options.notify_fd(), "notify"}})
    if (use.fd == fd) return contradiction(ours, use.option, "both are the same descriptor");
  if (is_kept(options, fd))
    return contradiction(ours, fmt::format("keep-fd={}", fd),
                         "the receiver would never see the end of file");
  return Unit{};
}

Status check_stop(const Boundary& boundary, const Options& options) {
  if (!is_named(boundary, "stop")) return Unit{};
  for (const NamedOption& option : boundary.options)
    if (std::find(std::begin(beside_stop), std::end(beside_stop), option.row->name) ==
        std::end(beside_stop))
      return contradiction("stop", option.row->name, "nothing is started");
  if (options.command != nullptr) return usage("--stop takes no COMMAND");
  return Unit{};
}

Status check_command(const Boundary& boundary, const Options& options) {
  if (options.features && options.command != nullptr) return usage("--features takes no COMMAND");
  const bool needs_command =
      !options.features && !options.help && !options.version && options.mode != Mode::stop;
  if (!needs_command || options.command != nullptr) return Unit{};
  // The last option may have taken the word that was meant as COMMAND.
  if (boundary.options.empty() || !boundary.options.back().value_is_word)
    return usage("no COMMAND given");
  const NamedOption& last = boundary.options.back();
  return usage("no COMMAND given",
               fmt::format("'{}' is the value of --{}; {}", last.value, last.row->name, see_help));
}

}  // namespace

std::span<const Contradiction> contradiction_table() {
  return contradictions;
}

Status check_consistency(const Boundary& boundary, const Options& options) {
  if (Status pairs = check_pairs(boundary, options); !pairs.ok()) return pairs;
  if (Status stop = check_stop(boundary, options); !stop.ok()) return stop;
  for (const auto check :
       {check_descriptors, check_eof, check_ctty, check_rewrites, check_hand_over, check_files})
    if (Status checked = check(options); !checked.ok()) return checked;
  return check_command(boundary, options);
}

}  // namespace tether
