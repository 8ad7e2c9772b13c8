// Function objects of class type: members, constructors, bases, work tags, templates.
#include <Kokkos_Core.hpp>

#include <cmath>

struct Scale {
  Kokkos::View<double*> y;
  Kokkos::View<const double*> x;
  double a;
  KOKKOS_INLINE_FUNCTION void operator()(const int i) const { y(i) = a * x(i) * x(i); }
};

void named_functor(Kokkos::View<double*> y, Kokkos::View<const double*> x, double a) {
  Scale f{y, x, a};
  Kokkos::parallel_for("scale", x.extent(0), f);
}

// it is a copy: `a` is changed too late, `f.a` in time
double changed_functor(Kokkos::View<double*> y, Kokkos::View<const double*> x, double a) {
  Scale f{y, x, a};
  a = 3 * a;
  f.a *= a;
  Kokkos::parallel_for("scale", x.extent(0), f);
  f.a = 0;
  double s = 0;
  Kokkos::parallel_reduce("sum", x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += a * y(i) * y(i); }, s);
  return s;
}

class Norm {
 public:
  using value_type = double;
  Norm(Kokkos::View<const double*> x, double p) : x_(x), p_(p) {}
  KOKKOS_INLINE_FUNCTION void operator()(const int& i, double& sum) const { sum += term(x_(i)); }
  double compute() const {
    double sum = 0;
    Kokkos::parallel_reduce("norm", x_.extent(0), *this, sum);
    return std::pow(sum, 1 / p_);
  }

 private:
  KOKKOS_INLINE_FUNCTION double term(double v) const { return std::pow(v, p_); }
  Kokkos::View<const double*> x_;
  double p_;
};

double made_in_launch(Kokkos::View<const double*> x, double p) {
  double sum = 0;
  Kokkos::parallel_reduce(x.extent(0), Norm(x, p), sum);
  return sum + Norm{x, 2 * p}.compute();
}

// tags choose the operator; one of them is a template
struct Forward {};
struct Backward {};
struct Total {};
template <int Stride>
struct Strided {};

class Chain {
 public:
  using value_type = double;
  Chain(Kokkos::View<double*> u, double c) : u_(u), c_(c), n_(static_cast<int>(u.extent(0))) {}
  KOKKOS_INLINE_FUNCTION void operator()(Forward, const int i) const { u_(i) = c_ * u_(i) * u_(i); }
  KOKKOS_INLINE_FUNCTION void operator()(const Backward&, const int i) const { u_(n_ - 1 - i) += std::sin(u_(n_ - 1 - i)); }
  template <int Stride>
  KOKKOS_INLINE_FUNCTION void operator()(Strided<Stride>, const int i) const {
    u_(Stride * i) *= c_ + Stride;
  }
  KOKKOS_INLINE_FUNCTION void operator()(Total, const int i, double& sum) const { sum += u_(i) * u_(i) * c_; }

  double run(bool strided) {
    using Kokkos::RangePolicy;
    Kokkos::parallel_for("forward", RangePolicy<Forward>(0, n_), *this);
    if (strided)
      Kokkos::parallel_for("strided", RangePolicy<Strided<2>, Kokkos::IndexType<int>>(0, n_ / 2), *this);
    else
      Kokkos::parallel_for("strided", RangePolicy<Strided<1>>(0, n_), *this);
    c_ = c_ * c_;
    Kokkos::parallel_for("backward", RangePolicy<Backward, Kokkos::DefaultExecutionSpace>(0, n_), *this);
    double sum = 0;
    Kokkos::parallel_reduce("sum", RangePolicy<Total>(0, n_), *this, sum);
    return sum * c_;
  }

 private:
  Kokkos::View<double*> u_;
  double c_;
  int n_;
};

double tags(Kokkos::View<double*> u, double c, bool strided) {
  Chain chain(u, c);
  return chain.run(strided);
}

// a template whose base holds parameters and physics
struct Params {
  double gamma = 1.4;
  int nx, ny;
  double dx() const { return 1.0 / nx; }
};

class HydroBase {
 public:
  explicit HydroBase(const Params& params) : params(params) {}
  KOKKOS_INLINE_FUNCTION double pressure(double rho, double e) const { return (params.gamma - 1) * rho * e; }
  Params params;
};

template <class Device, int Direction>
class Update : public HydroBase {
 public:
  using Array = Kokkos::View<double**, Device>;
  Update(const Params& params, Array u, Array flux, double dt) : HydroBase(params), u(u), flux(flux), dt(dt) {}

  static void apply(const Params& params, Array u, Array flux, double dt) {
    Kokkos::MDRangePolicy<Kokkos::Rank<2>> range({1, 1}, {params.nx - 1, params.ny - 1});
    Kokkos::parallel_for("update", range, Update(params, u, flux, dt));
  }

  KOKKOS_INLINE_FUNCTION void operator()(const int& i, const int& j) const {
    const double p = pressure(u(i, j), u(i, j) * u(i, j));
    if constexpr (Direction == 0)
      flux(i, j) = p * dt / params.dx() + u(i + 1, j) - u(i - 1, j);
    else
      flux(i, j) += p * p * dt / params.dx() + u(i, j + 1) - u(i, j - 1);
  }

  Array u, flux;
  double dt;
};

void template_functors(Kokkos::View<double**> u, Kokkos::View<double**> flux, double dt, double gamma) {
  Params params;
  params.nx = static_cast<int>(u.extent(0));
  params.ny = static_cast<int>(u.extent(1));
  Update<Kokkos::DefaultExecutionSpace, 0>::apply(params, u, flux, dt);
  params.gamma = gamma;
  Update<Kokkos::DefaultExecutionSpace, 1>::apply(params, u, flux, dt);
}

