// SPDX-License-Identifier: Apache-2.0
//
// AVX-512 VNNI: a tile of 6 pixels × 64 channels is 24 accumulators; a step loads 4 registers of weights, broadcasts 4
// bytes of each pixel and issues 24 `vpdpbusd`. No 16-bit intermediate, so `wide` needs nothing special.

#if defined(__x86_64__)

#include <immintrin.h>

#include "variant.h"

#pragma clang attribute push(                                                                        \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"), min_vector_width(512))), \
    apply_to = function)

enum { PIXELS = 6, VECTORS = CK_BLOCK / 16, RESIDUAL_NONE = 0 };

/// One row of groups: all accumulators of the tile, four inputs at a time.
CK_INLINE const int8_t *accumulate(__m512i sum[PIXELS][VECTORS], const uint8_t *const in[PIXELS], const int8_t *weights,
                                   int32_t steps, const int32_t pixels) {
    for (size_t at = 0; at < (size_t)steps * CK_GROUP; at += CK_GROUP, weights += CK_BLOCK * CK_GROUP) {
        __m512i weight[VECTORS];
        CK_UNROLL
        for (int32_t v = 0; v < VECTORS; v++) weight[v] = _mm512_load_si512(weights + 64 * v);
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) {
            int32_t four;
            memcpy(&four, in[p] + at, sizeof four);
            const __m512i pixel = _mm512_set1_epi32(four);
            CK_UNROLL
            for (int32_t v = 0; v < VECTORS; v++) sum[p][v] = _mm512_dpbusd_epi32(sum[p][v], pixel, weight[v]);
        }
    }
    return weights;
}

/// The first `count` of sixteen lanes.
CK_INLINE __mmask16 lanes(int32_t count) {
    return count >= 16 ? (__mmask16)0xffff : count <= 0 ? (__mmask16)0 : (__mmask16)((1u << count) - 1);
}

/// Sixteen results before rounding, bounded above; what is too small is left to the saturating stores.
CK_INLINE __m512 requantise(__m512i sum, __m512 scale, __m512 high, const uint8_t *residual, int32_t vector,
                            const int32_t residual_kind, __m512 residual_scale, __mmask16 mask) {
    __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale);
    if (residual_kind != RESIDUAL_NONE) {
        const __m512i other = residual_kind == CK_U8
                                  ? _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, residual + 16 * vector))
                                  : _mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(mask, residual + 32 * vector));
        value = _mm512_add_ps(value, _mm512_mul_ps(_mm512_cvtepi32_ps(other), residual_scale));
    }
    return _mm512_min_ps(value, high);
}

/// Stores a tile. With all 64 channels in bytes, four registers become one: packing with saturation bounds below at 0,
/// in an order of lanes that one permutation puts right.
CK_INLINE void finish(const struct ck_convolution_work_u8 *w, __m512i sum[PIXELS][VECTORS],
                      const struct ck_place place[PIXELS], const int32_t pixels, const int32_t residual_kind) {
    const __m512 high = _mm512_set1_ps(w->high), residual_scale = _mm512_set1_ps(w->residual_scale);
    if (w->output_kind == CK_U8 && w->channels == CK_BLOCK) {
        const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        __m512 scale[VECTORS];
        CK_UNROLL
        for (int32_t v = 0; v < VECTORS; v++) scale[v] = _mm512_loadu_ps(w->scale + 16 * v);
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) {
            __m512i result[VECTORS];
            CK_UNROLL
            for (int32_t v = 0; v < VECTORS; v++) {
                result[v] = _mm512_cvtps_epi32(
                    requantise(sum[p][v], scale[v], high, place[p].residual, v, residual_kind, residual_scale, 0xffff));
            }
            const __m512i bytes =
                _mm512_packus_epi16(_mm512_packs_epi32(result[0], result[1]), _mm512_packs_epi32(result[2], result[3]));
            _mm512_storeu_si512(place[p].output, _mm512_permutexvar_epi32(order, bytes));
        }
        return;
    }
    const __m512 low = _mm512_set1_ps(w->low);
    CK_UNROLL
    for (int32_t v = 0; v < VECTORS; v++) {
        const __mmask16 mask = lanes(w->channels - 16 * v);
        const __m512 scale = _mm512_loadu_ps(w->scale + 16 * v);
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) {
            const __m512 value =
                requantise(sum[p][v], scale, high, place[p].residual, v, residual_kind, residual_scale, mask);
            const __m512i result = _mm512_cvtps_epi32(_mm512_max_ps(value, low));
            if (w->output_kind == CK_U8) {
                _mm_mask_storeu_epi8(place[p].output + 16 * v, mask, _mm512_cvtepi32_epi8(result));
            } else {
                _mm256_mask_storeu_epi16(place[p].output + 32 * v, mask, _mm512_cvtepi32_epi16(result));
            }
        }
    }
}

CK_INLINE void tile(const struct ck_convolution_work_u8 *w, struct ck_cursor *cursor, const int32_t pixels,
                    const int32_t residual_kind) {
    struct ck_place place[PIXELS];
    const uint8_t *in[PIXELS];
    __m512i sum[PIXELS][VECTORS];
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) {
        place[p] = next_place(w, cursor);
        in[p] = place[p].input;
        CK_UNROLL
        for (int32_t v = 0; v < VECTORS; v++) sum[p][v] = _mm512_loadu_si512(w->bias + 16 * v);
    }
    const int8_t *weights = w->weights;
    for (int32_t row = 0; row < w->rows; row++) {
        weights = accumulate(sum, in, weights, w->steps, pixels);
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) in[p] += w->input_row;
    }
    if (w->rest_steps > 0) {
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) in[p] = place[p].rest;
        accumulate(sum, in, weights, w->rest_steps, pixels);
    }
    finish(w, sum, place, pixels, residual_kind);
}

CK_INLINE void convolve(const struct ck_convolution_work_u8 *w, const int32_t residual_kind) {
    struct ck_cursor cursor = cursor_at(w, w->begin);
    int32_t left = w->end - w->begin;
    for (; left >= PIXELS; left -= PIXELS) tile(w, &cursor, PIXELS, residual_kind);
    switch (left) {
    case 5: tile(w, &cursor, 5, residual_kind); break;
    case 4: tile(w, &cursor, 4, residual_kind); break;
    case 3: tile(w, &cursor, 3, residual_kind); break;
    case 2: tile(w, &cursor, 2, residual_kind); break;
    case 1: tile(w, &cursor, 1, residual_kind); break;
    default: break;
    }
}

static void ck_convolution_u8__avx512vnni(const struct ck_convolution_work_u8 *w) {
    if (w->begin == w->end) return;
    if (!w->residual) {
        convolve(w, RESIDUAL_NONE);
    } else if (w->residual_kind == CK_U8) {
        convolve(w, CK_U8);
    } else {
        convolve(w, CK_S16);
    }
}

CK_VARIANT(avx512vnni)

#pragma clang attribute pop

#endif
