#include "harness.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "schema.hpp"
#include "sys/pidfd.hpp"
#include "sys/signals.hpp"

namespace tether::test {
namespace {

// Whether another user can get at `path`.
bool others_can_reach(std::filesystem::path path) {
  for (; path.has_relative_path(); path = path.parent_path())
    if ((std::filesystem::status(path).permissions() & std::filesystem::perms::others_exec) ==
        std::filesystem::perms::none)
      return false;
  return true;
}

// For others to read, and to run or search where the owner can: what was made under another umask.
void open_to_others(const std::filesystem::path& path) {
  using std::filesystem::perms;
  perms added = perms::group_read | perms::others_read;
  if ((std::filesystem::status(path).permissions() & perms::owner_exec) != perms::none)
    added |= perms::group_exec | perms::others_exec;
  std::filesystem::permissions(path, added, std::filesystem::perm_options::add);
}

// A copy of a file or folder where other users can get at it, for this run.
std::string copied_for_others(const std::filesystem::path& original) {
  static const TemporaryDirectory folder;
  open_to_others(folder.path());
  std::string copy = folder.path(original.filename());
  std::filesystem::copy(original, copy, std::filesystem::copy_options::recursive);
  open_to_others(copy);
  if (std::filesystem::is_directory(copy))
    for (const auto& entry : std::filesystem::recursive_directory_iterator(copy))
      open_to_others(entry.path());
  return copy;
}

// Where `path` is, or a copy of it: root runs what is tested as other users too, who have to get at
// `program`, which is `path` or lies there.
std::string reachable(const std::string& path, const std::string& program) {
  return ::geteuid() != 0 || others_can_reach(program) ? path : copied_for_others(path);
}

std::string beside_suite(const char* name) {
  return std::filesystem::read_symlink("/proc/self/exe").replace_filename(name);
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> pointers(Words& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

// This process's environment, or none, and on top of that what `setup` adds: NAME=VALUE each.
Words environment_of(const Setup& setup) {
  Words entries;
  for (char** entry = setup.clear_environment ? nullptr : environ;
       entry != nullptr && *entry != nullptr; ++entry)
    entries.emplace_back(*entry);
  for (const std::string& added : setup.environment) {
    const std::string name = added.substr(0, added.find('=') + 1);
    std::erase_if(entries, [&](const std::string& entry) { return entry.rfind(name, 0) == 0; });
    entries.push_back(added);
  }
  return entries;
}

struct StandardStreams {
  int input = -1;
  int output = -1;
  int error = -1;
};

// Runs in a child that may share the memory of its parent (vfork): nothing here leaves a trace in
// that.
[[noreturn]] void become_tether(char* const* argv, char* const* envp, const Setup& setup,
                                const StandardStreams& streams) {
  (void)::dup2(streams.input, STDIN_FILENO);
  (void)::dup2(streams.output, STDOUT_FILENO);
  (void)::dup2(streams.error, STDERR_FILENO);
  // As from a shell at a terminal, whatever this was started by.
  (void)tether::take_over_signals();
  tether::reset_dispositions(0);
  tether::set_signal_mask(0);
  if (setup.before_exec) setup.before_exec();
  (void)::execve(argv[0], argv, envp);
  ::_exit(96);
}

// Copying this program's page tables takes longer than starting a tether, above all on an emulated
// processor: a child that only execs borrows them. Not inlined, as the child goes on with the
// frames below this one.
[[gnu::noinline]] pid_t start_tether(Words words, const Setup& setup,
                                     const StandardStreams& streams) {
  Words entries = environment_of(setup);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(entries);
  // NOLINTNEXTLINE(clang-analyzer-unix.Vfork): the result of ?: is no variable of the parent's
  const pid_t pid = setup.before_exec ? ::fork() : ::vfork();
  if (pid == 0) become_tether(argv.data(), envp.data(), setup, streams);
  return pid;
}

}  // namespace

std::string tether_binary() {
  static const std::string path = [] {
    const char* named = std::getenv("TETHER_BIN");
    const std::string original = named != nullptr ? named : beside_suite("tether");
    return reachable(original, original);
  }();
  return path;
}

std::string schema_path() {
  return beside_suite("record.schema.json");
}

Json Finished::record(const std::string& kind) const {
  for (const Json& each : records)
    if (each.at("record") == kind) return each;
  return nullptr;
}

std::string Finished::first_error_line() const {
  return err.substr(0, err.find('\n'));
}

Running::Running(const Words& arguments, const Setup& setup) {
  Pipe input = make_pipe();
  Pipe output = make_pipe();
  Pipe error = make_pipe();
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  pid_ = start_tether(setup.wrapper + Words{tether_binary()} + arguments, setup,
                      {.input = input.read_end.get(),
                       .output = setup.output_to_null ? null.get() : output.write_end.get(),
                       .error = error.write_end.get()});
  pidfd_.reset(open_pidfd(pid_));
  input_ = std::move(input.write_end);
  out_fd_ = std::move(output.read_end);
  err_fd_ = std::move(error.read_end);
  for (const int fd : {out_fd_.get(), err_fd_.get()}) (void)::fcntl(fd, F_SETFL, O_NONBLOCK);
}

Running::~Running() {
  if (pid_ <= 0) return;
  (void)::kill(pid_, SIGKILL);
  (void)::waitpid(pid_, nullptr, 0);
  end_all_children();
}

void Running::send(int signal) const {
  REQUIRE(::kill(pid_, signal) == 0);
}

void Running::write_input(const std::string& text) const {
  REQUIRE(::write(input_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

void Running::collect(UniqueFd& from, std::string& to) {
  std::array<char, 65536> buffer;
  while (from) {
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got > 0) to.append(buffer.data(), static_cast<std::size_t>(got));
    if (got == 0) from.reset();
    if (got <= 0) return;
  }
}

// False once patience is over or tether has ended.
bool Running::read_some(Patience& patience) {
  std::array<pollfd, 3> watched{pollfd{out_fd_.get(), POLLIN, 0}, pollfd{err_fd_.get(), POLLIN, 0},
                                pollfd{pidfd_.get(), POLLIN, 0}};
  const int ready = ::poll(watched.data(), watched.size(), patience.left());
  collect(out_fd_, out_);
  collect(err_fd_, err_);
  return ready > 0 && watched[2].revents == 0;
}

void Running::expect_output(const std::string& text) {
  Patience patience;
  while (out_.find(text) == std::string::npos)
    if (!read_some(patience)) break;
  INFO("standard output: ", out_, "\nstandard error: ", err_);
  REQUIRE(out_.find(text) != std::string::npos);
}

void Running::expect_error_output(const std::string& text) {
  Patience patience;
  while (err_.find(text) == std::string::npos)
    if (!read_some(patience)) break;
  INFO("standard error: ", err_);
  REQUIRE(err_.find(text) != std::string::npos);
}

// Of what COMMAND and tether write, either may come first.
pid_t Running::child() {
  const auto find = [this]() -> pid_t {
    std::istringstream lines(out_);
    for (std::string line; std::getline(lines, line) && !lines.eof();) {
      if (line.rfind("{\"record\"", 0) == 0) return Json::parse(line).at("pid").get<pid_t>();
      if (!line.empty() && line.find_first_not_of("0123456789") == std::string::npos)
        return std::stoi(line);
    }
    return 0;
  };
  Patience patience;
  while (find() == 0)
    if (!read_some(patience)) break;
  REQUIRE(find() != 0);
  return find();
}

Json Running::record(const std::string& kind) const {
  Finished so_far;
  so_far.records = parse_records(out_);
  return so_far.record(kind);
}

Finished Running::wait() {
  Patience patience;
  while (read_some(patience)) {
  }
  INFO("standard output: ", out_, "\nstandard error: ", err_);
  REQUIRE_MESSAGE(has_ended(pidfd_.get()), "tether did not end in time");
  collect(out_fd_, out_);
  collect(err_fd_, err_);
  int status = 0;
  REQUIRE(::waitpid(pid_, &status, 0) == pid_);
  pid_ = -1;
  Finished finished;
  if (WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) finished.signal = WTERMSIG(status);
  finished.out = out_;
  finished.err = err_;
  finished.records = parse_records(out_);
  return finished;
}

Finished run(const Words& arguments, const Setup& setup) {
  Running running(arguments, setup);
  running.close_input();
  return running.wait();
}

std::string tool(const std::string& name) {
  static const std::string folder = reachable(beside_suite("tools"), beside_suite("tools/probe"));
  return folder + "/" + name;
}

Words probe(const std::string& verb, const Words& words) {
  return Words{tool("probe"), verb} + words;
}

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::vector<Json> parse_records(const std::string& text) {
  std::vector<Json> records;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("{\"record\"", 0) != 0) continue;
    CHECK_MESSAGE(line.size() < 4096, "a record is longer than 4096 bytes");
    records.push_back(Json::parse(line));
    CHECK_MESSAGE(violations(records.back()).empty(), line, "\n", violations(records.back()));
  }
  return records;
}

Setup as_user(int uid) {
  Setup setup;
  setup.wrapper = {tool("as-user"), std::to_string(uid)};
  return setup;
}

Setup filtered(const std::string& rules) {
  Setup setup;
  setup.wrapper = {tool("filter"), rules};
  return setup;
}

}  // namespace tether::test
