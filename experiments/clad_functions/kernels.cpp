// One function for each idea in the Kokkos unit tests of Clad (vgvassilev/clad, unittests/Kokkos), written anew.
#include <Kokkos_Core.hpp>

#include <cmath>

using Host = Kokkos::DefaultHostExecutionSpace;
using Range = Kokkos::RangePolicy<Host>;
using Tiles = Kokkos::MDRangePolicy<Host, Kokkos::Rank<2, Kokkos::Iterate::Right, Kokkos::Iterate::Left>>;
using Table = Kokkos::View<double* [4], Kokkos::LayoutLeft, Kokkos::HostSpace>;
using Box = Kokkos::View<double** [3], Kokkos::LayoutLeft, Kokkos::HostSpace>;
using Deep = Kokkos::View<double[2][2][2][2][2][2][2], Kokkos::LayoutLeft, Kokkos::HostSpace>;

// ---- mathematical functions ----

#if KOKKOS_VERSION < 30700
namespace functions = Kokkos::Experimental;
#else
namespace functions = Kokkos;
#endif

double math(double x, double y) {
  return functions::exp(0.1 * x) + std::sqrt(x * x + 1) * std::cos(y) + std::sin(x * y);
}

// ---- elements of host Views ----

double elements(double x, double y) {
  const int rows = 2;
  Kokkos::View<double* [rows], Kokkos::HostSpace> p("p", rows), q("q", rows);
  p(0, 0) = x;
  q(0, 0) = x * y;
  return p(0, 0) * (1 + q(0, 0)) + q(0, 0);
}

double increment_of_element(double x, double y) {
  Table p("p", 4), q("q", 4);
  p(0, 0) = x;
  q(1, 1) = y;
  q(1, 1) += p(0, 0) * q(1, 1);
  return p(0, 0) * p(0, 0) * q(1, 1) + q(1, 1);
}

double two_vectors(double x, double y) {
  Kokkos::View<double*, Kokkos::HostSpace> p("p", 4), q("q", 4);
  p(0) = x;
  q(1) = y;
  return p(0) * q(1);
}

double two_matrices(double x, double y) {
  Kokkos::View<double**, Kokkos::HostSpace> p("p", 3, 4), q("q", 2, 3);
  p(1, 2) = x;
  q(0, 1) = y;
  return p(1, 2) * q(0, 1);
}

// ---- deep_copy ----

double copies_that_do_not_matter(double x, double y) {
  Table p("p", 4), q("q", 4);
  Kokkos::deep_copy(p, 3 * x + y);
  q(0, 0) = x;
  Kokkos::deep_copy(q, p);
  q(0, 0) += p(0, 0) * q(0, 0);
  return p(0, 0);
}

double copies_that_matter(double x, double y) {
  Table p("p", 4), q("q", 4);
  Kokkos::deep_copy(p, 3 * x + y);
  q(0, 0) = y;
  Kokkos::deep_copy(q, p);
  q(0, 0) += p(0, 0) * q(0, 0);
  return p(0, 0) + q(0, 0);
}

double copies_of_vectors(double x, double y) {
  Kokkos::View<double*, Kokkos::LayoutLeft, Kokkos::HostSpace> p("p", 2), q("q", 2);
  Kokkos::deep_copy(p, x + 3 * y + 50);
  q(1) = x * y;
  Kokkos::deep_copy(q, p);
  q(1) = q(1) + p(0) * q(1);
  p(1) = x * x * x;
  p(0) += p(1);
  return p(0);
}

// ---- resize ----

double resized_without_initialising(double x, double y) {
  Box p("p", 3, 2);
  Kokkos::deep_copy(p, 3 * x + y);
  p(2, 1, 0) = x * y;
  Kokkos::resize(Kokkos::WithoutInitializing, p, 5, 5);
  return p(2, 1, 0);
}

double resized(double x, double y) {
  Box p("p", 3, 2);
  Kokkos::deep_copy(p, 3 * x + y);
  p(2, 1, 0) = x * y;
  Kokkos::resize(p, 5, 5);
  return p(2, 1, 0);
}

double resized_without_initialising_then_written(double x, double y) {
  Box p("p", 3, 2);
  Kokkos::deep_copy(p, 3 * x + y);
  Kokkos::resize(Kokkos::WithoutInitializing, p, 5, 5);
  p(4, 4, 0) = x * y;
  return p(4, 4, 0);
}

