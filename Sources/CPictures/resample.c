// SPDX-License-Identifier: Apache-2.0
//
// Separable resampling with a triangle filter whose support grows with the shrink factor, so that shrinking averages and
// enlarging interpolates (the usual "bilinear, antialiased": pixel centres at half positions, down first, 8 bits between
// the passes). Weights are exact ratios of integers rounded to 13 bits so that they sum to 8192: a constant stays constant.
// No floating point, so every machine gives the same bits.

#include "CPictures.h"

#include <stdlib.h>
#include <string.h>

enum { BITS = 13, ONE = 1 << BITS, HALF = ONE / 2 };

// The weights of one axis: output i is the sum of input[first[i] + k] * weight[i * stride + k], k < count[i]. Reading all
// `stride` of them is allowed too: the rest has weight 0 and stays inside the input.
struct axis {
    uint32_t stride;
    uint32_t *first;
    uint32_t *count;
    uint16_t *weight;
};

static bool make_axis(struct axis *axis, uint32_t in, uint32_t out) {
    // Distances are measured in units of 1 / (2 * out) input pixels, which makes them integers; the triangle reaches
    // `support` of them to each side.
    int64_t support = 2 * (int64_t)(in > out ? in : out);
    int64_t taps = (support + out - 1) / out;
    axis->stride = (uint32_t)(taps < in ? taps : in);
    size_t bytes = (size_t)out * (2 * sizeof(uint32_t) + axis->stride * sizeof(uint16_t));
    axis->first = malloc(bytes);
    if (!axis->first) return false;
    axis->count = axis->first + out;
    axis->weight = (uint16_t *)(axis->count + out);

    // Keeps (sum of weights) * ONE below 2^63 for a picture of 64 megapixels in one row.
    int shift = 0;
    while ((support >> shift) > (INT64_C(1) << 48) / axis->stride) shift++;

    for (uint32_t i = 0; i < out; i++) {
        int64_t centre = (2 * (int64_t)i + 1) * in;
        int64_t low = centre - support - out, high = centre + support - out;
        int64_t first = low < 0 ? 0 : low / (2 * (int64_t)out) + 1;
        int64_t last = (high - 1) / (2 * (int64_t)out);
        if (last > (int64_t)in - 1) last = (int64_t)in - 1;
        uint32_t count = (uint32_t)(last - first + 1);

        int64_t total = 0;
        for (int64_t j = first; j <= last; j++) {
            total += (support - llabs((2 * j + 1) * (int64_t)out - centre)) >> shift;
        }
        // Rounding the running sum instead of each weight makes them sum to ONE and spreads what is lost.
        int64_t running = 0, before = 0;
        uint16_t *weight = axis->weight + (size_t)i * axis->stride;
        memset(weight, 0, axis->stride * sizeof *weight);
        uint32_t lead = first + axis->stride > in ? (uint32_t)(first + axis->stride - in) : 0;
        weight += lead;
        for (int64_t j = first; j <= last; j++) {
            running += (support - llabs((2 * j + 1) * (int64_t)out - centre)) >> shift;
            int64_t rounded = (2 * running * ONE + total) / (2 * total);
            weight[j - first] = (uint16_t)(rounded - before);
            before = rounded;
        }
        axis->first[i] = (uint32_t)first - lead;
        axis->count[i] = lead + count;
    }
    return true;
}

// One multiplication for three channels: each has 21 bits of a 64-bit word, and 255 * 8192 + 4096 < 2^21.
enum { FIELD = 21 };

// Several rows at once keep the multiplier busy; a fixed number of taps spares the branch predictor.
enum { ROWS = 4 };

static void pack_row(const uint8_t *in, uint32_t width, uint64_t *packed) {
    for (uint32_t x = 0; x < width; x++) {
        packed[ROWS * (size_t)x] =
            (uint64_t)in[3 * x] | (uint64_t)in[3 * x + 1] << FIELD | (uint64_t)in[3 * x + 2] << (2 * FIELD);
    }
}

static void unpack(uint64_t sum, uint8_t *out) {
    out[0] = (uint8_t)(sum >> BITS);
    out[1] = (uint8_t)(sum >> (BITS + FIELD));
    out[2] = (uint8_t)(sum >> (BITS + 2 * FIELD));
}

