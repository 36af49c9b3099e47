// SPDX-License-Identifier: Apache-2.0
//
// One source, several instruction sets: the loader picks the widest the CPU has. The bits are the same in each.

#ifndef CKERNELS_CLONES_H
#define CKERNELS_CLONES_H

#if defined(__x86_64__)
#define CK_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CK_CLONES
#endif

#define CK_INLINE static inline __attribute__((always_inline))

/// Sixteen floats that the compiler cuts to the registers there are; unaligned on purpose.
typedef float ck_f32x16 __attribute__((vector_size(64), aligned(4)));

#endif
