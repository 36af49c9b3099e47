// SPDX-License-Identifier: Apache-2.0

#include "ck_detectors.h"

#include "../clones.h"

/// Sixteen floats from memory; a macro, since vectors by value would tie the ABI to the instruction set.
#define LOAD(p) (*(const ck_f32x16 *)(p))

/// Sum of sixteen lanes, pairwise, in one order.
CK_INLINE float total(const ck_f32x16 *v) {
    float lane[16];
    *(ck_f32x16 *)lane = *v;
    for (int32_t half = 8; half >= 1; half /= 2) {
        for (int32_t i = 0; i < half; i++) lane[i] += lane[i + half];
    }
    return lane[0];
}

CK_INLINE void multiply_add(float value, const float *from, ck_f32x16 *sum) {
    const ck_f32x16 v = {value, value, value, value, value, value, value, value,
                         value, value, value, value, value, value, value, value};
    *sum = __builtin_elementwise_fma(v, LOAD(from), *sum);
}

/// The two neighbours of an output along one axis and the share of the upper one: exact, since side and size are
/// powers of two apart and small.
struct between {
    int32_t lower, upper;
    float share;
};

CK_INLINE struct between between(int32_t at, int32_t side, int32_t size) {
    float place = ((float)at + 0.5f) * (float)side / (float)size - 0.5f;
    if (place < 0.0f) place = 0.0f;
    const int32_t lower = (int32_t)place < side - 1 ? (int32_t)place : side - 1;
    return (struct between){lower, lower + 1 < side ? lower + 1 : side - 1, place - (float)lower};
}

CK_CLONES
void ck_multiply_upsampled_f32(const float *values, int32_t side, float *output, int32_t size) {
    for (int32_t y = 0; y < size; y++) {
        const struct between v = between(y, side, size);
        const float *above = values + (size_t)v.lower * (size_t)side, *below = values + (size_t)v.upper * (size_t)side;
        for (int32_t x = 0; x < size; x++) {
            const struct between h = between(x, side, size);
            const float a = above[h.lower] * (1.0f - h.share) + above[h.upper] * h.share;
            const float b = below[h.lower] * (1.0f - h.share) + below[h.upper] * h.share;
            output[(size_t)y * (size_t)size + (size_t)x] *= a * (1.0f - v.share) + b * v.share;
        }
    }
}

CK_CLONES
void ck_local_mean_f32(const float *input, size_t input_row, int32_t side, int32_t channels, float *output) {
    const size_t c = (size_t)channels;
    for (int32_t y = 0; y < side; y++) {
        const int32_t y0 = y > 0 ? y - 1 : 0, y1 = y + 1 < side ? y + 1 : side - 1;
        for (int32_t x = 0; x < side; x++) {
            const int32_t x0 = x > 0 ? x - 1 : 0, x1 = x + 1 < side ? x + 1 : side - 1;
            float *out = output + ((size_t)y * (size_t)side + (size_t)x) * c;
            for (size_t k = 0; k < c; k++) out[k] = 0.0f;
            for (int32_t iy = y0; iy <= y1; iy++) {
                for (int32_t ix = x0; ix <= x1; ix++) {
                    const float *in = input + (size_t)iy * input_row + (size_t)ix * c;
                    for (size_t k = 0; k < c; k++) out[k] += in[k];
                }
            }
            for (size_t k = 0; k < c; k++) out[k] *= 1.0f / 9.0f;
        }
    }
}

CK_CLONES
void ck_upsample_features_f32(const float *values, int32_t side, int32_t channels, float *output, int32_t size,
                              size_t pixel) {
    const size_t c = (size_t)channels, row = (size_t)side * c;
    for (int32_t y = 0; y < size; y++) {
        const struct between v = between(y, side, size);
        const float *above = values + (size_t)v.lower * row, *below = values + (size_t)v.upper * row;
        for (int32_t x = 0; x < size; x++) {
            const struct between h = between(x, side, size);
            const size_t left = (size_t)h.lower * c, right = (size_t)h.upper * c;
            float *out = output + ((size_t)y * (size_t)size + (size_t)x) * pixel;
            for (size_t k = 0; k < c; k++) {
                const float a = above[left + k] * (1.0f - h.share) + above[right + k] * h.share;
                const float b = below[left + k] * (1.0f - h.share) + below[right + k] * h.share;
                out[k] = a * (1.0f - v.share) + b * v.share;
            }
        }
    }
}

enum { ROWS = CK_MAHALANOBIS_F32_BLOCK };

