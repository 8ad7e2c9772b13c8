// Parameters of a kernel as the harness holds them: values, adjoints and tangents of Views of any layout,
// space and static extents, and of scalars, with loading from raw files and access as vectors of double.
//
// Views are never default-constructed: some releases of g++ miscompile that with some releases of Kokkos.
#pragma once

#include <Kokkos_Core.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace kad_harness {

using Shape = std::array<std::size_t, 8>;
using Vector = std::vector<double>;

struct Role {
  bool independent;
  bool dependent;
  bool written;
};

// The data of a workload: `manifest.txt` in the directory has one line `name rank extents...` for each
// parameter, `name.raw` its elements in C order and in the parameter's own type.
class Source {
 public:
  explicit Source(const std::string& directory) : directory_(directory) {
    std::ifstream manifest(directory_ + "/manifest.txt");
    if (!manifest) throw std::runtime_error("no manifest in " + directory_);
    std::string line;
    while (std::getline(manifest, line)) {
      std::istringstream words(line);
      std::string name;
      std::size_t rank = 0;
      Shape shape{};
      words >> name >> rank;
      for (std::size_t d = 0; d < rank && d < shape.size(); ++d) words >> shape[d];
      shapes_[name] = shape;
    }
  }

  const Shape& shape(const std::string& name) const { return shapes_.at(name); }

  template <class T>
  std::vector<T> read(const std::string& name, std::size_t count) const {
    std::vector<char> bytes(count * sizeof(T));
    std::ifstream file(directory_ + "/" + name + ".raw", std::ios::binary);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file) throw std::runtime_error("cannot read " + directory_ + "/" + name + ".raw");
    std::vector<T> data(count);
    for (std::size_t k = 0; k < count; ++k) {  // one by one: a vector of bool has no array
      T value;
      std::memcpy(&value, &bytes[k * sizeof(T)], sizeof(T));
      data[k] = value;
    }
    return data;
  }

 private:
  std::string directory_;
  std::map<std::string, Shape> shapes_;
};

// ---- Views ----

template <class V>
using Managed =
    Kokkos::View<typename V::non_const_data_type, typename V::array_layout, typename V::device_type>;

template <class M>
constexpr std::size_t rank_of = static_cast<std::size_t>(M::rank);

template <class M, std::size_t... I>
M allocate_dynamic(const std::string& label, const Shape& shape, std::index_sequence<I...>) {
  (void)shape;
  return M(label, shape[I]...);
}

template <class M>
M allocate(const std::string& label, const Shape& shape) {
  if constexpr (std::is_same_v<typename M::array_layout, Kokkos::LayoutStride>) {
    std::array<int, 8> order{};
    for (std::size_t d = 0; d < rank_of<M>; ++d) order[d] = static_cast<int>(rank_of<M> - 1 - d);
    return M(label, Kokkos::LayoutStride::order_dimensions(static_cast<int>(rank_of<M>), order.data(),
                                                           shape.data()));
  } else {
    constexpr std::size_t dynamic = static_cast<std::size_t>(M::rank_dynamic);
    return allocate_dynamic<M>(label, shape, std::make_index_sequence<dynamic>());
  }
}

template <class H, std::size_t... I>
auto& element(const H& host, const Shape& index, std::index_sequence<I...>) {
  (void)index;
  return host(index[I]...);
}

// Calls visit(element, position in C order) for every element of a host View.
template <class H, class Visit>
void for_elements(const H& host, Visit visit) {
  constexpr std::size_t rank = rank_of<H>;
  Shape index{};
  const std::size_t count = host.size();
  for (std::size_t flat = 0; flat < count; ++flat) {
    visit(element(host, index, std::make_index_sequence<rank>()), flat);
    for (std::size_t d = rank; d-- > 0;) {
      if (++index[d] < host.extent(d)) break;
      index[d] = 0;
    }
  }
}

// Contiguous in C order, so that plain loops over the data replace for_elements.
template <class H>
bool is_plain(const H& host) {
  return std::is_same_v<typename H::array_layout, Kokkos::LayoutRight> && host.span() == host.size();
}

// How many numbers of type S an element is: 1, or those of a struct or a complex number.
template <class S, class M>
constexpr std::size_t numbers_of = sizeof(typename M::non_const_value_type) / sizeof(S);

