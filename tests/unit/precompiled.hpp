// What nearly every unit test includes, compiled once. A test names its own headers all the same.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>
