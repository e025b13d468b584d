#include "cli/consistency.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/usage.hpp"

namespace tether {
namespace {

constexpr const char* no_supervisor = "no process stays to do it";
constexpr const char* no_child = "there is no child";
constexpr const char* same_output = "both say where the output goes";
constexpr Contradiction contradictions[] = {
    {"detach", "wait", "one exits, the other waits"},
    {"detach", "exec", "one makes a child, the other becomes COMMAND"},
    {"detach", "ctty", "a detached child has no controlling terminal"},
    {"detach", "become", "one exits, the other becomes another command"},
    {"pidfd-fd", "wait", "one exits, the other waits"},
    {"pidfd-fd", "detach", "one hands the child over, the other detaches it"},
    {"pidfd-fd", "ctty", "no process stays to give the terminal back"},
    {"pidfd-fd", "exec", no_child},
    {"become", "exec", no_child},
    {"exec", "wait", "one becomes COMMAND, the other waits"},
    {"exec", "autoreap", no_child},
    {"exec", "autokill", no_child},
    {"exec", "cgroup", no_child},
    {"exec", "success-status", no_supervisor},
    {"exec", "timeout", "no process stays to end COMMAND"},
    {"exec", "die-with-parent", "no process stays to end COMMAND"},
    {"exec", "die-with-pid", "no process stays to end COMMAND"},
    {"exec", "die-on-eof", "no process stays to end COMMAND"},
    {"exec", "signal", "no process stays to end COMMAND"},
    {"exec", "kill-after", "no process stays to end COMMAND"},
    {"exec", "rewrite", "no process stays to pass signals on"},
    {"exec", "tree", "no process stays to end COMMAND"},
    {"exec", "pid-namespace", no_child},
    {"exec", "json", no_supervisor},
    {"exec", "status-fd", no_supervisor},
    {"exec", "status-file", no_supervisor},
    {"exec", "notify", "no process stays to receive it"},
    {"exec", "block-fd", no_child},
    {"exec", "print-pid", "COMMAND has the pid of tether"},
    {"log", "stdout", same_output},
    {"log", "stderr", same_output},
    {"verbose", "quiet", "one says more, the other less"},
    {"features", "dry-run", "one asks about the kernel, the other about COMMAND"},
};

// Option `one` has no effect without one of `any_of`.
struct Dependence {
  const char* one;
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

Status check_pairs(const Boundary& boundary, const Options& options) {
  for (const Contradiction& pair : contradictions)
    // With --dry-run tether does not become COMMAND, and can print the record.
    if (is_named(boundary, pair.one) && is_named(boundary, pair.other) &&
        !(options.dry_run && pair.other == std::string_view("json")))
      return usage(fmt::format("--{} and --{} contradict each other: {}", pair.one, pair.other,
                               pair.reason));
  for (const Dependence& needs : dependences)
    if (is_named(boundary, needs.one) &&
        std::none_of(needs.any_of.begin(), needs.any_of.end(),
                     [&](const char* name) { return is_named(boundary, name); }))
      return usage(fmt::format("--{} needs --{}", needs.one, fmt::join(needs.any_of, " or --")));
  return Unit{};
}

// Each descriptor of COMMAND comes from one option at most.
Status check_descriptors(const Options& options) {
  struct Use {
    std::optional<int> fd;
    std::string name;
  };
  const auto notify_fd = options.notify_fd();
  if (options.keep_fds.empty() && !notify_fd) return Unit{};
  const auto standard = [](bool is_set, int fd) {
    return is_set ? std::optional(fd) : std::nullopt;
  };
  const auto above_2 = [](std::optional<int> fd) { return fd && *fd > 2 ? fd : std::nullopt; };
  const Use uses[] = {
      {notify_fd, fmt::format("notify=fd:{}", notify_fd.value_or(-1))},
      {standard(options.standard_input.has_value(), 0), "stdin"},
      {standard(options.standard_output.has_value(), 1), "stdout"},
      {standard(options.standard_error.has_value(), 2), "stderr"},
      {standard(options.log.has_value(), 1), "log"},
      {standard(options.log.has_value(), 2), "log"},
      {above_2(options.status_fd), fmt::format("status-fd={}", options.status_fd.value_or(-1))},
      {above_2(options.die_on_eof), fmt::format("die-on-eof={}", options.die_on_eof.value_or(-1))},
      {above_2(options.block_fd), fmt::format("block-fd={}", options.block_fd.value_or(-1))},
  };
  for (const Use& use : uses) {
    if (!use.fd) continue;
    const auto& kept = options.keep_fds;
    if (std::find(kept.begin(), kept.end(), *use.fd) != kept.end())
      return usage(
          fmt::format("--keep-fd={} and --{} contradict each other: COMMAND cannot have "
                      "both",
                      *use.fd, use.name));
    if (&use != &uses[0] && use.fd == notify_fd && *use.fd <= 2)
      return usage(fmt::format("--{} and --{} contradict each other", uses[0].name, use.name));
  }
  return Unit{};
}

// A pidfile or status file is replaced whole, which undoes other uses of it. A device is not.
Status check_files(const Options& options) {
  struct Use {
    const char* name;
    std::string path;
  };
  std::vector<Use> uses;
  const auto add = [&](const char* name, const std::optional<std::string>& path) {
    if (path && path->rfind("/dev/", 0) != 0) uses.push_back({name, *path});
  };
  add("pidfile", options.pidfile);
  if (options.pidfile) uses.push_back({"pidfile", *options.pidfile + ".tether"});
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
      if (uses[i].path == uses[j].path)
        return usage(fmt::format("--{} and --{} contradict each other: both are '{}'", uses[i].name,
                                 uses[j].name, uses[i].path));
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
  return usage(
      fmt::format("--{} and --rewrite contradict each other: without a tie or a status record no "
                  "keeper stays to pass signals on",
                  options.mode == Mode::detach ? "detach" : "pidfd-fd"));
}

Status check_hand_over(const Options& options) {
  if (!options.pidfd_fd) return Unit{};
  const int fd = *options.pidfd_fd;
  if (fd <= 2) return usage(fmt::format("--pidfd-fd={}: that descriptor belongs to COMMAND", fd));
  // --tree alone needs the warden as COMMAND's parent, to adopt orphans, for as long as it lives.
  if (options.tree && !options.pid_namespace && !options.cgroup)
    return usage("--pidfd-fd and --tree contradict each other without --pid-namespace or --cgroup");
  struct Use {
    std::optional<int> fd;
    const char* name;
  };
  const Use uses[] = {{options.status_fd, "status-fd"},
                      {options.die_on_eof, "die-on-eof"},
                      {options.block_fd, "block-fd"},
                      {options.notify_fd(), "notify"}};
  for (const Use& use : uses)
    if (use.fd == fd)
      return usage(
          fmt::format("--pidfd-fd={} and --{} contradict each other: both are the same "
                      "descriptor",
                      fd, use.name));
  if (std::find(options.keep_fds.begin(), options.keep_fds.end(), fd) != options.keep_fds.end())
    return usage(
        fmt::format("--pidfd-fd={0} and --keep-fd={0} contradict each other: the receiver "
                    "would never see the end of file",
                    fd));
  return Unit{};
}

Status check_stop(const Boundary& boundary, const Options& options) {
  if (!is_named(boundary, "stop")) return Unit{};
  for (const NamedOption& option : boundary.options)
    if (std::find(std::begin(beside_stop), std::end(beside_stop), option.row->name) ==
        std::end(beside_stop))
      return usage(fmt::format("--stop and --{} contradict each other: nothing is started",
                               option.row->name));
  if (options.command != nullptr) return usage("--stop takes no COMMAND");
  return Unit{};
}

// The last option may have taken the word that was meant as COMMAND.
Failure no_command(const Boundary& boundary) {
  const bool took_a_word = !boundary.options.empty() && boundary.options.back().value_is_word;
  if (!took_a_word) return usage("no COMMAND given");
  const NamedOption& last = boundary.options.back();
  return usage("no COMMAND given",
               fmt::format("'{}' is the value of --{}; {}", last.value, last.row->name, see_help));
}

Status check_command(const Boundary& boundary, const Options& options) {
  if (options.features && options.command != nullptr) return usage("--features takes no COMMAND");
  const bool needs_command =
      !options.features && !options.help && !options.version && options.mode != Mode::stop;
  if (needs_command && options.command == nullptr) return no_command(boundary);
  return Unit{};
}

}  // namespace

std::span<const Contradiction> contradiction_table() {
  return contradictions;
}

Status check_consistency(const Boundary& boundary, const Options& options) {
  if (Status pairs = check_pairs(boundary, options); !pairs.ok()) return pairs;
  if (Status stop = check_stop(boundary, options); !stop.ok()) return stop;
  if (Status descriptors = check_descriptors(options); !descriptors.ok()) return descriptors;
  if (Status eof = check_eof(options); !eof.ok()) return eof;
  if (Status ctty = check_ctty(options); !ctty.ok()) return ctty;
  if (Status rewrites = check_rewrites(options); !rewrites.ok()) return rewrites;
  if (Status handed = check_hand_over(options); !handed.ok()) return handed;
  if (Status files = check_files(options); !files.ok()) return files;
  return check_command(boundary, options);
}

}  // namespace tether