double resized_then_written(double x, double y) {
  Box p("p", 3, 2);
  Kokkos::deep_copy(p, 3 * x + y);
  Kokkos::resize(p, 5, 5);
  p(4, 4, 0) = x * y;
  return p(4, 4, 0);
}

double resized_then_copied(double x, double y) {
  Box p("p", 3, 2), q("q", 5, 5);
  q(4, 4, 0) = 2 * x * y;
  q(2, 1, 0) = 0;
  Kokkos::deep_copy(p, 3 * x + y);
  p(2, 1, 0) = x * y;
  Kokkos::resize(p, 5, 5);
  Kokkos::deep_copy(p, q);
  return p(4, 4, 0);
}

// ---- a call operator on the host ----

template <typename V>
struct Adds {
  double amount;
  Adds(V&, double amount_) : amount(amount_) {}
  void operator()(V& v) { v(1, 0, 1, 0, 1, 0, 1) += amount; }
};

double called_on_the_host(double x) {
  Deep p("p");
  Kokkos::deep_copy(p, 3 * x);
  Adds<Deep> adds(p, x);
  adds(p);
  return p(1, 0, 1, 0, 1, 0, 1);
}

// ---- parallel_for with lambdas ----

double squares_in_an_array(double x) {
  double squares[5] = {0};
  Kokkos::parallel_for("squares", Range(0, 5), [&squares, x](const int i) { squares[i] = x * x; });
  return squares[2];
}

double polynomial_that_races(double x) {
  Kokkos::View<double[1], Kokkos::HostSpace> sum("sum");
  sum(0) = 0;
  Kokkos::parallel_for(
      "polynomial", Range(0, 5), KOKKOS_LAMBDA(const int i) { sum(0) += std::pow(x, i + 1) / (i + 1); });
  return sum(0);
}

double polynomial_with_atomics(double x) {
  Kokkos::View<double[1], Kokkos::HostSpace> sum("sum");
  sum(0) = 0;
  Kokkos::parallel_for(
      "polynomial", Range(0, 5),
      KOKKOS_LAMBDA(const int i) { Kokkos::atomic_add(&sum(0), std::pow(x, i + 1) / (i + 1)); });
  return sum(0);
}

// ---- parallel_for with function objects that hold references ----

template <typename V>
struct Multiples {
  V& out;
  double& x;
  Multiples(V& out_, double& x_) : out(out_), x(x_) {}
  KOKKOS_INLINE_FUNCTION void operator()(const int i) const { out(i) = x * i; }
};
using Five = Kokkos::View<double[5], Kokkos::HostSpace>;

double object_and_fence(double x) {
  Five out("out");
  Multiples<Five> multiples(out, x);
  Kokkos::parallel_for(5, multiples);
  Kokkos::fence();
  return out(3);
}

double object_twice(double x) {
  Five out("out");
  Multiples<Five> multiples(out, x);
  Kokkos::parallel_for("multiples", 5, multiples);
  Kokkos::parallel_for(5, multiples);
  return out(3);
}

double object_over_a_range(double x) {
  Five out("out");
  Multiples<Five> multiples(out, x);
  multiples(0);
  Kokkos::parallel_for("multiples", Range(1, 5), multiples);
  Kokkos::parallel_for(Range(1, 5), multiples);
  return out(3);
}

template <typename V>
struct Products {
  V& out;
  double& x;
  Products(V& out_, double& x_) : out(out_), x(x_) {}
  KOKKOS_INLINE_FUNCTION void operator()(const int i, const int j) const { out(i, j) = x * i * j; }
};
using Square = Kokkos::View<double[5][5], Kokkos::HostSpace>;

double object_over_tiles(double x) {
  using Policy = Kokkos::MDRangePolicy<Kokkos::Rank<2, Kokkos::Iterate::Right, Kokkos::Iterate::Left>>;
  Square out("out");
  Products<Square> products(out, x);
  Kokkos::parallel_for("products", Policy({1, 1}, {5, 5}, {1, 1}), products);
  return out(3, 4);
}

