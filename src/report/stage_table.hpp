// Each stage once: its name in the error record, and how an error message about it begins.
#pragma once

#include "stage.hpp"

namespace tether {

// What a message says of a Failure, before its errno.
enum class Form {
  detail,     // the detail alone, which is a sentence or names what failed
  instead,    // the beginning, or the detail in its place if there is one
  beginning,  // the beginning, and the detail if there is one
  path,    // the beginning, the path in quotes, even an empty one, and the detail if there is one
  stream,  // the beginning, and the path in quotes or the detail
};

struct StageRow {
  Stage stage;
  const char* name;  // "stage" of the error record
  Form form;
  const char* beginning;
  bool has_errno;  // whether the message ends with the text of errno
};

// The row of `stage`.
const StageRow& row_of(Stage stage);

}  // namespace tether
