// Functions to differentiate that are not plain free functions: `--function` names them.
#include <Kokkos_Core.hpp>

#include <string>
#include <vector>

namespace model {
template <class T>
T weighted(Kokkos::View<const T*> x, T a) {
  T s = 0;
  Kokkos::parallel_reduce("weighted", x.extent(0), KOKKOS_LAMBDA(const int i, T& sum) { sum += a * x(i) * x(i); }, s);
  return s;
}

template <int N, class V>
void repeated(V y, V x) {
  for (int k = 0; k < N; ++k)
    Kokkos::parallel_for("repeated", x.extent(0), KOKKOS_LAMBDA(const int i) { y(i) += (k + 1) * y(i) * x(i); });
}
}  // namespace model

// objects as parameters: by value, by reference, behind a pointer, nested, arrays in them
struct Material {
  double kappa = 1;
  float rho = 1;
  int steps = 0;
};

struct Mesh {
  Kokkos::View<const double*> x;
  Kokkos::View<const int*> next;
  double weights[3];
  Kokkos::View<double**> unused;
};

struct System {
  Mesh mesh;
  Material* material;
  Kokkos::View<double*> u;
  double unused = 0;
};

double by_reference(const Mesh& mesh, Material material, double a) {
  double s = 0;
  material.kappa *= a;
  Kokkos::parallel_reduce(
      mesh.x.extent(0),
      KOKKOS_LAMBDA(const int i, double& sum) {
        const int k = i % 3;
        sum += material.kappa * mesh.x(i) * mesh.x(mesh.next(i)) * mesh.weights[k] + material.rho;
      },
      s);
  return s;
}

void by_pointer(System* s, double dt) {
  const auto u = s->u;
  const auto x = s->mesh.x;
  const double k = s->material->kappa * dt;
  for (int n = 0; n < s->material->steps; ++n)
    Kokkos::parallel_for(u.extent(0), KOKKOS_LAMBDA(const int i) { u(i) += k * u(i) * x(i); });
}

// member functions: `self` is the object
class Model {
 public:
  Model(int n) : u("u", n), n_(n) {}

  // members through local copies, as devices need it
  double energy(double shift) const {
    const auto v = u;
    const double c = stiffness;
    double e = 0;
    Kokkos::parallel_reduce("energy", v.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += c * v(i) * v(i) + shift * v(i); }, e);
    return 0.5 * e;
  }

  // through `this`
  void advance(double dt) {
    Kokkos::parallel_for("advance", u.extent(0), KOKKOS_CLASS_LAMBDA(const int i) { u(i) += dt * rate(u(i)); });
    damp(0.5 * dt);
  }

  void operator()(const int i) const { u(i) *= stiffness; }
  void scaled() { Kokkos::parallel_for("scaled", Kokkos::RangePolicy<>(0, u.extent(0)), *this); }

  static double total(Kokkos::View<const double*> v) {
    double t = 0;
    Kokkos::parallel_reduce(v.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += v(i) * v(i); }, t);
    return t;
  }

  Kokkos::View<double*> u;
  double stiffness = 2;

 private:
  KOKKOS_INLINE_FUNCTION double rate(double v) const { return stiffness * v * v; }
  void damp(double by) {
    const auto v = u;
    Kokkos::parallel_for("damp", v.extent(0), KOKKOS_LAMBDA(const int i) { v(i) *= 1 - by * v(i); });
  }
  int n_;
};

template <class T, int N>
struct Solver {
  Kokkos::View<T*> x;
  T omega = 1;
  void sweep(Kokkos::View<const T*> b) const {
    for (int k = 0; k < N; ++k)
      Kokkos::parallel_for("sweep", x.extent(0), KOKKOS_CLASS_LAMBDA(const int i) { x(i) += omega * (b(i) - x(i) * x(i)); });
  }
};

// parameters that derivatives do not need, a status as result
int with_status(const std::string& label, Kokkos::View<double*> y, double* /*unused*/, const char* /*note*/, int, std::vector<int>& /*log*/) {
  Kokkos::parallel_for(label + " squares", y.extent(0), KOKKOS_LAMBDA(const int i) { y(i) *= y(i); });
  return y.extent(0) > 3 ? 1 : 0;
}
