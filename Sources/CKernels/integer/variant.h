// SPDX-License-Identifier: Apache-2.0
//
// What the integer kernels of all instruction sets share: plain C, compiled again in each variant's file under its
// target, so that one text gives scalar and vector code. Integer arithmetic is exact: the bits can't differ.

#ifndef CK_VARIANT_H
#define CK_VARIANT_H

#include <string.h>

#include "../clones.h"
#include "ck_integer.h"

/// Before loops over accumulators: an array that a loop indexes at run time lives in memory, an unrolled one in
/// registers.
#define CK_UNROLL _Pragma("clang loop unroll(full)")

CK_INLINE uint8_t larger(uint8_t a, uint8_t b) { return a > b ? a : b; }

/// Sixty-four bytes that the compiler cuts to the registers there are.
typedef uint8_t ck_u8x64 __attribute__((vector_size(64), aligned(1)));

#define CK_LOAD_64(p) (*(const ck_u8x64 *)(p))

/// Largest bytes of one column of three.
CK_INLINE void column_maximum(const uint8_t *const rows[3], size_t at, ck_u8x64 *most) {
    const ck_u8x64 upper = __builtin_elementwise_max(CK_LOAD_64(rows[0] + at), CK_LOAD_64(rows[1] + at));
    *most = __builtin_elementwise_max(upper, CK_LOAD_64(rows[2] + at));
}

CK_INLINE void maximum_3x3(const uint8_t *const rows[3], int32_t input_width, int32_t channels, uint8_t *output,
                           int32_t width) {
    const size_t c = (size_t)channels;
    size_t i = 0;
    for (; i + 64 <= c; i += 64) {
        // The right column of one window is the left one of the next.
        ck_u8x64 left, middle, right;
        column_maximum(rows, i, &left);
        for (int32_t x = 0; x < width; x++) {
            const size_t column = (size_t)(2 * x) * c + i;
            column_maximum(rows, column, &middle);
            right = middle;
            if (2 * x + 1 < input_width) column_maximum(rows, column + c, &right);
            *(ck_u8x64 *)(output + (size_t)x * c + i) =
                __builtin_elementwise_max(__builtin_elementwise_max(left, middle), right);
            left = right;
        }
    }
    for (int32_t x = 0; x < width; x++) {
        const int32_t from = x > 0 ? 2 * x - 1 : 0, to = 2 * x + 1 < input_width ? 2 * x + 1 : input_width - 1;
        for (size_t k = i; k < c; k++) {
            uint8_t most = 0;
            for (int32_t column = from; column <= to; column++) {
                for (int32_t row = 0; row < 3; row++) most = larger(most, rows[row][(size_t)column * c + k]);
            }
            output[(size_t)x * c + k] = most;
        }
    }
}

CK_INLINE void dots(const uint8_t *t, size_t t_row, int32_t pool, const uint8_t *s, int32_t channels,
                    int32_t result[3]) {
    const size_t c = (size_t)channels;
    int32_t ts = 0, tt = 0, ss = 0;
    if (pool == 2) {
        const uint8_t *u = t + t_row;
        for (size_t i = 0; i < c; i++) {
            const int16_t a = (int16_t)(t[i] + t[c + i] + u[i] + u[c + i]), b = (int16_t)s[i];
            ts += (int32_t)a * b;
            tt += (int32_t)a * a;
            ss += (int32_t)b * b;
        }
    } else {
        for (size_t i = 0; i < c; i++) {
            const int16_t a = (int16_t)t[i], b = (int16_t)s[i];
            ts += (int32_t)a * b;
            tt += (int32_t)a * a;
            ss += (int32_t)b * b;
        }
    }
    result[0] = ts;
    result[1] = tt;
    result[2] = ss;
}

/// Defines the other functions of a variant and its table.
#define CK_VARIANT(ISA)                                                                                       \
    static void maximum_3x3__##ISA(const uint8_t *const rows[3], int32_t input_width, int32_t channels,       \
                                   uint8_t *output, int32_t width) {                                          \
        maximum_3x3(rows, input_width, channels, output, width);                                              \
    }                                                                                                         \
    static void dots__##ISA(const uint8_t *t, size_t t_row, int32_t pool, const uint8_t *s, int32_t channels, \
                            int32_t result[3]) {                                                              \
        dots(t, t_row, pool, s, channels, result);                                                            \
    }                                                                                                         \
    const struct ck_integer_kernels ck_integer_##ISA = {                                                      \
        #ISA,                                                                                                 \
        ck_convolution_u8__##ISA,                                                                             \
        maximum_3x3__##ISA,                                                                                   \
        dots__##ISA,                                                                                          \
    };

/// Where one output pixel lies.
struct ck_place {
    /// Its receptive field.
    const uint8_t *input;
    /// Its rest.
    const uint8_t *rest;
    /// Its residual.
    const uint8_t *residual;
    /// Its result.
    uint8_t *output;
};

/// Walks over output pixels in the order of rows.
struct ck_cursor {
    int32_t x, y;
    struct ck_place place;
};

/// Points the cursor at the first pixel of its row, plus `x`.
CK_INLINE void locate(const struct ck_convolution_work_u8 *w, struct ck_cursor *cursor) {
    const size_t y = (size_t)cursor->y, x = (size_t)cursor->x;
    cursor->place.input = w->input + y * w->input_line + x * w->input_pixel;
    cursor->place.rest = w->rest + x * w->rest_pixel;
    cursor->place.residual = (const uint8_t *)w->residual + y * w->residual_row + x * w->residual_pixel;
    cursor->place.output = (uint8_t *)w->output + y * w->output_row + x * w->output_pixel;
}

/// A cursor at pixel `first`.
CK_INLINE struct ck_cursor cursor_at(const struct ck_convolution_work_u8 *w, int32_t first) {
    struct ck_cursor cursor = {.x = first % w->width, .y = first / w->width};
    locate(w, &cursor);
    return cursor;
}

/// The place of the next pixel.
CK_INLINE struct ck_place next_place(const struct ck_convolution_work_u8 *w, struct ck_cursor *cursor) {
    const struct ck_place place = cursor->place;
    cursor->place.input += w->input_pixel;
    cursor->place.rest += w->rest_pixel;
    cursor->place.residual += w->residual_pixel;
    cursor->place.output += w->output_pixel;
    if (++cursor->x == w->width) {
        cursor->x = 0;
        cursor->y++;
        locate(w, cursor);
    }
    return place;
}

#endif
