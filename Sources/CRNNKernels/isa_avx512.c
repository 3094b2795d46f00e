// The kernels for AVX-512: 16 lanes, 32 registers.
#if defined(__x86_64__)
#include "kernel_table.h"
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#pragma clang attribute push( \
  __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"))), apply_to = function)
#define RNN_SUFFIX avx512
#define RNN_LANES 16
#define RNN_HAS_FMA 1
#include "kernels.inc"
#pragma clang attribute pop
#endif