template <class S, class M, class T>
void upload(const M& view, const std::vector<T>& data) {
  using E = typename M::non_const_value_type;
  constexpr std::size_t n = numbers_of<S, M>;
  const auto host = Kokkos::create_mirror_view(view);
  if (is_plain(host)) {
    S* const out = reinterpret_cast<S*>(host.data());
    for (std::size_t i = 0; i < data.size(); ++i) out[i] = static_cast<S>(data[i]);
  } else {
    for_elements(host, [&](E& e, std::size_t i) {
      S* const out = reinterpret_cast<S*>(&e);
      for (std::size_t k = 0; k < n; ++k) out[k] = static_cast<S>(data[i * n + k]);
    });
  }
  Kokkos::deep_copy(view, host);
}

template <class S, class M>
Vector download(const M& view) {
  using E = typename M::non_const_value_type;
  constexpr std::size_t n = numbers_of<S, M>;
  const auto host = Kokkos::create_mirror_view(view);
  Kokkos::deep_copy(host, view);
  Vector data(host.size() * n);
  if (is_plain(host)) {
    const S* const in = reinterpret_cast<const S*>(host.data());
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<double>(in[i]);
  } else {
    for_elements(host, [&](const E& e, std::size_t i) {
      const S* const in = reinterpret_cast<const S*>(&e);
      for (std::size_t k = 0; k < n; ++k) data[i * n + k] = static_cast<double>(in[k]);
    });
  }
  return data;
}

// ---- parameters ----

// S: the numbers that the elements are, or consist of.
template <class V, class S = typename V::non_const_value_type>
class PassiveArray {
 public:
  static constexpr bool active = false;

  PassiveArray(const Source& in, const char* name, Role role)
      : role_(role), value_(allocate<Managed<V>>(name, in.shape(name))), passed_(value_) {
    upload<S>(value_, in.read<S>(name, value_.size() * numbers_of<S, V>));
    if (role.written) {
      initial_.emplace(allocate<Managed<V>>(std::string(name) + " initial", in.shape(name)));
      Kokkos::deep_copy(*initial_, value_);
    }
  }

  Role role() const { return role_; }
  V& value() { return passed_; }  // an lvalue: functions may take Views by reference
  Vector values() const { return download<S>(value_); }
  void set_values(const Vector& data) { upload<S>(value_, data); }
  void restore() {
    if (initial_) Kokkos::deep_copy(value_, *initial_);
  }

 protected:
  Role role_;
  Managed<V> value_;
  V passed_;
  std::optional<Managed<V>> initial_;
};

template <class V, class B, class S = typename V::non_const_value_type>
class ActiveArray : public PassiveArray<V, S> {
 public:
  static constexpr bool active = true;
  static constexpr bool single = std::is_same_v<S, float>;

  ActiveArray(const Source& in, const char* name, Role role)
      : PassiveArray<V, S>(in, name, role),
        label_(name),
        shape_(in.shape(name)),
        adjoint_(allocate<Managed<B>>(label_ + " adjoint", shape_)) {}

  B adjoint() { return adjoint_; }
  Vector adjoints() const { return download<S>(adjoint_); }
  void set_adjoints(const Vector& data) { upload<S>(adjoint_, data); }
  void fill_adjoints(double value) {
    if constexpr (std::is_same_v<S, typename B::non_const_value_type>) {
      Kokkos::deep_copy(adjoint_, static_cast<S>(value));
    } else {
      upload<S>(adjoint_, Vector(adjoint_.size() * numbers_of<S, B>, value));
    }
  }

  // Tangents exist from the first set_tangents to drop_tangents.
  B tangent() { return *tangent_; }
  Vector tangents() const { return download<S>(*tangent_); }
  void set_tangents(const Vector& data) {
    if (!tangent_) tangent_.emplace(allocate<Managed<B>>(label_ + " tangent", shape_));
    upload<S>(*tangent_, data);
  }
  void drop_tangents() { tangent_.reset(); }

 private:
  std::string label_;
  Shape shape_;
  Managed<B> adjoint_;
  std::optional<Managed<B>> tangent_;
};

template <class T>
class PassiveScalar {
 public:
  static constexpr bool active = false;

