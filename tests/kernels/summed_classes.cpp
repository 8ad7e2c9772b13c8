// Sums of classes of the user's own.
#include <Kokkos_Core.hpp>

// with the overload of volatile objects that old versions of Kokkos call
struct EnergyVirial {
  double energy;
  double virial;
  KOKKOS_INLINE_FUNCTION EnergyVirial() { energy = 0.0; virial = 0.0; }
  KOKKOS_INLINE_FUNCTION EnergyVirial& operator+=(const EnergyVirial& other) {
    energy += other.energy;
    virial += other.virial;
    return *this;
  }
  KOKKOS_INLINE_FUNCTION void operator+=(const volatile EnergyVirial& other) volatile {
    energy += other.energy;
    virial += other.virial;
  }
};

template <class T>
struct Vector3 {
  T x, y, z;
  KOKKOS_INLINE_FUNCTION Vector3() : x(0), y(0), z(0) {}
  KOKKOS_INLINE_FUNCTION Vector3(T a, T b, T c) : x(a), y(b), z(c) {}
  KOKKOS_INLINE_FUNCTION Vector3& operator+=(const Vector3& other) {
    x += other.x;
    y += other.y;
    z += other.z;
    return *this;
  }
  KOKKOS_INLINE_FUNCTION void operator+=(const volatile Vector3& other) volatile {
    x += other.x;
    y += other.y;
    z += other.z;
  }
};

namespace Kokkos {
template <>
struct reduction_identity<Vector3<double>> {
  KOKKOS_FORCEINLINE_FUNCTION static Vector3<double> sum() { return Vector3<double>(); }
};
}  // namespace Kokkos

double pair_energy(Kokkos::View<const double*> x, double a) {
  EnergyVirial total;
  Kokkos::parallel_reduce(
      x.extent(0),
      KOKKOS_LAMBDA(const int i, EnergyVirial& sum) {
        const double r = x(i) * x(i) + a;
        sum.energy += 1 / r;
        if (i % 2 == 0) sum.virial += r * a;
      },
      total);
  total.energy *= 4;
  return total.energy * total.virial;
}

// a functor with a work tag; objects are added
struct Moments {
  struct Tag {};
  Kokkos::View<const double*> x;
  KOKKOS_INLINE_FUNCTION void operator()(Tag, const int& i, Vector3<double>& sum) const {
    const Vector3<double> mine(x(i), x(i) * x(i), 1.0);
    sum += mine;
  }
};

double skewness(Kokkos::View<const double*> x) {
  Vector3<double> moments;
  Kokkos::parallel_reduce(Kokkos::RangePolicy<Moments::Tag>(0, x.extent(0)), Moments{x}, moments);
  return moments.y / moments.z - moments.x * moments.x;
}

double skewness_with_reducer(Kokkos::View<const double*> x) {
  Vector3<double> moments;
  Kokkos::parallel_reduce(
      x.extent(0),
      KOKKOS_LAMBDA(const int i, Vector3<double>& sum) {
        sum += Vector3<double>(x(i), x(i) * x(i), x(i) * x(i) * x(i));
      },
      Kokkos::Sum<Vector3<double>>(moments));
  return moments.z * moments.y - moments.x;
}

// nested: sums of objects by the threads of a team and by the lanes of a thread
void pair_forces(Kokkos::View<const double**> x, Kokkos::View<double**> f) {
  using Policy = Kokkos::TeamPolicy<>;
  Kokkos::parallel_for(
      Policy(x.extent(0), 1), KOKKOS_LAMBDA(const Policy::member_type& team) {
        const int i = team.league_rank();
        Vector3<double> force;
        Kokkos::parallel_reduce(
            Kokkos::TeamThreadRange(team, static_cast<int>(x.extent(0))),
            [&](const int j, Vector3<double>& mine) {
              if (j == i) return;
              const double d = x(i, 0) * x(j, 1);
              mine.x += d * x(j, 0);
              mine.y += d * d;
              mine.z += x(j, 1);
            },
            force);
        EnergyVirial lanes;
        Kokkos::parallel_reduce(
            Kokkos::ThreadVectorRange(team, static_cast<int>(x.extent(0))),
            [&](const int j, EnergyVirial& mine) { mine.energy += x(i, 1) * x(j, 0); }, lanes);
        Kokkos::single(Kokkos::PerTeam(team), [&]() {
          f(i, 0) = force.x * force.z + lanes.energy * lanes.energy;
          f(i, 1) = force.y;
        });
      });
}
