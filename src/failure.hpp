// Errors as values: what failed, at which stage, with which errno. They become text and exit
// statuses in one place only (report/messages).
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "stage.hpp"

namespace tether {

// Built by names: Failure{.stage = Stage::gate, .error_number = errno}.
struct Failure {
  Stage stage{};
  int error_number = 0;  // errno, or 0 where no system call failed
  std::string path{};    // what could not be opened or executed, as the user named it
  std::string detail{};  // the sentence, for stages that have no fixed one; else what it depends on
  std::string hint{};    // one thing the user can do about it, or empty
  int exit_status = 0;   // tether's, for stages that have no fixed one
};

// A value or a Failure. std::expected has this shape; the compilers we support do not all have it.
template <typename Value>
class [[nodiscard]] Result {
 public:
  Result(Value value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  Value& value() { return *std::get_if<0>(&state_); }
  const Value& value() const { return *std::get_if<0>(&state_); }
  Failure& failure() { return *std::get_if<1>(&state_); }
  const Failure& failure() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<Value, Failure> state_;
};

struct Unit {};
using Status = Result<Unit>;

}  // namespace tether