double object_over_tiles_twice(double x) {
  Square out("out");
  Products<Square> products(out, x);
  Kokkos::parallel_for("products", Tiles({1, 1}, {5, 5}, {1, 1}), products);
  Kokkos::parallel_for(Tiles({1, 1}, {5, 5}, {1, 1}), products);
  return out(3, 4);
}

// ---- parallel_reduce ----

double sum_of_equal_terms(double x) {
  double sum = 0;
  Kokkos::parallel_reduce(
      "equal terms", 5, KOKKOS_LAMBDA(const int&, double& s) { s += x; }, sum);
  return sum;
}

double polynomial_into_a_view(double x) {
  Kokkos::View<double[1], Kokkos::HostSpace> sum("sum");
  sum(0) = 0;
  Kokkos::parallel_reduce(
      "polynomial", Range(0, 5),
      KOKKOS_LAMBDA(const int& i, double& s) { s += std::pow(x, i + 1) / (i + 1); }, sum(0));
  return sum(0);
}

struct Horner {
  double& x;
  Horner(double& x_) : x(x_) {}
  KOKKOS_INLINE_FUNCTION void operator()(const int&, double& value) const { value = x * value + 1; }
};

double reduction_that_depends_on_the_order(double x) {
  double value = 0;
  Horner horner(x);
  Kokkos::parallel_reduce("horner", 3, horner, value);
  return value;
}

double the_same_in_one_iteration(double x) {
  double value = 0;
  Horner horner(x);
  for (int i = 0; i < 3; ++i) horner(i, value);
  return value;
}

struct Weighted {
  double& x;
  Weighted(double& x_) : x(x_) {}
  KOKKOS_INLINE_FUNCTION void operator()(const int& i, const int& j, double& s) const { s += i * j * x; }
};

double object_reduced_over_tiles(double x) {
  double sum = 0;
  Weighted weighted(x);
  Kokkos::parallel_reduce("weighted", Tiles({1, 1}, {5, 5}, {1, 1}), weighted, sum);
  return sum;
}

// ---- helpers that are templates over Views, launch kernels and take apart what they are given ----

template <class V, int rank = V::rank, typename Index = int>
struct Total;

template <class V, typename Index>
struct Total<V, 1, Index> {
  template <class Space>
  static void add(typename V::value_type& result, const V& v, const Space space = Space()) {
    typename V::value_type sum;
    Kokkos::parallel_reduce(
        "total", Kokkos::RangePolicy<Space, Kokkos::IndexType<Index>>(space, 0, v.extent(0)),
        KOKKOS_LAMBDA(const Index& i, typename V::value_type& s) { s += v(i); }, sum);
    result += sum;
  }
};

template <class T, class... P>
void total(typename Kokkos::ViewTraits<T, P...>::value_type& sum, const Kokkos::View<T, P...> v) {
  using V = Kokkos::View<T, P...>;
  Kokkos::fence();
  Total<V>::template add<typename V::execution_space>(sum, v);
  Kokkos::fence();
}

template <typename V>
typename V::value_type levels(V x) {
  typename V::value_type sum = 0;
  V y("y", x.extent(0));
  Kokkos::parallel_for(
      x.extent(0), KOKKOS_LAMBDA(const size_t i) { x(i) = 3 * x(i); });
  Kokkos::parallel_for(
      x.extent(0) - 1, KOKKOS_LAMBDA(const size_t i) {
        if (i + 1 < x.extent(0)) y(i + 1) = 2.6 * x(i) * x(i);
      });
  const size_t most = 10;
  const size_t rows = x.extent(0) > most ? most : x.extent(0);
  auto first = Kokkos::subview(y, Kokkos::make_pair(size_t(0), rows));
  total(sum, first);
  return sum;
}

double several_levels(double x) {
  Kokkos::View<double*> v("v", 12);
  Kokkos::deep_copy(v, x);
  return levels(v);
}

template <class V>
void add_to_all(V v, typename V::const_value_type amount) {
  Kokkos::parallel_for(
      "add", Kokkos::RangePolicy<typename V::execution_space>(0, v.extent(0)),
      KOKKOS_LAMBDA(const int i) { v(i) += amount; });
}

double added_to_all(double x, double y) {
  Kokkos::View<double*> v("v", 6);
  Kokkos::deep_copy(v, x * x);
  add_to_all(v, y);
  double sum = 0;
  total(sum, v);
  return sum * x;
}
