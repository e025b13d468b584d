#include "report/stage_table.hpp"

#include <cstddef>
#include <iterator>

namespace tether {
namespace {

// In the order of the enum.
constexpr StageRow table[] = {
    {Stage::usage, "usage", Form::detail, "", false},
    {Stage::privilege, "privilege", Form::detail, "", false},
    {Stage::guarantee, "guarantee", Form::detail, "", false},
    {Stage::descriptor, "descriptor", Form::detail, "", true},
    {Stage::directory, "directory", Form::path, "cannot change directory to", true},
    {Stage::input, "input", Form::path, "cannot open", true},
    {Stage::output, "output", Form::path, "cannot open", true},
    {Stage::pidfile, "pidfile", Form::path, "cannot use pidfile", true},
    {Stage::running, "running", Form::detail, "", false},
    {Stage::record, "record", Form::stream, "cannot write", true},
    {Stage::cgroup, "cgroup", Form::path, "cannot use cgroup", true},
    {Stage::clone, "clone", Form::beginning, "cannot make a process", true},
    {Stage::namespaces, "namespaces", Form::beginning, "cannot make a PID namespace", true},
    {Stage::session, "session", Form::beginning, "cannot start a session", true},
    {Stage::group, "group", Form::beginning, "cannot make a process group", true},
    {Stage::terminal, "terminal", Form::beginning, "cannot hand over the terminal", true},
    {Stage::ctty, "ctty", Form::beginning, "cannot make standard input the controlling terminal",
     true},
    {Stage::nnp, "nnp", Form::beginning, "cannot set no_new_privs", true},
    {Stage::bind, "bind", Form::beginning, "cannot set the parent-death signal", true},
    {Stage::helper, "keeper", Form::beginning, "cannot start a helper process", true},
    {Stage::tie, "tie", Form::detail, "", true},
    {Stage::gate, "gate", Form::detail, "", true},
    {Stage::exec, "exec", Form::beginning, "cannot run", true},
    {Stage::ready, "ready", Form::detail, "", false},
    {Stage::supervise, "supervise", Form::instead, "cannot watch the child", true},
    {Stage::stop, "stop", Form::detail, "", true},
    {Stage::hand_over, "hand-over", Form::instead, "cannot hand the pidfd over", true},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < std::size(table); ++i)
    if (table[i].stage != static_cast<Stage>(i)) return false;
  return true;
}
static_assert(is_in_order() && std::size(table) == static_cast<std::size_t>(Stage::hand_over) + 1);

}  // namespace

const StageRow& row_of(Stage stage) {
  return table[static_cast<std::size_t>(stage)];
}

}  // namespace tether
