// One vector type per instruction set, for the templates *.inc. A file isa_*.c defines RNN_LANES (floats in a vector),
// RNN_SUFFIX and RNN_HAS_FMA, then includes kernels.inc once.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RNN_JOIN2(a, b) a##_##b
#define RNN_JOIN(a, b) RNN_JOIN2(a, b)
/// name → name_avx512 and so on
#define RNN_NAME(name) RNN_JOIN(name, RNN_SUFFIX)
#define RNN_INLINE static inline __attribute__((always_inline, unused))

typedef float vfloat __attribute__((ext_vector_type(RNN_LANES)));
typedef int32_t vint __attribute__((ext_vector_type(RNN_LANES)));
typedef uint32_t vuint __attribute__((ext_vector_type(RNN_LANES)));
typedef float vfloat_unaligned __attribute__((ext_vector_type(RNN_LANES), aligned(4)));
typedef int32_t vint_unaligned __attribute__((ext_vector_type(RNN_LANES), aligned(4)));

RNN_INLINE vfloat vload(const float *p) { return *(const vfloat_unaligned *)p; }
RNN_INLINE void vstore(float *p, vfloat v) { *(vfloat_unaligned *)p = v; }
RNN_INLINE vfloat vsplat(float x) { return (vfloat)x; }

/// a · b + c. One rounding where the instruction set has it; two on the plain path, where `fma` would be a slow call.
RNN_INLINE vfloat vfma(vfloat a, vfloat b, vfloat c) {
#if RNN_HAS_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}
RNN_INLINE float sfma(float a, float b, float c) {
#if RNN_HAS_FMA
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
