// The main program of a generated harness:
//
//   BINARY serve                                   requests on stdin, each session in a process: `harness_server.hpp`
//   BINARY [load OBJECT] WORDS...                  one request, after loading the variants in a shared object:
//
//   verify   KEY FULL SMALL                 errors of the variant, as one line of JSON
//   time     KEY INPUTS NAME=VALUE...       samples in seconds, as one line of JSON; settings: `Schedule`
//   compare  KEY,KEY... INPUTS NAME=VALUE... the same for several variants, all interleaved; first the reference
//   gradient KEY INPUTS OUT                 writes OUT/<parameter>_b.raw and <parameter>_seed.raw
//
// FULL, SMALL and INPUTS are directories as in `Source`.
//
// The line starts with a sentinel, since the user's code may print too. Exit status 2: a wrong command line,
// 3: an exception.
#pragma once

#include "harness_parameters.hpp"
#include "harness_server.hpp"
#include "harness_time.hpp"
#include "harness_verify.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iomanip>
#include <iostream>
#include <memory>

namespace kad_harness {

class Json {
 public:
  explicit Json(const char* sentinel) { text_ << '\n' << sentinel << std::setprecision(17) << " {"; }
  void field(const char* name, double value) {
    key(name);
    number(value);
  }
  void field(const char* name, bool value) {
    key(name);
    text_ << (value ? "true" : "false");
  }
  void field(const char* name, const Vector& values) {
    key(name);
    text_ << '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i != 0) text_ << ", ";
      number(values[i]);
    }
    text_ << ']';
  }
  void field(const char* name, const char* value) {
    key(name);
    text_ << '"' << value << '"';
  }
  void print() { std::cout << text_.str() << "}\n" << std::flush; }

 private:
  void key(const char* name) {
    if (!first_) text_ << ", ";
    first_ = false;
    text_ << '"' << name << "\": ";
  }
  void number(double value) {
    if (std::isnan(value)) {
      text_ << "NaN";
    } else if (std::isinf(value)) {
      text_ << (value > 0 ? "Infinity" : "-Infinity");
    } else {
      text_ << value;
    }
  }
  std::ostringstream text_;
  bool first_ = true;
};

inline void write_raw(const std::string& path, const Vector& data) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(data.data()),
             static_cast<std::streamsize>(data.size() * sizeof(double)));
  if (!file) throw std::runtime_error("cannot write " + path);
}

template <class Kernel>
class Harness {
 public:
  using P = typename Kernel::Parameters;

  Harness(const char* sentinel, const char* reference, const Entry<P>* variants)
      : sentinel_(sentinel), reference_(reference) {
    add(variants);
  }

  // `words` as on the command line; one session, its requests in `next`, which returns false at the end.
  int main(int argc, char** argv) {
    Words words(argv + 1, argv + argc);
    if (words.size() == 1 && words[0] == "serve") {
      return serve([&](const std::string& object) {
        return run(argc, argv, object, [](Words& request) {
          std::string line;
          if (!read_line(line)) return false;
          request = split(line, '\t');
          return request != Words{"end"};
        });
      });
    }
    std::string object;
    if (words.size() > 2 && words[0] == "load") {
      object = words[1];
      words.erase(words.begin(), words.begin() + 2);
    }
    return run(argc, argv, object, [&, asked = false](Words& request) mutable {
      if (asked) return false;
      request = words;
      return asked = true;
    });
  }

 private:
  void add(const Entry<P>* variants) {
    for (; variants->key != nullptr; ++variants) variants_[variants->key] = variants->make;
  }

  // One process's work: the exit status.
  template <class Next>
  int run(int& argc, char** argv, const std::string& object, Next next) {
    try {
      if (!object.empty()) add(reinterpret_cast<const Entry<P>* (*)()>(load(object))());
      const Kokkos::ScopeGuard kokkos(argc, argv);
      for (Words words; next(words);) {
        if (const int status = answer(words)) return status;
      }
      return 0;
    } catch (const std::bad_alloc& problem) {
      std::cerr << "out of memory: " << problem.what() << '\n';
    } catch (const std::exception& problem) {
      if (std::string(problem.what()).find("failed to allocate") != std::string::npos) std::cerr << "out of memory: ";
      std::cerr << "exception: " << problem.what() << '\n';
    }
    return 3;
  }

