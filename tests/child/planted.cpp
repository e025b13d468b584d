// For the test of the test: an object that needs strlen.
#include <cstring>

extern const char* volatile some_text;
const char* volatile some_text = "";

unsigned long length_of_some_text();
unsigned long length_of_some_text() {
  return std::strlen(some_text);
}
