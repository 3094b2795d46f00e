// The caches of a core, as the system reports them: what blocks are cut by.
#include "rnn_kernels.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif

/// Where the system says nothing, as in some virtual machines: what nearly every processor has.
static const size_t defaults[RNN_CACHE_LEVELS] = {32 << 10, 512 << 10};
/// What is believed: an answer outside of this is a mistake of the system.
static const size_t least[RNN_CACHE_LEVELS] = {8 << 10, 64 << 10}, most[RNN_CACHE_LEVELS] = {1 << 20, 1 << 26};

/// In bytes; 0: not known yet.
static _Atomic(size_t) sizes[RNN_CACHE_LEVELS];

#if defined(__linux__)
/// What the first core's folder says: "48K" at a level, for data.
static size_t listed(int level) {
  for (int index = 0; index < 8; index++) {
    char path[96], text[32];
    unsigned long long size = 0;
    int found = 0;
    for (int item = 0; item < 3; item++) {
      static const char *const names[] = {"level", "type", "size"};
      snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, names[item]);
      FILE *file = fopen(path, "r");
      if (!file) break;
      bool is_read = fgets(text, sizeof text, file) != NULL;
      fclose(file);
      if (!is_read || (item == 0 && atoi(text) != level) || (item == 1 && text[0] == 'I')) break;
      if (item == 2) found = sscanf(text, "%lluK", &size);
    }
    if (found == 1) return (size_t)size << 10;
  }
  return 0;
}
#endif

static size_t reported(int level) {
#if defined(__APPLE__)
  const char *const names[2][2] = {{"hw.perflevel0.l1dcachesize", "hw.l1dcachesize"}, {"hw.perflevel0.l2cachesize", "hw.l2cachesize"}};
  for (int i = 0; i < 2; i++) {
    int64_t bytes = 0;
    size_t length = sizeof bytes;
    if (sysctlbyname(names[level - 1][i], &bytes, &length, NULL, 0) == 0 && bytes > 0) return (size_t)bytes;
  }
#endif
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  long bytes = sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : _SC_LEVEL2_CACHE_SIZE);
  if (bytes > 0) return (size_t)bytes;
#endif
#if defined(__linux__)
  return listed(level);
#else
  return 0;
#endif
}

bool rnn_cache_wish(const char *text, size_t bytes[RNN_CACHE_LEVELS]) {
  unsigned long kibibytes[RNN_CACHE_LEVELS];
  int end = 0;
  if (sscanf(text, "%7lu,%7lu%n", kibibytes, kibibytes + 1, &end) != RNN_CACHE_LEVELS || text[end] != 0) return false;
  for (int i = 0; i < RNN_CACHE_LEVELS; i++) {
    bytes[i] = (size_t)kibibytes[i] << 10;
    if (bytes[i] < least[i] || bytes[i] > most[i]) return false;
  }
  return true;
}

size_t rnn_cache_size(int level) {
  const int i = level - 1;
  size_t size = atomic_load_explicit(sizes + i, memory_order_relaxed);
  if (size > 0) return size;
  // Several threads may find the same answer; they store the same value.
  size_t wish[RNN_CACHE_LEVELS];
  const char *text = getenv("RNN_CACHES");
  size = text && rnn_cache_wish(text, wish) ? wish[i] : reported(level);
  if (size < least[i] || size > most[i]) size = defaults[i];
  atomic_store_explicit(sizes + i, size, memory_order_relaxed);
  return size;
}

void rnn_set_cache_sizes(size_t first, size_t second) {
  atomic_store_explicit(sizes, first, memory_order_relaxed);
  atomic_store_explicit(sizes + 1, second, memory_order_relaxed);
}