  int answer(const Words& words) {
    if (words.size() == 1 && words[0] == "loads") return 0;  // all symbols were found
    if (words.size() >= 3 && variants_.count(words[1].substr(0, words[1].find('@'))) != 0) {
      if (words[0] == "verify" && words.size() == 4) return verify(words[1], words[2], words[3]);
      if (words[0] == "time") return time(words[1], words[2], Schedule::parse({words.begin() + 3, words.end()}));
      if (words[0] == "gradient" && words.size() == 4) return gradient(words[1], words[2], words[3]);
    }
    if (words.size() >= 3 && words[0] == "compare") {
      return compare(split(words[1], ','), words[2], Schedule::parse({words.begin() + 3, words.end()}));
    }
    std::cerr << "usage: serve | [load OBJECT] verify|time|compare|gradient KEY INPUTS ...\n";
    return 2;
  }

  int verify(const std::string& key, const std::string& full_size, const std::string& small_size) {
    const auto variant = make(key);
    const auto reference = make(reference_);
    Verifier<Kernel> verifier(*variant, *reference);
    {
      P full = Kernel::load(Source(full_size));
      verifier.full_size(full);
    }
    P small = Kernel::load(Source(small_size));
    verifier.small_size(small);
    const Report& r = verifier.report;
    Json json(sentinel_);
    json.field("inner_product", r.inner_product);
    json.field("finite_differences", r.finite_differences);
    json.field("agreement", r.agreement);
    json.field("repeat", r.repeat);
    json.field("accumulate", r.accumulate);
    json.field("primal", r.primal);
    json.field("reproducible", r.reproducible);
    json.field("finite", r.finite);
    json.print();
    return 0;
  }

  int time(const std::string& key, const std::string& inputs, const Schedule& schedule) {
    P full = Kernel::load(Source(inputs));
    const auto variant = make(key);
    const auto reference = key == reference_ ? nullptr : make(reference_);
    std::vector<Gradient<P>*> gradients{variant.get()};
    if (reference) gradients.insert(gradients.begin(), reference.get());
    Stopwatch<Kernel> watch(full, gradients);
    watch.measure(schedule);
    Json json(sentinel_);
    json.field("primal", watch.times.front());
    json.field("reference", watch.times[1]);
    json.field("gradient", watch.times.back());
    json.field("memory", static_cast<double>(variant->memory()));
    json.field("warm_up", static_cast<double>(watch.warm_up));
    json.field("stopped", watch.stopped);
    json.print();
    return 0;
  }

  int compare(const std::vector<std::string>& keys, const std::string& inputs, const Schedule& schedule) {
    P full = Kernel::load(Source(inputs));
    std::vector<std::unique_ptr<Gradient<P>>> variants;
    std::vector<Gradient<P>*> gradients;
    for (const std::string& key : keys) {
      variants.push_back(make(key));
      gradients.push_back(variants.back().get());
    }
    Stopwatch<Kernel> watch(full, gradients);
    watch.measure(schedule);
    Json json(sentinel_);
    json.field("primal", watch.times.front());
    for (std::size_t i = 0; i < keys.size(); ++i) json.field(("time " + keys[i]).c_str(), watch.times[i + 1]);
    json.field("warm_up", static_cast<double>(watch.warm_up));
    json.field("stopped", watch.stopped);
    json.print();
    return 0;
  }

  // A variant by its key, KEY or KEY@KNOB=VALUE;KNOB=VALUE...
  std::unique_ptr<Gradient<P>> make(const std::string& key) const {
    const std::size_t end = key.find('@');
    std::unique_ptr<Gradient<P>> variant(variants_.at(key.substr(0, end))());
    if (end == std::string::npos) return variant;
    for (const std::string& choice : split(key.substr(end + 1), ';')) {
      const std::size_t equals = choice.find('=');
      if (equals == std::string::npos) throw std::invalid_argument("not KNOB=VALUE: " + choice);
      variant->set(choice.substr(0, equals), choice.substr(equals + 1));
    }
    return variant;
  }

  int gradient(const std::string& key, const std::string& inputs, const std::string& out) {
    P p = Kernel::load(Source(inputs));
    const auto variant = make(key);
    Random random(1);
    std::size_t k = 0;
    each_active(p, [&](auto& a) {
      const std::size_t count = a.adjoints().size();
      const Vector seed = a.role().dependent ? random.vector(count) : Vector(count, 0.0);
      a.set_adjoints(seed);
      write_raw(out + "/" + Kernel::active_names[k++] + "_seed.raw", seed);
    });
    const double value = variant->call(p);
    Kokkos::fence();
    k = 0;
    each_active(p, [&](auto& a) { write_raw(out + "/" + Kernel::active_names[k++] + "_b.raw", a.adjoints()); });
    Json json(sentinel_);
    json.field("value", value);
    json.print();
    return 0;
  }

  const char* sentinel_;
  std::string reference_;
  std::map<std::string, Factory<P>> variants_;
};

}  // namespace kad_harness