  PassiveScalar(const Source& in, const char* name, Role role)
      : role_(role), value_(in.read<T>(name, 1)[0]), initial_(value_) {}

  Role role() const { return role_; }
  T& value() { return value_; }
  Vector values() const { return {static_cast<double>(value_)}; }
  void set_values(const Vector& data) { value_ = static_cast<T>(data[0]); }
  void restore() {
    if (role_.written) value_ = initial_;
  }

 protected:
  Role role_;
  T value_;
  T initial_;
};

template <class T>
class ActiveScalar : public PassiveScalar<T> {
 public:
  static constexpr bool active = true;
  static constexpr bool single = std::is_same_v<T, float>;
  using PassiveScalar<T>::PassiveScalar;

  T& adjoint() { return adjoint_; }
  Vector adjoints() const { return {static_cast<double>(adjoint_)}; }
  void set_adjoints(const Vector& data) { adjoint_ = static_cast<T>(data[0]); }
  void fill_adjoints(double value) { adjoint_ = static_cast<T>(value); }
  T& tangent() { return tangent_; }
  Vector tangents() const { return {static_cast<double>(tangent_)}; }
  void set_tangents(const Vector& data) { tangent_ = static_cast<T>(data[0]); }
  void drop_tangents() {}

 private:
  T adjoint_ = 0;
  T tangent_ = 0;
};

// ---- all parameters of a kernel: a std::tuple of the classes above ----

template <class P, class Visit>
void each(P& parameters, Visit visit) {
  std::apply([&](auto&... p) { (visit(p), ...); }, parameters);
}

template <class P, class Visit>
void each_active(P& parameters, Visit visit) {
  each(parameters, [&](auto& p) {
    if constexpr (std::decay_t<decltype(p)>::active) visit(p);
  });
}

template <class P>
void restore(P& parameters) {
  each(parameters, [](auto& p) { p.restore(); });
}

// A gradient variant behind a virtual call, so that the checks are compiled once for all variants of a binary.
template <class P>
class Gradient {
 public:
  virtual ~Gradient() = default;
  virtual double call(P& parameters) = 0;  // with the workspace, which every call reuses
  virtual double call_seeded(P& parameters, double seed) = 0;
  virtual double call_alone(P& parameters) = 0;  // the overload without a workspace
  virtual std::size_t memory() const = 0;        // bytes
  virtual void set(const std::string& knob, const std::string& value) = 0;
};

// A run-time choice of a workspace that has any. Throws std::invalid_argument.
template <class Workspace, class = void>
struct KnobsOf {
  static void set(Workspace&, const std::string& knob, const std::string&) {
    throw std::invalid_argument("this variant has no choice " + knob);
  }
};
template <class Workspace>
struct KnobsOf<Workspace, std::void_t<decltype(std::declval<Workspace&>().knobs)>> {
  static void set(Workspace& workspace, const std::string& knob, const std::string& value) {
    auto& knobs = workspace.knobs;
    if (knob == "chunk") {
      knobs.chunk = std::stoi(value);
    } else if (knob == "occupancy") {
      knobs.occupancy = std::stoi(value);
    } else if (knob == "replicas") {
      knobs.replicas = std::stoi(value);
    } else if (knob == "team_size") {
      knobs.team_size = std::stoi(value);
    } else if (knob == "tile") {
      std::istringstream edges(value);
      std::string edge;
      for (int& n : knobs.tile) n = std::getline(edges, edge, 'x') ? std::stoi(edge) : 0;
    } else {
      throw std::invalid_argument("unknown choice " + knob);
    }
  }
};
template <class Workspace>
void set_knob(Workspace& workspace, const std::string& knob, const std::string& value) {
  KnobsOf<Workspace>::set(workspace, knob, value);
}

// Makes a variant, which the caller owns; after Kokkos::initialize, and it is to die before Kokkos::finalize.
template <class P>
using Factory = Gradient<P>* (*)();

template <class Variant, class P>
Gradient<P>* make_variant() {
  return new Variant;
}

// A row of a table of variants, of which the last key is null. Data and plain pointers, because a function that fills
// a map would be an eighth of what a compiler does for an object of small variants.
template <class P>
struct Entry {
  const char* key;
  Factory<P> make;
};

}  // namespace kad_harness
