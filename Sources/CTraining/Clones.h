// SPDX-License-Identifier: Apache-2.0
// One source, several instruction sets: the loader picks the clone for the CPU (ifunc). The loops are plain C over tiles
// of channels whose width is a compile-time constant, so that the compiler keeps a tile's sums in vector registers.
#ifndef JIDOKA_CLONES_H
#define JIDOKA_CLONES_H

#if defined(__x86_64__) && defined(__linux__)
#define CT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CT_CLONES
#endif
#define CT_INLINE static inline __attribute__((always_inline))

#define CT_TILE 64

/// Runs the statement with `c`, the first channel of a tile, and `n`, its width (a constant wherever the tile is full).
#define CT_FOR_TILES(channels, statement)                \
    do {                                                 \
        int c = 0;                                       \
        for (; c + CT_TILE <= (channels); c += CT_TILE) { \
            enum { n = CT_TILE };                        \
            statement;                                   \
        }                                                \
        for (; c + 16 <= (channels); c += 16) {          \
            enum { n = 16 };                             \
            statement;                                   \
        }                                                \
        if (c < (channels)) {                            \
            const int n = (channels) - c;                \
            statement;                                   \
        }                                                \
    } while (0)

#endif
