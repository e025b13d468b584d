#include "schema.hpp"

#include <fstream>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "harness.hpp"

namespace tether::test {
namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

// Readers must accept fields that are added later; what we write today is all in the schema.
void forbid_unknown_fields(nlohmann::json& schema) {
  for (auto& [name, definition] : schema["definitions"].items())
    if (definition.contains("required") && !definition.contains("additionalProperties"))
      definition["additionalProperties"] = false;
}

const valijson::Schema& schema() {
  static const auto* parsed = [] {
    nlohmann::json document = nlohmann::json::parse(std::ifstream(schema_path()));
    forbid_unknown_fields(document);
    auto* result = new valijson::Schema;
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(Adapter(document), *result);
    return result;
  }();
  return *parsed;
}

}  // namespace

std::string violations(const nlohmann::json& record) {
  valijson::Validator validator;
  valijson::ValidationResults results;
  if (validator.validate(schema(), Adapter(record), &results)) return {};
  std::string text;
  for (const auto& error : results) text += error.description + "\n";
  return text;
}

}  // namespace tether::test