CK_CLONES
void ck_mahalanobis_f32(const float *values, const float *mean, const float *factor, float *output, int32_t locations,
                        int32_t dimensions) {
    float v[CK_MAHALANOBIS_F32_DIMENSIONS];
    const int32_t blocks = (dimensions + ROWS - 1) / ROWS;
    for (int32_t location = 0; location < locations; location++) {
        for (int32_t i = 0; i < dimensions; i++) v[i] = values[i] - mean[i];
        ck_f32x16 squares = {0};
        for (int32_t block = 0; block < blocks; block++) {
            const int32_t columns = ROWS * (block + 1) < dimensions ? ROWS * (block + 1) : dimensions;
            // Two sums that do not wait for each other.
            ck_f32x16 even = {0}, odd = {0};
            int32_t j = 0;
            for (; j + 2 <= columns; j += 2, factor += 2 * ROWS) {
                multiply_add(v[j], factor, &even);
                multiply_add(v[j + 1], factor + ROWS, &odd);
            }
            for (; j < columns; j++, factor += ROWS) multiply_add(v[j], factor, &even);
            const ck_f32x16 sum = even + odd;
            squares = __builtin_elementwise_fma(sum, sum, squares);
        }
        output[location] = __builtin_sqrtf(total(&squares));
        values += dimensions;
        mean += dimensions;
    }
}

enum { LANES = CK_NEAREST_F32_BLOCK, HALF = LANES / 2, VALUES = 4 };

/// Compares `count` neighbouring values with the vectors of one block.
CK_INLINE void compare(const struct ck_nearest_work_f32 *w, int32_t block, int32_t first, const int32_t count) {
    const size_t dimensions = (size_t)w->dimensions;
    const float *memory = w->memory + (size_t)block * dimensions * LANES;
    const float *values = w->values + (size_t)first * dimensions;
    ck_f32x16 low[VALUES], high[VALUES];
    for (int32_t i = 0; i < count; i++) {
        low[i] = LOAD(w->offsets + (size_t)block * LANES);
        high[i] = LOAD(w->offsets + (size_t)block * LANES + HALF);
    }
    for (size_t j = 0; j < dimensions; j++, memory += LANES) {
        const ck_f32x16 a = LOAD(memory), b = LOAD(memory + HALF);
        for (int32_t i = 0; i < count; i++) {
            const float value = values[(size_t)i * dimensions + j];
            const ck_f32x16 v = {value, value, value, value, value, value, value, value,
                                 value, value, value, value, value, value, value, value};
            low[i] = __builtin_elementwise_fma(v, a, low[i]);
            high[i] = __builtin_elementwise_fma(v, b, high[i]);
        }
    }
    for (int32_t i = 0; i < count; i++) {
        float found[LANES];
        *(ck_f32x16 *)found = low[i];
        *(ck_f32x16 *)(found + HALF) = high[i];
        float *best = w->best + (size_t)(first + i) * LANES;
        int32_t *where = w->block + (size_t)(first + i) * LANES;
        for (int32_t lane = 0; lane < LANES; lane++) {
            const int32_t better = found[lane] > best[lane];
            best[lane] = better ? found[lane] : best[lane];
            where[lane] = better ? block : where[lane];
        }
    }
}

/// The distance of a value to one vector of the memory.
CK_INLINE float distance(const struct ck_nearest_work_f32 *w, const float *value, int32_t block, int32_t lane) {
    const float *memory = w->memory + (size_t)block * (size_t)w->dimensions * LANES + lane;
    float sums[16] = {0};
    for (int32_t j = 0; j < w->dimensions; j++) {
        const float difference = value[j] - memory[(size_t)j * LANES];
        sums[j % 16] = __builtin_fmaf(difference, difference, sums[j % 16]);
    }
    const ck_f32x16 all = LOAD(sums);
    return __builtin_sqrtf(total(&all));
}

CK_CLONES
void ck_nearest_f32(const struct ck_nearest_work_f32 *w) {
    for (size_t i = 0; i < (size_t)w->count * LANES; i++) {
        w->best[i] = -__builtin_inff();
        w->block[i] = -1;
    }
    // A block of the memory stays in the cache while all values pass it.
    for (int32_t block = 0; block < w->blocks; block++) {
        int32_t i = 0;
        for (; i + VALUES <= w->count; i += VALUES) compare(w, block, i, VALUES);
        for (; i < w->count; i++) compare(w, block, i, 1);
    }
    for (int32_t i = 0; i < w->count; i++) {
        const float *best = w->best + (size_t)i * LANES;
        const int32_t *where = w->block + (size_t)i * LANES;
        int32_t lane = 0;
        for (int32_t other = 1; other < LANES; other++) {
            if (best[other] > best[lane]) lane = other;
        }
        // Nothing was nearer than infinitely far: the value is not finite, which is a fault and never a pass.
        w->output[i] = where[lane] < 0 ? __builtin_nanf("")
                                       : distance(w, w->values + (size_t)i * (size_t)w->dimensions, where[lane], lane);
    }
}
