// The kernels for AVX2 with FMA: 8 lanes, 16 registers.
#if defined(__x86_64__)
#include "kernel_table.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define RNN_SUFFIX avx2
#define RNN_LANES 8
#define RNN_HAS_FMA 1
#include "kernels.inc"
#pragma clang attribute pop
#endif
