// Text as records have it: JSON that fits.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tether {

// Bytes that are not UTF-8 become U+FFFD.
std::string dump(const nlohmann::ordered_json& json);

// A prefix of `text` whose JSON form has at most `limit` bytes, quotes included; cut between
// characters, not inside one.
std::string cut_to(std::string text, std::size_t limit);

}  // namespace tether
