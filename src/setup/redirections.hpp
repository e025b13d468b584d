// COMMAND's standard input, output and error: files that options name, the replacements for a
// terminal as by nohup(1), and /dev/null for what a detached child must not keep open.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "failure.hpp"
#include "policy/options.hpp"
#include "spawn/child.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class Redirections {
 public:
  Redirections() = default;
  // Opens what `options` name and what --nohup and --detach require. Empties no file. Removes the
  // files that it made unless keep() is called.
  static Result<Redirections> open(const Options& options);
  Redirections(Redirections&&) = default;
  Redirections& operator=(Redirections&&) = default;
  ~Redirections() { remove_created(); }

  [[nodiscard]] const std::vector<Redirection>& list() const { return list_; }
  // The descriptors of COMMAND that --truncate empties.
  [[nodiscard]] const std::vector<int>& truncated() const { return truncated_; }
  // The start succeeded: files that were made stay, and are closed here.
  void keep();

  // Messages, or empty: that of nohup(1), before the start; what a detached child lost, after it.
  [[nodiscard]] const std::string& nohup_notice() const { return nohup_notice_; }
  [[nodiscard]] const std::string& detach_notice() const { return detach_notice_; }

 private:
  Status open_named(const Options& options);
  Status replace_terminals();
  Status replace_connections();
  // Opens a file to append to. -1 and errno on failure.
  int open_or_create(const std::string& path, mode_t mode);
  Status open_output(const std::string& path, const std::vector<int>& targets);
  Result<int> open_nohup_out(std::string& name);
  Status put_null(int to, int flags);
  // The source of COMMAND's descriptor `to`: that of a redirection, or the caller's `to`.
  [[nodiscard]] int current(int to) const;
  [[nodiscard]] bool is_set(int to) const;
  void put(UniqueFd from, int to);
  void remove_created();

  std::vector<UniqueFd> opened_;
  std::vector<Redirection> list_;
  std::vector<int> truncated_;
  std::vector<int> kept_;       // descriptors of COMMAND that are not replaced
  bool error_is_copy_ = false;  // --nohup made it a copy of standard output
  struct Created {
    std::string path;
    int fd;  // owned by opened_
  };
  std::vector<Created> created_;
  std::string nohup_notice_;
  std::string detach_notice_;
};

// Keeps tether's own descriptors away from the numbers of --notify=fd:N and, with --become, of
// --pidfd-fd. To be called before anything is opened. Failure: Stage::descriptor.
Status reserve_descriptors(const Options& options);

}  // namespace tether
