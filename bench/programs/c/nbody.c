// Planets that pull at each other: double precision, a square root, hardly any memory.
#include "guest.h"

typedef struct {
  double at[3], speed[3], mass;
} Body;

static Body bodies[5];

static void make(void) {
  static const double masses[5] = {1000.0, 1.0, 0.3, 0.05, 0.002};
  for (int i = 0; i < 5; i++) {
    double radius = 10.0 * i;
    bodies[i] = (Body){{radius, 0.5 * i, 0.0}, {0.0, i ? __builtin_sqrt(1000.0 / radius) : 0.0, 0.01 * i}, masses[i]};
  }
}

static void advance(double dt) {
  for (int i = 0; i < 5; i++) {
    Body *a = &bodies[i];
    for (int j = i + 1; j < 5; j++) {
      Body *b = &bodies[j];
      double d[3], d2 = 1e-9;
      for (int k = 0; k < 3; k++) {
        d[k] = a->at[k] - b->at[k];
        d2 += d[k] * d[k];
      }
      double pull = dt / (d2 * __builtin_sqrt(d2));
      for (int k = 0; k < 3; k++) {
        a->speed[k] -= d[k] * b->mass * pull;
        b->speed[k] += d[k] * a->mass * pull;
      }
    }
  }
  for (int i = 0; i < 5; i++)
    for (int k = 0; k < 3; k++) bodies[i].at[k] += dt * bodies[i].speed[k];
}

u64 work(void) {
  make();
  for (int step = 0; step < 4000000; step++) advance(0.0001);
  double sum = 0;
  for (int i = 0; i < 5; i++) sum += bodies[i].at[0] * bodies[i].at[0] + bodies[i].at[1] * bodies[i].at[1];
  return (u64)(sum * 1e6);
}
