// SPDX-License-Identifier: Apache-2.0
//
// AVX-VNNI, for processors with `vpdpbusd` but without AVX-512. No 16-bit intermediate, so `wide` needs nothing
// special.

#if defined(__x86_64__)

#include <immintrin.h>

#include "variant.h"

#pragma clang attribute push(__attribute__((target("avx2,avxvnni"))), apply_to = function)

enum { PIXELS = 3, VECTORS = 4 };

/// Sums, three pixels and a vector of weights are exactly 16 registers.
CK_INLINE void add_products(__m256i sum[PIXELS][VECTORS], const uint8_t *const in[PIXELS], size_t at,
                            const int8_t *weights, const int32_t pixels) {
    __m256i pixel[PIXELS];
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) {
        int32_t four;
        memcpy(&four, in[p] + at, sizeof four);
        pixel[p] = _mm256_set1_epi32(four);
    }
    CK_UNROLL
    for (int32_t v = 0; v < VECTORS; v++) {
        const __m256i weight = _mm256_load_si256((const __m256i *)(weights + 32 * v));
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) sum[p][v] = _mm256_dpbusd_avx_epi32(sum[p][v], pixel[p], weight);
    }
}

#include "tile256.h"

static void ck_convolution_u8__avxvnni(const struct ck_convolution_work_u8 *w) { convolution(w); }

CK_VARIANT(avxvnni)

#pragma clang attribute pop

#endif