template <class T>
struct Axpy {
  using value_type = T;
  T a;
  Kokkos::View<const T*> x;
  Kokkos::View<T*> y;
  KOKKOS_INLINE_FUNCTION void operator()(const size_t i) const { y(i) += a * x(i); }
  KOKKOS_INLINE_FUNCTION void operator()(Total, const size_t i, T& sum) const { sum += a * x(i) * y(i); }
};

// two operators, one of them with a tag
double two_operators(Kokkos::View<const double*> x, Kokkos::View<double*> y, double a) {
  Axpy<double> f{a, x, y};
  Kokkos::parallel_for(x.extent(0), f);
  double s = 0;
  Kokkos::parallel_reduce(Kokkos::RangePolicy<Total>(0, x.extent(0)), f, Kokkos::Sum<double>(s));
  return s;
}

namespace {
struct Local {
  Kokkos::View<double*> v;
  double dt;
  KOKKOS_INLINE_FUNCTION void operator()(const int i) const { v(i) += dt * helper(v(i)); }
  KOKKOS_INLINE_FUNCTION static double helper(double z) { return z * z; }
};
template <class V>
struct Generic {
  V v;
  template <class I>
  KOKKOS_INLINE_FUNCTION void operator()(const I& i) const {
    v(i) = v(i) * v(i) + i;
  }
};
}  // namespace

void functor_time_loop(Kokkos::View<double*> v, double dt, int steps) {
  struct Damp {
    Kokkos::View<double*> v;
    double k;
    KOKKOS_INLINE_FUNCTION void operator()(const int i) const { v(i) *= 1 - k * v(i); }
  };
  Local f{v, dt};
  for (int n = 0; n < steps; ++n) {
    Kokkos::parallel_for("f", v.extent(0), f);
    Kokkos::parallel_for("damp", v.extent(0), Damp{v, 0.1 * f.dt});
    f.dt *= 0.5 + dt;
  }
  Kokkos::parallel_for("generic", v.extent(0), Generic<Kokkos::View<double*>>{v});
}

// teams
struct RowSums {
  using Member = Kokkos::TeamPolicy<>::member_type;
  Kokkos::View<const double**> a;
  Kokkos::View<double*> y;
  KOKKOS_INLINE_FUNCTION void operator()(const Member& team) const {
    const int row = team.league_rank();
    double sum = 0;
    Kokkos::parallel_reduce(
        Kokkos::TeamThreadRange(team, static_cast<int>(a.extent(1))),
        [&](const int j, double& partial) { partial += a(row, j) * a(row, j); }, sum);
    Kokkos::single(Kokkos::PerTeam(team), [&]() { y(row) = sum * sum; });
  }
  template <class T>
  KOKKOS_INLINE_FUNCTION void operator()(Strided<2>, const T& team) const {
    const int row = team.league_rank();
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, 1), [&](auto) { y(row) *= a(row, 0); });
  }
};

void team_functor(Kokkos::View<const double**> a, Kokkos::View<double*> y) {
  RowSums f{a, y};
  Kokkos::parallel_for("rows", Kokkos::TeamPolicy<>(static_cast<int>(a.extent(0)), Kokkos::AUTO), f);
  Kokkos::parallel_for(Kokkos::TeamPolicy<Strided<2>>(static_cast<int>(a.extent(0)), 1), f);
}

// ---- attacks ----

struct Shape {
  double size = 1;
  KOKKOS_INLINE_FUNCTION double area(double z) const { return size * z; }
  KOKKOS_INLINE_FUNCTION void grow(double by) { size += by; }
};

// hides a function of its base, holds an object, has a static member and defaults
struct Disk : Shape {
  static constexpr double pi = 3.25;
  Shape inner;
  Kokkos::View<double*> v;
  double shift = 0.5;
  KOKKOS_INLINE_FUNCTION double area(double z) const { return pi * Shape::area(z) * z + inner.area(shift); }
  KOKKOS_INLINE_FUNCTION void operator()(const int i) const {
    Disk local = *this;
    local.grow(v(i));
    local.inner = *this;
    v(i) = local.area(v(i)) * area(1) + operator()(Total{}, v(i));
  }
  KOKKOS_INLINE_FUNCTION double operator()(Total, double z) const { return z * size; }
};

// by value: the callee changes its copy only
template <class F>
inline void run_copy(int n, F f) {
  f.grow(1);
  Kokkos::parallel_for("copy", n, f);
}
template <class F>
inline void run_reference(int n, F& f) {
  f.inner.grow(0.25);
  Kokkos::parallel_for("reference", n, f);
  f.size *= 1.5;
}

void copies_of_functors(Kokkos::View<double*> v, double a, int steps) {
  Disk disk{{a}, {2}, v};
  const int n = static_cast<int>(v.extent(0));
  for (int k = 0; k < steps; ++k) {
    Disk before = disk;
    run_copy(n, disk);
    if (k % 2 == 1) {
      run_reference(n, disk);
    } else {
      before.size = a * k;
      run_reference(n, before);
      disk = before;
    }
    disk.shift *= disk.size;
  }
}

// a functor that a lambda captured, changed afterwards; another called like a function
double called_functors(Kokkos::View<const double*> x, Kokkos::View<double*> v, double a) {
  Disk disk{{a}, {2}, v};
  const auto kept = [=](double z) { return disk.area(z); };
  const auto seen = [&disk](double z) { return disk.area(z); };
  disk.size = a * a;
  const double k = kept(0.3), s = seen(0.3);
  double r = 0;
  Kokkos::parallel_reduce(
      x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += disk(Total{}, x(i)) * kept(x(i)) + disk.area(x(i)); }, r);
  return r * k + s;
}
