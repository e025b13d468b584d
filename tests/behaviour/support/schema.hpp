// The published schema of the records, applied to what tether really writes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tether::test {

// What is wrong with `record`; empty if nothing is. A field that the schema does not know is wrong
// here, although readers must accept it.
std::string violations(const nlohmann::json& record);

}  // namespace tether::test
