#include "schema.hpp"

#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>

#include <fstream>

#include "harness.hpp"

namespace tether::test {
namespace {

// Readers must accept fields that are added later; what we write today is all in the schema.
void forbid_unknown_fields(Json& schema) {
  for (auto& [name, definition] : schema["definitions"].items())
    if (definition.contains("required") && !definition.contains("additionalProperties"))
      definition["additionalProperties"] = false;
}

const rapidjson::SchemaDocument& schema() {
  static const auto* parsed = [] {
    Json source = Json::parse(std::ifstream(schema_path()));
    forbid_unknown_fields(source);
    rapidjson::Document document;
    document.Parse(source.dump().c_str());
    return new rapidjson::SchemaDocument(document);
  }();
  return *parsed;
}

std::string path_of(const rapidjson::Pointer& pointer) {
  rapidjson::StringBuffer text;
  pointer.StringifyUriFragment(text);
  return text.GetString();
}

}  // namespace

std::string violations(const Json& record) {
  rapidjson::Document document;
  document.Parse(record.dump().c_str());
  rapidjson::SchemaValidator validator(schema());
  if (document.Accept(validator)) return {};
  return path_of(validator.GetInvalidDocumentPointer()) + " does not satisfy '" +
         validator.GetInvalidSchemaKeyword() + "' of " +
         path_of(validator.GetInvalidSchemaPointer());
}

}  // namespace tether::test
