#include "rnn_kernels.h"
const char *rnn_isa_name(rnn_isa isa) { return isa == RNN_ISA_AVX512 ? "avx512" : isa == RNN_ISA_AVX2 ? "avx2" : isa == RNN_ISA_NEON ? "neon" : "plain"; }
