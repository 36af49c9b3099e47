// SPDX-License-Identifier: Apache-2.0

#include "probes.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

static _Atomic uint64_t count;
// In the program itself, so that reading it never allocates.
static __thread uint64_t own __attribute__((tls_model("local-exec")));

uint64_t allocations_so_far(void) { return atomic_load_explicit(&count, memory_order_relaxed); }

uint64_t allocations_of_this_thread(void) { return own; }

#if defined(__GLIBC__) && !__has_feature(address_sanitizer)

// glibc's own functions under the names that it keeps for such purposes; what they gave, they take back.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static void one_more(void) {
    own++;
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
    one_more();
    return __libc_malloc(size);
}

void free(void *memory) { __libc_free(memory); }

void *calloc(size_t number, size_t size) {
    one_more();
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    one_more();
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    one_more();
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size) {
    one_more();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    one_more();
    if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
    void *found = __libc_memalign(alignment, size);
    if (!found) return ENOMEM;
    *memory = found;
    return 0;
}

#endif
