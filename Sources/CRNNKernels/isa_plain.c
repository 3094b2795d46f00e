// The kernels for every processor: 4 lanes, which Clang turns into NEON on Arm and SSE on x86-64.
#include "kernel_table.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#define RNN_SUFFIX plain
#define RNN_LANES 4
#if defined(__ARM_FEATURE_FMA)
#define RNN_HAS_FMA 1
#else
#define RNN_HAS_FMA 0
#endif
#include "kernels.inc"
