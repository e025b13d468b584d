// Failures as text and as exit statuses, in this one place; and what tether itself says.
#pragma once

#include <string>
#include <string_view>

#include "failure.hpp"
#include "sys/clone.hpp"

namespace tether {

// Exit statuses of tether's own (those of timeout(1), nohup(1) and env(1)).
constexpr int exit_timed_out = 124;
constexpr int exit_tether_failed = 125;
constexpr int exit_cannot_execute = 126;
constexpr int exit_not_found = 127;

// One sentence: lower case, no full stop, no program name.
std::string describe(const Failure& failure);

int exit_status_of(const Failure& failure);

// "clone3", "clone", "fork".
const char* call_name(CloneWay way);

// "tether: TEXT" on standard error, in one write. Control characters of a file name or an argument
// are shown as ?, so that nobody's terminal is written to by them. False and errno if nobody could
// see it.
bool say(std::string_view text);

// The failure's sentence and, if there is one, its hint.
void say(const Failure& failure);

// Where `text`, on standard output, is all that was asked for: exit status 0 once it is written.
Result<int> print(std::string_view text);

}  // namespace tether
