// Matrices of doubles, multiplied the plain way: with vector instructions on both sides, SSE2 and those of WebAssembly.
#include "guest.h"

#define N 400
static double a[N][N], b[N][N], c[N][N];

u64 work(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (i * 7 + j * 3) % 11;
      b[i][j] = (i * 5 + j) % 13;
    }
  for (int round = 0; round < 20; round++)
    for (int i = 0; i < N; i++)
      for (int k = 0; k < N; k++) {
        double factor = a[i][k] + round;
        for (int j = 0; j < N; j++) c[i][j] += factor * b[k][j];
      }
  double sum = 0;
  for (int i = 0; i < N; i++) sum += c[i][(i * 17) % N];
  return (u64)sum;
}
