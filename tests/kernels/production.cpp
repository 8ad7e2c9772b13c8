// What production codes write around and in their kernels.
#include <Kokkos_Core.hpp>

#include <type_traits>

enum Direction { X, Y };
enum Component : int { ID, IU, IV };

template <class T>
constexpr auto PI_v = std::enable_if_t<std::is_floating_point<T>::value, T>(3.141592653589793L);

// enumerators as explicit template arguments of member functions, constants that are templates
struct Slopes {
  Kokkos::View<const double**> u;
  Kokkos::View<double*> s;

  template <Direction dir>
  KOKKOS_INLINE_FUNCTION double limited(int i) const {
    const int next = dir == X ? i : (i + 1) % static_cast<int>(u.extent(0));
    return u(next, dir) - u(i, IV);
  }
  template <Component a, Component b>
  KOKKOS_INLINE_FUNCTION double product(int i) const { return u(i, a) * this->template limited<Y>(i) * u(i, b); }
  KOKKOS_INLINE_FUNCTION void operator()(int i) const {
    const double unused = u(i, 0);
    (void)(unused);
    (void)this->s;
    s(i) = limited<X>(i) * limited<Y>(i) + PI_v<double> * product<ID, IU>(i);
  }
};

void slopes(Kokkos::View<const double**> u, Kokkos::View<double*> s) { Kokkos::parallel_for("slopes", s.extent(0), Slopes{u, s}); }

// an object that holds on to the data of another one during a call; a count of calls
struct Atoms {
  Kokkos::View<double* [3]> x, v;
  Kokkos::View<const double*> mass;
  int n = 0;
};

class Kinetic {
  Kokkos::View<double* [3]> v_;
  Kokkos::View<const double*> mass_, last_;

 public:
  KOKKOS_INLINE_FUNCTION void operator()(const int& i, double& sum) const {
    sum += mass_(i) * (v_(i, 0) * v_(i, 0) + v_(i, 1) * v_(i, 1) + v_(i, 2) * v_(i, 2));
  }
  double compute(Atoms* atoms) {
    static int calls = 0;
    calls++;
    v_ = atoms->v;
    mass_ = atoms->mass;
    last_ = mass_;
    double e = 0;
    Kokkos::parallel_reduce(Kokkos::RangePolicy<Kokkos::IndexType<int>>(0, atoms->n), *this, e);
    v_ = Kokkos::View<double* [3]>();
    mass_ = Kokkos::View<const double*>();
    return 0.5 * e;
  }
};

// C arrays of the caller
double weighted(const int fields[3], int power[2], double c, Kokkos::View<const double**> u) {
  double r = 0;
  for (int k = 0; k < 3; ++k) {
    if (fields[k] == 0) continue;
    const double a = c * power[k % 2];
    double sum = 0;
    Kokkos::parallel_reduce(u.extent(0), KOKKOS_LAMBDA(const int i, double& s) { s += a * u(i, k) * u(i, k); }, sum);
    r += sum;
  }
  return r;
}

// Views behind pointers and references of an object, which has an interface as its base
template <class T>
class Interface {
 public:
  virtual ~Interface() = default;
  virtual void triad() = 0;
};

template <class T>
class Stream : public Interface<T> {
 public:
  Stream() = default;
  void triad() override {
    Kokkos::View<T*> a(*a_);
    auto& b = *b_;
    const T s = scalar;
    Kokkos::parallel_for(n, KOKKOS_LAMBDA(const long i) { a[i] = b[i] * b[i] + s * (*this->c)(i) * a[i]; });
  }
  Kokkos::View<T*>* c = nullptr;
  long n = 0;
  T scalar = 2;

 private:
  Kokkos::View<T*>* a_ = nullptr;
  Kokkos::View<T*>* b_ = nullptr;
};
template class Stream<double>;

// data that a helper attaches, an object by value, two objects of one class
class Spring {
  Kokkos::View<double* [3]> x_;
  double k_ = 1;
  void attach(const Atoms& atoms) { x_ = atoms.x; }

 public:
  Spring() = default;
  void relax(const Atoms& atoms, const Spring& other, Spring copy, bool twice) {
    attach(atoms);
    const auto x = x_;
    const double k = k_ * other.k_;
    copy.k_ *= k;
    const double c = copy.k_;
    Kokkos::parallel_for("relax", atoms.n, KOKKOS_LAMBDA(const int i) { x(i, 0) += k * x(i, 1) * x(i, 0); });
    if (twice) Kokkos::parallel_for("again", atoms.n, KOKKOS_LAMBDA(const int i) { x(i, 1) *= c * x(i, 0); });
    x_ = Kokkos::View<double* [3]>();
  }
};
