// Errors as values: a Failure says what failed, at which stage and with which errno. Only
// report/messages turns it into text and an exit status. Also names errno values.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <variant>

#include "stage.hpp"

namespace tether {

// Made with designated initialisers: Failure{.stage = Stage::gate, .error_number = errno}.
struct Failure {
  Stage stage{};
  int error_number = 0;  // errno, or 0 where no system call failed
  std::string path{};    // what could not be opened or executed, as the user named it
  std::string detail{};  // the sentence, or what a stage's fixed sentence leaves open
  std::string hint{};    // one thing that the user can do, or empty
  int exit_status = 0;   // tether's own, for a stage that has no fixed one
};

// A value or a Failure, as std::expected, which some supported compilers lack.
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

// A Failure at Stage::descriptor. `what` names the descriptor or its option.
inline Failure descriptor_failure(int error_number, std::string what, const char* hint = "") {
  return Failure{.stage = Stage::descriptor,
                 .error_number = error_number,
                 .detail = std::move(what),
                 .hint = hint};
}

// "ENOENT"; "errno 524" for a value without a name, which a sandbox may return.
inline std::string error_name(int error_number) {
  const char* name = ::strerrorname_np(error_number);
  return name != nullptr ? name : "errno " + std::to_string(error_number);
}

// "No such file or directory", not translated.
inline std::string error_text(int error_number) {
  const char* text = ::strerrordesc_np(error_number);
  return text != nullptr ? text : "errno " + std::to_string(error_number);
}

}  // namespace tether
