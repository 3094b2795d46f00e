// The memory of the process, as the system sees it.
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "rnn_kernels.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__GLIBC__)
#include <malloc.h>
#elif defined(__APPLE__)
#include <mach/mach.h>
#endif

void *rnn_allocate(size_t bytes, size_t alignment) {
  void *base = NULL;
  return posix_memalign(&base, alignment, bytes) == 0 ? base : NULL;
}

void rnn_free(void *base) { free(base); }

void rnn_prefer_large_pages(void *base, size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  const uintptr_t page = 1 << 21;
  uintptr_t begin = ((uintptr_t)base + page - 1) / page * page, end = ((uintptr_t)base + bytes) / page * page;
  // Advice: where it isn't taken, nothing is lost.
  if (begin < end) (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
  (void)base;
  (void)bytes;
#endif
}

void rnn_spare_memory(void) {
#if defined(__GLIBC__)
  // Otherwise the limit grows with what is freed, and what was freed lies in pieces between what stays.
  mallopt(M_MMAP_THRESHOLD, 1 << 15);
#endif
}

void rnn_trim_memory(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

bool rnn_address_space_limit(size_t *bytes) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  *bytes = (size_t)limit.rlim_cur;
  return true;
}

bool rnn_process_memory(size_t *now, size_t *most) {
#if defined(__APPLE__)
  struct mach_task_basic_info information;
  mach_msg_type_number_t count = MACH_TASK_BASIC_INFO_COUNT;
  if (task_info(mach_task_self(), MACH_TASK_BASIC_INFO, (task_info_t)&information, &count) != KERN_SUCCESS) return false;
  *now = (size_t)information.resident_size;
  *most = (size_t)information.resident_size_max;
  return true;
#else
  FILE *file = fopen("/proc/self/status", "r");
  if (!file) return false;
  char line[256];
  bool has_now = false, has_most = false;
  unsigned long long kilobytes;
  while (fgets(line, sizeof line, file)) {
    if (sscanf(line, "VmRSS: %llu", &kilobytes) == 1) {
      *now = (size_t)kilobytes * 1024;
      has_now = true;
    } else if (sscanf(line, "VmHWM: %llu", &kilobytes) == 1) {
      *most = (size_t)kilobytes * 1024;
      has_most = true;
    }
  }
  fclose(file);
  return has_now && has_most;
#endif
}