// `packed` holds ROWS words for each column; `rows` of them are used.
static void mix_columns(
    const uint64_t *packed, const struct axis *axis, uint8_t *out, size_t out_stride, uint32_t out_width, uint32_t rows) {
    const uint64_t half = (uint64_t)HALF | (uint64_t)HALF << FIELD | (uint64_t)HALF << (2 * FIELD);
    const uint32_t taps = axis->stride;
    for (uint32_t i = 0; i < out_width; i++) {
        const uint64_t *pixel = packed + ROWS * (size_t)axis->first[i];
        const uint16_t *weight = axis->weight + (size_t)i * taps;
        uint64_t sum[ROWS] = {half, half, half, half};
        for (uint32_t k = 0; k < taps; k++) {
            for (int r = 0; r < ROWS; r++) sum[r] += pixel[ROWS * (size_t)k + (size_t)r] * weight[k];
        }
        for (uint32_t r = 0; r < rows; r++) unpack(sum[r], out + out_stride * r + 3 * (size_t)i);
    }
}

// A block of columns whose sums stay in registers.
enum { BLOCK = 32 };

static inline __attribute__((always_inline)) void mix_rows_body(
    const uint8_t *in, size_t stride, const uint16_t *weight, uint32_t count, uint8_t *out, size_t n) {
    size_t x = 0;
    for (; x + BLOCK <= n; x += BLOCK) {
        uint32_t sum[BLOCK];
        for (int b = 0; b < BLOCK; b++) sum[b] = HALF;
        for (uint32_t k = 0; k < count; k++) {
            const uint8_t *row = in + stride * k + x;
            uint16_t w = weight[k];
            for (int b = 0; b < BLOCK; b++) sum[b] += (uint32_t)row[b] * w;
        }
        for (int b = 0; b < BLOCK; b++) out[x + (size_t)b] = (uint8_t)(sum[b] >> BITS);
    }
    for (; x < n; x++) {
        uint32_t sum = HALF;
        for (uint32_t k = 0; k < count; k++) sum += (uint32_t)in[stride * k + x] * weight[k];
        out[x] = (uint8_t)(sum >> BITS);
    }
}

typedef void mix_rows_function(
    const uint8_t *in, size_t stride, const uint16_t *weight, uint32_t count, uint8_t *out, size_t n);

static void mix_rows__portable(
    const uint8_t *in, size_t stride, const uint16_t *weight, uint32_t count, uint8_t *out, size_t n) {
    mix_rows_body(in, stride, weight, count, out, n);
}

#if defined(__x86_64__)
// The same C with wider registers: five times as fast, the same integers.
__attribute__((target("avx2"))) static void mix_rows__avx2(
    const uint8_t *in, size_t stride, const uint16_t *weight, uint32_t count, uint8_t *out, size_t n) {
    mix_rows_body(in, stride, weight, count, out, n);
}
#endif

static mix_rows_function *best_mix_rows(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) return mix_rows__avx2;
#endif
    return mix_rows__portable;
}

static bool resize(
    const uint8_t *in, size_t in_stride, uint32_t in_width, uint32_t in_height, uint8_t *out, size_t out_stride,
    uint32_t out_width, uint32_t out_height, mix_rows_function *mix_rows) {
    size_t row = (size_t)in_width * 3;
    struct axis across = {0}, down = {0};
    uint8_t *mixed = malloc(row);
    uint64_t *packed = calloc((size_t)in_width * ROWS, sizeof(uint64_t));
    bool done = mixed && packed && make_axis(&across, in_width, out_width) && make_axis(&down, in_height, out_height);

    for (uint32_t y = 0; done && y < out_height; y += ROWS) {
        uint32_t rows = out_height - y < ROWS ? out_height - y : ROWS;
        for (uint32_t r = 0; r < rows; r++) {
            const uint8_t *first = in + in_stride * down.first[y + r];
            const uint16_t *weight = down.weight + (size_t)(y + r) * down.stride;
            // A side that keeps its length needs no arithmetic.
            uint8_t *target = in_width == out_width ? out + out_stride * (y + r) : mixed;
            if (in_height == out_height) {
                memcpy(target, in + in_stride * (y + r), row);
            } else {
                mix_rows(first, in_stride, weight, down.count[y + r], target, row);
            }
            if (in_width != out_width) pack_row(mixed, in_width, packed + r);
        }
        if (in_width != out_width) mix_columns(packed, &across, out + out_stride * y, out_stride, out_width, rows);
    }
    free(across.first);
    free(down.first);
    free(mixed);
    free(packed);
    return done;
}

bool cp_resize_rgb(
    const uint8_t *in, size_t in_stride, uint32_t in_width, uint32_t in_height, uint8_t *out, size_t out_stride,
    uint32_t out_width, uint32_t out_height) {
    return resize(in, in_stride, in_width, in_height, out, out_stride, out_width, out_height, best_mix_rows());
}

bool cp_resize_rgb__portable(
    const uint8_t *in, size_t in_stride, uint32_t in_width, uint32_t in_height, uint8_t *out, size_t out_stride,
    uint32_t out_width, uint32_t out_height) {
    return resize(in, in_stride, in_width, in_height, out, out_stride, out_width, out_height, mix_rows__portable);
}
