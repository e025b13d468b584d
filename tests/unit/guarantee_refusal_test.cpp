// Which guarantees are refused: for want of privilege, and by --strict.
#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "guarantee_cases.hpp"

namespace tether {
namespace {

Options strictly(Options options) {
  options.strict = true;
  return options;
}

Status check(const Options& options, const KernelSupport& support, const CallerFacts& caller) {
  return check_strict(options, choose_means(options, support, caller), support, "6.12.5");
}

}  // namespace

TEST_CASE("autokill wants nnp or CAP_SYS_ADMIN and nothing else does") {
  for (const CallerFacts& caller : callers)
    for (unsigned asked = 0; asked < 8; ++asked) {
      const Options options = ask((asked & 1) != 0, (asked & 2) != 0, (asked & 4) != 0);
      CAPTURE(asked);
      CHECK(check_privilege(options, caller).ok() ==
            (!options.autokill || options.nnp || caller.sys_admin));
    }
}

TEST_CASE("the refusal for want of privilege says what is wanted and what it costs") {
  const Status refused = check_privilege(ask(false, true, false), bounded);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.failure().stage == Stage::privilege);
  CHECK(refused.failure().error_number == EPERM);
  CHECK(refused.failure().detail ==
        "--autokill needs --nnp, or CAP_SYS_ADMIN in the user namespace");
  CHECK(refused.failure().hint.find("--nnp") != std::string::npos);
  CHECK(refused.failure().hint.find("sudo") != std::string::npos);
}

TEST_CASE("strict speaks of the autoreap that comes with detach too") {
  for (const KernelSupport& support : kernels)
    for (const CallerFacts& caller : callers)
      for (const bool keeper : {false, true})
        for (const bool autoreap : {false, true}) {
          const Options options = detached(ask(autoreap, false, true), keeper);
          CHECK(check(options, support, caller).ok());
          const Status strict = check(strictly(options), support, caller);
          CHECK(strict.ok() == support.autoreap);
          if (strict.ok()) continue;
          CHECK(strict.failure().stage == Stage::guarantee);
          CHECK(strict.failure().detail ==
                "--strict: autoreap is enforced by the kernel from Linux 7.1 on, this is 6.12.5");
        }
}

TEST_CASE("strict accepts what the kernel enforces and the nnp of prctl") {
  CHECK(check(strictly(ask(true, true, true)), native, user).ok());
  CHECK(check(strictly(ask(false, true, false)), native, root).ok());
  CHECK(check(strictly(ask(true, false, false)), kernel(true, false, false), user).ok());
  for (const KernelSupport& support : kernels) {
    CHECK(check(strictly(ask(false, false, true)), support, user).ok());
    CHECK(check(strictly(ask(false, false, false)), support, user).ok());
    // Without --strict any emulation will do.
    CHECK(check(ask(true, true, true), support, user).ok());
  }
}

TEST_CASE("strict refuses every emulation of autoreap and autokill") {
  for (const KernelSupport& support : kernels)
    for (const CallerFacts& caller : callers)
      for (const bool autokill : {false, true}) {
        const Options options = strictly(ask(true, autokill, true));
        const Guarantees chosen = choose_means(options, support, caller);
        const bool by_kernel = text_of(chosen.autoreap) == "kernel" &&
                               (!autokill || text_of(chosen.autokill) == "kernel");
        CHECK(check(options, support, caller).ok() == by_kernel);
      }
}

TEST_CASE("the refusal of strict names the guarantee and both kernels") {
  const auto refusal = [](const Options& options, const KernelSupport& support) {
    const Status refused = check(strictly(options), support, user);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.failure().stage == Stage::guarantee);
    CHECK(refused.failure().error_number == 0);
    return refused.failure();
  };
  const std::string rest = " is enforced by the kernel from Linux 7.1 on, this is 6.12.5";
  const Failure reap = refusal(ask(true, false, true), old_kernel);
  CHECK(reap.detail == "--strict: autoreap" + rest);
  CHECK(reap.hint == "without --strict tether emulates this, and the record says how");
  CHECK(refusal(ask(true, true, true), old_kernel).detail == "--strict: autokill" + rest);
  CHECK(refusal(ask(false, true, true), kernel(true, true, false)).detail ==
        "--strict: autokill" + rest);
  CHECK(refusal(ask(true, false, false), legacy_clone).hint ==
        "clone3 answers ENOSYS here: a sandbox filters it");
  CHECK(refusal(ask(true, false, false), only_fork).hint ==
        "clone3 answers EPERM here: a sandbox filters it");
}

}  // namespace tether
