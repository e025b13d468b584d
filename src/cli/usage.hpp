// The Failure for a wrong command line.
#pragma once

#include <string>
#include <utility>

#include "failure.hpp"

namespace tether {

constexpr const char* see_help = "try 'tether --help'";

inline Failure usage(std::string text, std::string hint = see_help) {
  return Failure{.stage = Stage::usage, .detail = std::move(text), .hint = std::move(hint)};
}

}  // namespace tether
