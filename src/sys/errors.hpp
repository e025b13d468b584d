// Names and texts of errno values, those without a name included.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <string>

namespace tether {

// "ENOENT"; "errno 524" for a value without a name, which a sandbox may return.
inline std::string error_name(int error_number) {
  const char* name = ::strerrorname_np(error_number);
  return name != nullptr ? name : fmt::format("errno {}", error_number);
}

// "No such file or directory", not translated.
inline std::string error_text(int error_number) {
  const char* text = ::strerrordesc_np(error_number);
  return text != nullptr ? text : fmt::format("errno {}", error_number);
}

}  // namespace tether
