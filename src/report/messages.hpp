// Turns failures into text and exit statuses, in this one place, and writes what tether says to
// people: messages, and the tables of --features and --dry-run.
#pragma once

#include <string>
#include <string_view>

#include "failure.hpp"
#include "policy/guarantees.hpp"
#include "sys/clone.hpp"

namespace tether {

// tether's own exit statuses, those of timeout(1), nohup(1) and env(1).
constexpr int exit_timed_out = 124;
constexpr int exit_tether_failed = 125;
constexpr int exit_cannot_execute = 126;
constexpr int exit_not_found = 127;

// One sentence: lower case, no full stop, no program name.
std::string describe(const Failure& failure);

int exit_status_of(const Failure& failure);

// The name of a stage, as in an error record.
const char* name_of(Stage stage);

// "clone3", "clone" or "fork".
const char* call_name(CloneWay way);

// Writes "tether: TEXT" to standard error, in one write(2). A control character, of a file name
// say, becomes ?, so that it cannot control the terminal. False and errno if the write failed.
bool say(std::string_view text);

// Writes the failure's sentence and, if there is one, its hint.
void say(const Failure& failure);

// Writes `text` to standard output. Returns exit status 0 or a Failure (Stage::record).
Result<int> print(std::string_view text);

// Rows of those tables: 80 columns wide, with a newline; the text is wrapped where it is long. A
// name and a text, or a guarantee, the name of its means ("-" for none) and the means in words.
std::string table_row(std::string_view name, std::string_view text);
std::string table_row(std::string_view name, Means means, std::string_view text);

}  // namespace tether
