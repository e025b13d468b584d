// The programs that take part: the wrappers of this machine, tether and the tools beside it.
#pragma once

#include <string>
#include <vector>

namespace survivors {

// The folder of this program, where tether and tools/ are as well.
std::string suite_directory();

// The path of a program: tether's own, or the first in PATH. Empty if there is none.
std::string locate(const std::string& program);

// Why tether refuses `options`, in its own words; empty if it does not.
std::string refusal_of(const std::vector<std::string>& options);

// The first line of what a program says to --version; empty if nothing.
std::string version_of(const std::string& path);

}  // namespace survivors
