// SPDX-License-Identifier: Apache-2.0
//
// Convolution, channels last. In a bordered channels-last map the values under one row of the kernel are contiguous, so
// an output is a sum over kernel rows of dot products of length `run`. A tile is PIXELS output pixels by 32 channels; each
// accumulator belongs to one output alone and is summed in the order (kernel row, column, channel), whatever the width
// of the registers.

#include "../clones.h"
#include "ckernels.h"

enum { BLOCK = CK_CONVOLUTION_F32_BLOCK, HALF = BLOCK / 2, PIXELS = 4 };

/// Sixteen floats from memory; a macro, since vectors by value would tie the ABI to the instruction set.
#define LOAD(p) (*(const ck_f32x16 *)(p))

CK_INLINE void store_channels(const struct ck_convolution_work_f32 *w, int32_t channel, int32_t y, int32_t x,
                              const ck_f32x16 *low, const ck_f32x16 *high) {
    float sums[BLOCK];
    *(ck_f32x16 *)sums = *low;
    *(ck_f32x16 *)(sums + HALF) = *high;
    int32_t count = w->channels - channel < BLOCK ? w->channels - channel : BLOCK;
    float *out = w->output + (size_t)y * w->output_row + (size_t)x * (size_t)w->channels + channel;
    if (w->residual) {
        const float *residual = w->residual + (size_t)y * w->residual_row + (size_t)x * (size_t)w->channels + channel;
        for (int32_t c = 0; c < count; c++) sums[c] += residual[c];
    }
    if (w->relu) {
        // Written so that NaN stays NaN: a broken feature must reach the score.
        for (int32_t c = 0; c < count; c++) sums[c] = sums[c] < 0.0f ? 0.0f : sums[c];
    }
    for (int32_t c = 0; c < count; c++) out[c] = sums[c];
}

CK_INLINE void tile(const struct ck_convolution_work_f32 *w, const float *weights, int32_t channel, int32_t y, int32_t x,
                    const int32_t pixels) {
    ck_f32x16 low[PIXELS], high[PIXELS];
    for (int32_t p = 0; p < pixels; p++) {
        low[p] = LOAD(w->bias + channel);
        high[p] = LOAD(w->bias + channel + HALF);
    }
    const size_t step = (size_t)w->stride * w->input_pixel;
    for (int32_t ky = 0; ky < w->kernel_height; ky++) {
        const float *in = w->input + (size_t)(y * w->stride + ky) * w->input_row + (size_t)x * step;
        for (int32_t j = 0; j < w->run; j++, weights += BLOCK) {
            const ck_f32x16 a = LOAD(weights), b = LOAD(weights + HALF);
            for (int32_t p = 0; p < pixels; p++) {
                const float value = in[(size_t)p * step + (size_t)j];
                const ck_f32x16 v = {value, value, value, value, value, value, value, value,
                                     value, value, value, value, value, value, value, value};
                low[p] = __builtin_elementwise_fma(v, a, low[p]);
                high[p] = __builtin_elementwise_fma(v, b, high[p]);
            }
        }
    }
    for (int32_t p = 0; p < pixels; p++) store_channels(w, channel, y, x + p, &low[p], &high[p]);
}

CK_CLONES
void ck_convolution_f32(const struct ck_convolution_work_f32 *w) {
    const size_t block_size = (size_t)w->kernel_height * (size_t)w->run * BLOCK;
    const float *weights = w->weights;
    for (int32_t channel = 0; channel < w->channels; channel += BLOCK, weights += block_size) {
        for (int32_t y = 0; y < w->height; y++) {
            int32_t x = 0;
            for (; x + PIXELS <= w->width; x += PIXELS) tile(w, weights, channel, y, x, PIXELS);
            for (; x < w->width; x++) tile(w, weights, channel, y, x, 1);
        }
    }
}
