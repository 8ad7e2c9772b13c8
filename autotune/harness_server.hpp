// What makes one program serve many requests: shared objects of variants are loaded while it runs, and each session
// has a process of its own, forked before Kokkos (and thereby any device) was touched. A variant that crashes or
// tramples on memory so takes nothing but its own session along, and starting one costs milliseconds.
//
// On stdin, words are separated by tabs:
//
//   begin [OBJECT]    fork; the child loads OBJECT and initialises Kokkos
//   WORDS...          as on the command line, answered by the child on stdout
//   end               the child finalises Kokkos and leaves
//
// When the child has left, however it did, the parent says so: "@kad-ended@ exit STATUS" or "@kad-ended@ signal NUMBER".
#pragma once

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace kad_harness {

using Words = std::vector<std::string>;

// Reads by single bytes: what follows the line is left for the other process.
inline bool read_line(std::string& line) {
  line.clear();
  for (;;) {
    char c = 0;
    const ssize_t count = ::read(0, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    if (c == '\n') return true;
    line += c;
  }
}

inline Words split(const std::string& text, char separator) {
  Words parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

// The function that returns the table of an object's variants. Raises what the dynamic linker says.
inline void* load(const std::string& object) {
  void* const handle = ::dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* const symbol = handle == nullptr ? nullptr : ::dlsym(handle, "kad_harness_variants");
  if (symbol == nullptr) throw std::runtime_error(std::string("cannot load variants: ") + ::dlerror());
  return symbol;
}

inline void report_end(int status) {
  std::cout << "\n@kad-ended@ ";
  if (WIFSIGNALED(status)) std::cout << "signal " << WTERMSIG(status) << '\n';
  else std::cout << "exit " << WEXITSTATUS(status) << '\n';
  std::cout << std::flush;
}

// Until stdin is closed. `session` takes the object ("" for none) and returns the exit status of its process.
template <class Session>
int serve(Session session) {
  std::string line;
  while (read_line(line)) {
    const Words words = split(line, '\t');
    if (words.empty() || words[0] != "begin") continue;  // meant for a child that has just died
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child == 0) {
      const int status = session(words.size() > 1 ? words[1] : "");
      std::cout << std::flush;
      std::exit(status);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    report_end(status);
  }
  return 0;
}

}  // namespace kad_harness
