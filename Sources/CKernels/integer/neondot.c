// SPDX-License-Identifier: Apache-2.0
//
// NEON with dot products (Armv8.2): `sdot` multiplies signed by signed, so 8-bit inputs become input − 128 as in
// neon.c. No 16-bit intermediate.
//
// A tile is 6 pixels × 16 channels: 24 registers of sums. 16 bytes of a pixel are four steps, each `sdot` takes four
// of them by index.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "variant.h"

#pragma clang attribute push(__attribute__((target("+dotprod"))), apply_to = function)

enum { PIXELS = 6, QUADS = 4 };

#include "tile128.h"

/// The products of step `LANE` of the four in `pixel`.
#define ADD_PRODUCTS(LANE)                                                                                   \
    CK_UNROLL                                                                                                \
    for (int32_t q = 0; q < QUADS; q++) {                                                                    \
        const int8x16_t weight = vld1q_s8(weights + (LANE) * CK_BLOCK * CK_GROUP + 16 * q);                  \
        CK_UNROLL                                                                                            \
        for (int32_t p = 0; p < pixels; p++) sum[p][q] = vdotq_laneq_s32(sum[p][q], weight, pixel[p], LANE); \
    }

/// One row of groups for all sums of the tile; returns the weights that follow.
CK_INLINE const int8_t *accumulate(int32x4_t sum[PIXELS][QUADS], const uint8_t *const in[PIXELS], const int8_t *weights,
                                   int32_t steps, const int32_t pixels, const int32_t wide) {
    int8x16_t pixel[PIXELS];
    int32_t step = 0;
    for (; step + 4 <= steps; step += 4, weights += 4 * CK_BLOCK * CK_GROUP) {
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) pixel[p] = as_signed(vld1q_u8(in[p] + (size_t)step * CK_GROUP), wide);
        ADD_PRODUCTS(0)
        ADD_PRODUCTS(1)
        ADD_PRODUCTS(2)
        ADD_PRODUCTS(3)
    }
    for (; step < steps; step++, weights += CK_BLOCK * CK_GROUP) {
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) pixel[p] = four_inputs(in[p] + (size_t)step * CK_GROUP, wide);
        ADD_PRODUCTS(0)
    }
    return weights;
}

CK_INLINE void tile(const struct ck_convolution_work_u8 *w, int32_t base, struct ck_cursor *cursor,
                    const int32_t pixels, const int32_t wide) {
    struct ck_place place[PIXELS];
    const uint8_t *in[PIXELS];
    int32x4_t sum[PIXELS][QUADS];
    CK_UNROLL
    for (int32_t q = 0; q < QUADS; q++) {
        const int32x4_t bias = bias_lanes(w, base + 4 * q, wide);
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) sum[p][q] = bias;
    }
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) {
        place[p] = next_place(w, cursor);
        in[p] = place[p].input;
    }
    const int8_t *weights = w->weights + base * CK_GROUP;
    for (int32_t row = 0; row < w->rows; row++) {
        weights = accumulate(sum, in, weights, w->steps, pixels, wide);
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) in[p] += w->input_row;
    }
    if (w->rest_steps > 0) {
        CK_UNROLL
        for (int32_t p = 0; p < pixels; p++) in[p] = place[p].rest;
        accumulate(sum, in, weights, w->rest_steps, pixels, wide);
    }
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) requantise(w, base, &place[p], sum[p]);
}

CK_INLINE void pixels_of(const struct ck_convolution_work_u8 *w, int32_t base, const int32_t wide) {
    struct ck_cursor cursor = cursor_at(w, w->begin);
    int32_t left = w->end - w->begin;
    for (; left >= PIXELS; left -= PIXELS) tile(w, base, &cursor, PIXELS, wide);
    switch (left) {
    case 5: tile(w, base, &cursor, 5, wide); break;
    case 4: tile(w, base, &cursor, 4, wide); break;
    case 3: tile(w, base, &cursor, 3, wide); break;
    case 2: tile(w, base, &cursor, 2, wide); break;
    case 1: tile(w, base, &cursor, 1, wide); break;
    default: break;
    }
}

static void ck_convolution_u8__neondot(const struct ck_convolution_work_u8 *w) {
    if (w->begin == w->end) return;
    for (int32_t base = 0; base < w->channels; base += CHANNELS) {
        if (w->wide) {
            pixels_of(w, base, 1);
        } else {
            pixels_of(w, base, 0);
        }
    }
}

CK_VARIANT(neondot)

#pragma clang attribute pop

#endif
