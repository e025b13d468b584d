// Nothing but libc's start and an exec, linked as tether is: what its instructions are counted
// over.
#include <unistd.h>

int main(int, char** argv) {
  return ::execv(argv[1], argv + 1);
}
