// What COMMAND's standard input, output and error are: files that options name, nohup's stand-ins
// for a terminal, and /dev/null for what a detached child must not hold on to.
#pragma once

#include <string>
#include <vector>

#include "failure.hpp"
#include "policy/options.hpp"
#include "spawn/child_plan.hpp"
#include "sys/unique_fd.hpp"

namespace tether {

class Redirections {
 public:
  Redirections() = default;
  // Opens what `options` name and what the rules ask for. Nothing is emptied here, and what this
  // run has made is removed again unless keep() is called.
  static Result<Redirections> open(const Options& options);
  Redirections(Redirections&&) = default;
  Redirections& operator=(Redirections&&) = default;
  ~Redirections() { remove_created(); }

  [[nodiscard]] const std::vector<Redirection>& list() const { return list_; }
  // The descriptors of COMMAND that --truncate empties.
  [[nodiscard]] const std::vector<int>& truncated() const { return truncated_; }
  // The start went through: what was made stays, and is open in COMMAND alone.
  void keep();

  // What nohup(1) would say, before the start; and what a detached child has lost, after it.
  // Empty if there is nothing to say.
  [[nodiscard]] const std::string& nohup_notice() const { return nohup_notice_; }
  [[nodiscard]] const std::string& detach_notice() const { return detach_notice_; }

 private:
  Status open_named(const Options& options);
  Status replace_terminals();
  Status replace_connections();
  Status open_output(const std::string& path, const std::vector<int>& targets);
  Result<int> open_nohup_out(std::string& name);
  Status put_null(int to, int flags);
  // What `to` is for COMMAND now: a redirection's source, or what the caller left there.
  [[nodiscard]] int current(int to) const;
  [[nodiscard]] bool is_set(int to) const;
  void put(UniqueFd from, int to);
  void remove_created();

  std::vector<UniqueFd> opened_;
  std::vector<Redirection> list_;
  std::vector<int> truncated_;
  std::vector<int> kept_;       // of 0 to 2: the user wants them as they are
  bool error_is_copy_ = false;  // nohup's, of what output is
  struct Created {
    std::string path;
    int fd;  // among opened_
  };
  std::vector<Created> created_;
  std::string nohup_notice_;
  std::string detach_notice_;
};

// Makes sure that no descriptor of tether's own gets a number at which COMMAND is to find something
// else. To be called before anything is opened.
Status reserve_descriptors(const Options& options);

}  // namespace tether
