// Members that are not public, of objects that the function is given.
#include <Kokkos_Core.hpp>

namespace md {

class Grid {
 public:
  Grid() = default;
  KOKKOS_INLINE_FUNCTION double spacing() const { return h_; }

 private:
  double h_ = 1;
  double weights_[2] = {0, 0};
  friend class Force;
  friend double of_friend(const Grid* grid, Kokkos::View<const double*> x);
};

class Base {
 protected:
  Kokkos::View<double*> f;
  double cutoff = 1;
};

class Force : public Base {
  Grid* grid_ = nullptr;
  Kokkos::View<const double*> x_;
  float scale_ = 1;
  int steps_ = 0;

 public:
  Force() = default;
  double energy() const {
    const auto x = x_;
    const double c = cutoff * grid_->h_;
    const double w = grid_->weights_[1];
    const float s = scale_;
    double e = 0;
    Kokkos::parallel_reduce(
        x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += c * x(i) * x(i) + s * w * x(i); }, e);
    return e;
  }

  // scalars and Views of private members are changed
  void compute() {
    const auto x = x_;
    const auto force = f;
    for (int k = 0; k < steps_; ++k) {
      const double c = cutoff;
      Kokkos::parallel_for(x.extent(0), KOKKOS_LAMBDA(const int i) { force(i) = c * force(i) * force(i) + x(i); });
      cutoff = 0.5 * cutoff * grid_->spacing();
    }
  }
};

double of_friend(const Grid* grid, Kokkos::View<const double*> x) {
  const double h = grid->h_ * grid->weights_[0];
  double e = 0;
  Kokkos::parallel_reduce(x.extent(0), KOKKOS_LAMBDA(const int i, double& sum) { sum += h * x(i) * x(i); }, e);
  return e;
}

}  // namespace md

template <class T>
class Field {
 public:
  void relax(Kokkos::View<const T*> b) const {
    Kokkos::parallel_for(u_.extent(0), KOKKOS_CLASS_LAMBDA(const int i) { u_(i) += omega_ * (b(i) - u_(i) * u_(i)); });
  }

 private:
  Kokkos::View<T*> u_;
  T omega_ = 1;
};
