// SPDX-License-Identifier: Apache-2.0
//
// Plain NEON has signed · signed only: 7-bit inputs are signed bytes as they are, 8-bit ones become input − 128 by
// turning their highest bit, and `signed_bias` brings the difference back. `smull` and `smlal` add the products of two
// steps in 16 bits, at most 2 · 128 · 127 = 32512; `sadalp` adds neighbours to 32 bits.
//
// A tile is 4 pixels × 8 channels. A register holds two sums for each of 2 channels, added at the end: 16 registers of
// sums, 4 of weights.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "variant.h"

enum { PIXELS = 4, QUADS = 2 };

#include "tile128.h"

/// Sums of a tile: [2i] and [2i + 1] are channels 4i, 4i + 1 and 4i + 2, 4i + 3.
typedef int32x4_t sums[PIXELS][2 * QUADS];

/// The products of one step, and with `two` of the next one too.
CK_INLINE void add_products(sums sum, const uint8_t *const in[PIXELS], size_t at, const int8_t *weights,
                            const int32_t pixels, const int32_t wide, const int32_t two) {
    int8x16_t first[QUADS], second[QUADS];
    CK_UNROLL
    for (int32_t q = 0; q < QUADS; q++) {
        first[q] = vld1q_s8(weights + 16 * q);
        if (two) second[q] = vld1q_s8(weights + CK_BLOCK * CK_GROUP + 16 * q);
    }
    int8x16_t input[PIXELS][2];
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) {
        input[p][0] = four_inputs(in[p] + at, wide);
        input[p][1] = two ? four_inputs(in[p] + at + CK_GROUP, wide) : input[p][0];
    }
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) {
        const int8x16_t one = input[p][0], next = input[p][1];
        CK_UNROLL
        for (int32_t q = 0; q < QUADS; q++) {
            int16x8_t low = vmull_s8(vget_low_s8(first[q]), vget_low_s8(one));
            int16x8_t high = vmull_high_s8(first[q], one);
            if (two) {
                low = vmlal_s8(low, vget_low_s8(second[q]), vget_low_s8(next));
                high = vmlal_high_s8(high, second[q], next);
            }
            sum[p][2 * q] = vpadalq_s16(sum[p][2 * q], low);
            sum[p][2 * q + 1] = vpadalq_s16(sum[p][2 * q + 1], high);
        }
        // "The next pixel's inputs depend on these sums": else all pixels are multiplied first, and sums make room.
        if (p + 1 < pixels) {
            __asm__("" : "+w"(sum[p][2 * QUADS - 1]), "+w"(input[p + 1][0]), "+w"(input[p + 1][1]));
        }
    }
}

/// One row of groups for all sums of the tile; returns the weights that follow.
CK_INLINE const int8_t *accumulate(sums sum, const uint8_t *const in[PIXELS], const int8_t *weights, int32_t steps,
                                   const int32_t pixels, const int32_t wide) {
    int32_t step = 0;
    for (; step + 2 <= steps; step += 2, weights += 2 * CK_BLOCK * CK_GROUP) {
        add_products(sum, in, (size_t)step * CK_GROUP, weights, pixels, wide, 1);
    }
    if (step < steps) {
        add_products(sum, in, (size_t)step * CK_GROUP, weights, pixels, wide, 0);
        weights += CK_BLOCK * CK_GROUP;
    }
    return weights;
}

CK_INLINE void tile(const struct ck_convolution_work_u8 *w, int32_t base, struct ck_cursor *cursor,
                    const int32_t pixels, const int32_t wide) {
    struct ck_place place[PIXELS];
    const uint8_t *in[PIXELS];
    sums sum;
    CK_UNROLL
    for (int32_t p = 0; p < pixels; p++) {
        CK_UNROLL
        for (int32_t i = 0; i < 2 * QUADS; i++) sum[p][i] = vdupq_n_s32(0);
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
    for (int32_t p = 0; p < pixels; p++) {
        int32x4_t whole[QUADS];
        CK_UNROLL
        for (int32_t q = 0; q < QUADS; q++) {
            whole[q] = vaddq_s32(bias_lanes(w, base + 4 * q, wide), vpaddq_s32(sum[p][2 * q], sum[p][2 * q + 1]));
        }
        requantise(w, base, &place[p], whole);
    }
}

CK_INLINE void pixels_of(const struct ck_convolution_work_u8 *w, int32_t base, const int32_t wide) {
    struct ck_cursor cursor = cursor_at(w, w->begin);
    int32_t left = w->end - w->begin;
    for (; left >= PIXELS; left -= PIXELS) tile(w, base, &cursor, PIXELS, wide);
    switch (left) {
    case 3: tile(w, base, &cursor, 3, wide); break;
    case 2: tile(w, base, &cursor, 2, wide); break;
    case 1: tile(w, base, &cursor, 1, wide); break;
    default: break;
    }
}

static void ck_convolution_u8__neon(const struct ck_convolution_work_u8 *w) {
    if (w->begin == w->end) return;
    for (int32_t base = 0; base < w->channels; base += CHANNELS) {
        if (w->wide) {
            pixels_of(w, base, 1);
        } else {
            pixels_of(w, base, 0);
        }
    }
}

CK_VARIANT(neon)

#endif
