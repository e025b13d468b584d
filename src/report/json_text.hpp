// JSON text for records: valid UTF-8, cut to a length.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace tether {

// One line, without a newline. Bytes that are not UTF-8 become U+FFFD.
std::string dump(const nlohmann::ordered_json& json);

// A prefix of `text`, cut between characters. Its JSON form has at most `limit` bytes with quotes.
std::string cut_to(std::string text, std::size_t limit);

}  // namespace tether
