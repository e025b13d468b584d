// Folders that go with the test that made them.
#pragma once

#include <poll.h>

#include <set>
#include <string>

#include "sys/unique_fd.hpp"

namespace survivors {

class Folder {
 public:
  // Made where temporary files are, with a name that begins with `name`. Throws std::system_error.
  explicit Folder(const std::string& name);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Who belongs to a family (tests/tools/family.cpp).
const std::set<std::string>& family_roles();

// A FIFO that processes hold open for writing: at its hang-up none of them is left. That is exact,
// other than a look at the processes one after the other, and it can be slept for.
class Lifeline {
 public:
  // Throws std::system_error.
  explicit Lifeline(const std::string& path);

  // True once a process held it and none does.
  [[nodiscard]] bool has_hung_up() const;
  // What ChildBell::wait() takes.
  [[nodiscard]] pollfd hang_up() const { return {reading_.get(), 0, 0}; }

 private:
  tether::UniqueFd reading_;
};

// The folder of a family, with what its members say there.
class FamilyFolder {
 public:
  FamilyFolder();

  [[nodiscard]] const std::string& path() const { return folder_.path(); }
  // Whether each member has said that it is what it is to be.
  [[nodiscard]] bool are_all_up() const;
  [[nodiscard]] const Lifeline& all() const { return all_; }
  [[nodiscard]] const Lifeline& child() const { return child_; }

 private:
  Folder folder_;
  Lifeline all_;
  Lifeline child_;
};

}  // namespace survivors
