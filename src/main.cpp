// Parses the command line, runs the mode, and says once what went wrong.
#include <unistd.h>

#include <cerrno>
#include <exception>

#include "cli/command_line.hpp"
#include "cli/option_table.hpp"
#include "modes/modes.hpp"
#include "report/messages.hpp"
#include "setup/redirections.hpp"
#include "sys/descriptors.hpp"
#include "sys/privilege.hpp"
#include "sys/processes.hpp"

#if defined(TETHER_COVERAGE)
extern "C" void __gcov_dump();
#endif

namespace {

using tether::Failure;
using tether::Options;
using tether::Result;
using tether::Stage;

Result<int> run(int argc, char** argv) {
  tether::remember_command_line(argv, environ);
  const tether::StandardDescriptors standard = tether::fill_standard_descriptors();
  if (standard == tether::StandardDescriptors::not_filled)
    return Failure{
        .stage = Stage::descriptor, .error_number = errno, .detail = "standard descriptors"};
  if (tether::is_elevated())
    return Failure{.stage = Stage::privilege,
                   .detail = "refusing to run set-user-ID or with file capabilities",
                   .hint = "remove the mode bits or capabilities from the program file"};
  Result<Options> parsed = tether::parse_command_line(argc, argv);
  if (!parsed.ok()) return parsed.failure();
  Options& options = parsed.value();
  if (options.help) return tether::print(tether::help_text());
  if (options.version) return tether::show_version(options);
  if (options.features) return tether::show_features(options);
  if (tether::Status reserved = tether::reserve_descriptors(options); !reserved.ok())
    return reserved.failure();

  tether::Inherited inherited;
  if (options.die_with_parent) inherited.parent = ::getppid();
  inherited.environment = environ;
  if (options.dry_run) return tether::show_dry_run(options, inherited);
  if (standard == tether::StandardDescriptors::filled_under_tiny_limit)
    inherited.open_files = tether::raise_tiny_descriptor_limit();
  switch (options.mode) {
    case tether::Mode::in_place:
      return tether::run_in_place(options, inherited);
    case tether::Mode::detach:
      return tether::run_detached(options, inherited);
    case tether::Mode::hand_over:
      return tether::run_handing_over(options, inherited);
    case tether::Mode::stop:
      return tether::run_stop(options);
    case tether::Mode::wait:
      break;
  }
  return tether::run_and_wait(options, inherited);
}

// Out of memory is the only exception that can get here. A child that was made by then ends with
// tether if it has a tie, and else goes on, as after any sudden death of tether.
Result<int> run_safely(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception&) {
    return Failure{.stage = Stage::supervise, .error_number = ENOMEM, .detail = "tether"};
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Result<int> result = run_safely(argc, argv);
  if (!result.ok()) tether::say(result.failure());
#if defined(TETHER_COVERAGE)
  __gcov_dump();
#endif
  // No destructors and no flushing: each message and record was written at once.
  ::_exit(result.ok() ? result.value() : tether::exit_status_of(result.failure()));
}
