#include "cases.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>

#include "surroundings.hpp"
#include "sys/unique_fd.hpp"

namespace tether::test {
namespace {

std::string reason;

// One write, so that several processes may share the file.
void append(const std::string& path, const std::string& line) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
  if (!file || ::write(file.get(), line.data(), line.size()) < 0)
    std::cerr << "cannot write the report " << path << '\n';
}

// Writes a line "NAME<tab>passed|failed|skipped<tab>WHY<tab>SECONDS" as each case ends.
class Report : public doctest::IReporter {
 public:
  explicit Report(const doctest::ContextOptions& /*options*/) {}
  void report_query(const doctest::QueryData& /*query*/) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& /*stats*/) override {}
  void test_case_start(const doctest::TestCaseData& data) override {
    name_ = data.m_name;
    reason.clear();
  }
  void test_case_reenter(const doctest::TestCaseData& /*data*/) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
    const bool passed = stats.failure_flags == doctest::TestCaseFailureReason::None;
    if (passed && reason.empty() && stats.numAssertsCurrentTest == 0)
      reason = "nothing was checked here";
    const bool skipped = passed && !reason.empty();
    // Not before: a case that fails after it has left something out is a failure to CTest as well.
    if (skipped) std::cout << "skipped: " << reason << std::endl;
    const char* path = std::getenv("TETHER_REPORT");
    if (path == nullptr || *path == 0) return;
    const std::string outcome = skipped ? "skipped" : passed ? "passed" : "failed";
    append(path,
           name_ + '\t' + outcome + '\t' + reason + '\t' + std::to_string(stats.seconds) + '\n');
  }
  void test_case_exception(const doctest::TestCaseException& /*error*/) override {}
  void subcase_start(const doctest::SubcaseSignature& /*subcase*/) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData& /*data*/) override {}
  void log_message(const doctest::MessageData& /*data*/) override {}
  void test_case_skipped(const doctest::TestCaseData& /*data*/) override {}

 private:
  std::string name_;
};

REGISTER_LISTENER("report", 1, Report);

}  // namespace

void skip_this_case(const std::string& why) {
  reason = why;
}

bool is_run_in_full() {
  const char* asked = std::getenv("ROUNDS");
  if (asked != nullptr && *asked != 0) return std::strtod(asked, nullptr) >= 1;
  if (!is_in_vm()) return is_root() && !sandbox_filters_clone3();
  const char* kernel = std::getenv("TETHER_KERNEL");
  return !is_root() && kernel != nullptr && std::string(kernel) == "newest";
}

int rounds(int full) {
  double factor = is_run_in_full() ? 1.0 : 0.2;
  const char* asked = std::getenv("ROUNDS");
  if (asked != nullptr && *asked != 0) factor = std::strtod(asked, nullptr);
  return std::max(1, static_cast<int>(full * factor));
}

}  // namespace tether::test
