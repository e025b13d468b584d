// The gate of --block-fd, for its tests.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>

#include "services.hpp"

namespace tether::test {

// A pipe whose reading end tether inherits as descriptor 9.
class Gate {
 public:
  Gate() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    read_end_.reset(ends[0]);
    write_end_.reset(ends[1]);
  }
  [[nodiscard]] Setup setup() const {
    Setup setup;
    setup.before_exec = [fd = read_end_.get()] { (void)::dup2(fd, 9); };
    return setup;
  }
  void open_by_byte() const { REQUIRE(::write(write_end_.get(), "x", 1) == 1); }
  void open_by_end() { write_end_.reset(); }
  // Whether the byte is still there.
  [[nodiscard]] bool has_byte() const {
    char byte = 0;
    REQUIRE(::fcntl(read_end_.get(), F_SETFL, O_NONBLOCK) == 0);
    return ::read(read_end_.get(), &byte, 1) == 1;
  }

 private:
  UniqueFd read_end_;
  UniqueFd write_end_;
};

inline const Words gate_modes[] = {{"-w"},
                                   {"--autoreap"},
                                   {"--nnp", "--autokill"},
                                   {"-dq"},
                                   {"-dq", "--status-file=/dev/null"},
                                   {"-dq", "--nnp", "--autokill"}};

// A COMMAND that leaves its pid in "made".
inline Words make_file(const Services& services) {
  return {"--", "/bin/sh", "-c", "echo $$ > " + services.path("made")};
}

inline bool has_line(const std::string& path, const std::string& line) {
  return eventually([&] { return read_file(path) == line + "\n"; });
}

}  // namespace tether::test
