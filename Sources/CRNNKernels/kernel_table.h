// The functions that exist once per instruction set, gathered in a table that dispatch.c chooses.
#ifndef RNN_KERNEL_TABLE_H
#define RNN_KERNEL_TABLE_H

#include "rnn_kernels.h"

typedef struct {
#define RNN_KERNEL(result, name, parameters) result(*name) parameters;
#include "kernel_list.h"
#undef RNN_KERNEL
} rnn_kernel_table;

extern const rnn_kernel_table rnn_kernels_plain;
#if defined(__x86_64__)
extern const rnn_kernel_table rnn_kernels_avx2, rnn_kernels_avx512;
#endif

/// The table in use.
const rnn_kernel_table *rnn_table(void);

/// Memory of the calling thread for `count` floats, aligned to a cache line, valid until the thread asks again; kept for
/// reuse and freed when the thread ends (threads.c).
float *rnn_scratch(size_t count);

#endif
