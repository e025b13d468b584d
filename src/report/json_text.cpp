#include "report/json_text.hpp"

#include <nlohmann/json.hpp>

namespace tether {
namespace {

// The last character may be incomplete.
void drop_last_character(std::string& text) {
  const auto last = [&] { return static_cast<unsigned char>(text.back()); };
  for (int i = 0; i < 3 && !text.empty() && (last() & 0xC0U) == 0x80U; ++i) text.pop_back();
  if (!text.empty()) text.pop_back();
}

}  // namespace

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string cut_to(std::string text, std::size_t limit) {
  if (text.size() > limit) {
    text.erase(limit);  // each byte takes at least one in JSON
    drop_last_character(text);
  }
  while (!text.empty() && dump(text).size() > limit) {
    // A byte takes at most six in JSON (\u0001): this never cuts too much.
    text.erase(text.size() - (dump(text).size() - limit) / 6);
    drop_last_character(text);
  }
  return text;
}

}  // namespace tether
