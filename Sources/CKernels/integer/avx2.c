// SPDX-License-Identifier: Apache-2.0
//
// AVX2: `vpmaddubsw` adds two products in 16 bits, saturating. The plan's limit on pairs of weights keeps them inside
// (README.md); `vpmaddwd` by ones adds two pairs, `vpaddd` the sum.

#if defined(__x86_64__)

#include <immintrin.h>

#include "variant.h"

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

enum { PIXELS = 3, VECTORS = 4 };

/// Sums, ones, a pixel and a product are 15 registers. Weights are read from memory once for each pixel, hidden from
/// the compiler by an address that "changes": in registers of their own they would push sums out.
CK_INLINE void add_products(__m256i sum[PIXELS][VECTORS], const uint8_t *const in[PIXELS], size_t at,
                            const int8_t *weights, const int32_t pixels) {
    const __m256i ones = _mm256_set1_epi16(1);
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) {
        int32_t four;
        memcpy(&four, in[p] + at, sizeof four);
        const __m256i pixel = _mm256_set1_epi32(four);
        CK_UNROLL
        for (int32_t v = 0; v < VECTORS; v++) {
            const __m256i weight = _mm256_load_si256((const __m256i *)(weights + 32 * v));
            const __m256i pairs = _mm256_maddubs_epi16(pixel, weight);
            sum[p][v] = _mm256_add_epi32(sum[p][v], _mm256_madd_epi16(pairs, ones));
        }
        __asm__("" : "+r"(weights));
    }
}

#include "tile256.h"

static void ck_convolution_u8__avx2(const struct ck_convolution_work_u8 *w) { convolution(w); }

CK_VARIANT(avx2)

#pragma clang attribute pop

#endif
