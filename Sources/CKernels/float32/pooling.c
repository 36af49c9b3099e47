// SPDX-License-Identifier: Apache-2.0

#include "../clones.h"
#include "ckernels.h"

CK_INLINE int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
CK_INLINE int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }

CK_CLONES
void ck_maximum_pooling_f32(const struct ck_pooling_work_f32 *w) {
    const size_t c = (size_t)w->channels;
    for (int32_t y = 0; y < w->height; y++) {
        const int32_t y0 = most(y * w->stride - w->padding, 0);
        const int32_t y1 = least(y * w->stride - w->padding + w->kernel, w->input_height);
        for (int32_t x = 0; x < w->width; x++) {
            const int32_t x0 = most(x * w->stride - w->padding, 0);
            const int32_t x1 = least(x * w->stride - w->padding + w->kernel, w->input_width);
            float *out = w->output + (size_t)y * w->output_row + (size_t)x * c;
            const float *first = w->input + (size_t)y0 * w->input_row + (size_t)x0 * c;
            for (size_t k = 0; k < c; k++) out[k] = first[k];
            for (int32_t iy = y0; iy < y1; iy++) {
                for (int32_t ix = x0; ix < x1; ix++) {
                    const float *in = w->input + (size_t)iy * w->input_row + (size_t)ix * c;
                    // A NaN wins and stays: `in <= out` is false for it on either side.
                    for (size_t k = 0; k < c; k++) out[k] = (in[k] <= out[k] || out[k] != out[k]) ? out[k] : in[k];
                }
            }
        }
    }
}

CK_CLONES
void ck_average_pooling_f32(const struct ck_pooling_work_f32 *w) {
    const size_t c = (size_t)w->channels;
    const float share = 1.0f / (float)(w->kernel * w->kernel);
    for (int32_t y = 0; y < w->height; y++) {
        for (int32_t x = 0; x < w->width; x++) {
            float *out = w->output + (size_t)y * w->output_row + (size_t)x * c;
            for (size_t k = 0; k < c; k++) out[k] = 0.0f;
            for (int32_t ky = 0; ky < w->kernel; ky++) {
                for (int32_t kx = 0; kx < w->kernel; kx++) {
                    const float *in = w->input + (size_t)(y * w->stride + ky) * w->input_row +
                                      (size_t)(x * w->stride + kx) * c;
                    for (size_t k = 0; k < c; k++) out[k] += in[k];
                }
            }
            for (size_t k = 0; k < c; k++) out[k] *= share;
        }
    }
}

CK_CLONES
void ck_add_f32(const float *a, const float *b, float *output, size_t count, int32_t relu) {
    for (size_t i = 0; i < count; i++) {
        const float sum = a[i] + b[i];
        output[i] = relu && sum < 0.0f ? 0.0f : sum;
    }
}

void ck_normalise_u8_f32(const uint8_t *pixels, float *output, size_t width, const float *table) {
    for (size_t x = 0; x < width; x++) {
        for (size_t c = 0; c < 3; c++) output[3 * x + c] = table[256 * c + pixels[3 * x + c]];
    }
}
