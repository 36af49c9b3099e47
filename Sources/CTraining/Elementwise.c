// SPDX-License-Identifier: Apache-2.0
#include "CTraining.h"
#include "Clones.h"

#include <string.h>

// `assume_safety`: input and output may be the same array (same index), never shifted against each other.
#define CT_EACH(count) _Pragma("clang loop vectorize(assume_safety)") for (ptrdiff_t i = 0; i < (count); i++)

CT_CLONES
void ct_relu(const float *x, ptrdiff_t count, float *out) {
    CT_EACH(count) out[i] = x[i] < 0 ? 0 : x[i];
}

CT_CLONES
void ct_relu_backward(const float *dy, const float *out, ptrdiff_t count, float *dx) {
    CT_EACH(count) dx[i] = out[i] > 0 ? dy[i] : 0;
}

CT_CLONES
void ct_add(const float *x, const float *y, ptrdiff_t count, bool relu, float *out) {
    if (relu) {
        CT_EACH(count) {
            const float sum = x[i] + y[i];
            out[i] = sum < 0 ? 0 : sum;
        }
    } else {
        CT_EACH(count) out[i] = x[i] + y[i];
    }
}

CT_CLONES
void ct_scale(const float *x, float factor, ptrdiff_t count, float *out) {
    CT_EACH(count) out[i] = x[i] * factor;
}

CT_CLONES
void ct_scaled_difference(const float *a, const float *b, float factor, ptrdiff_t count, float *out) {
    CT_EACH(count) out[i] = (a[i] - b[i]) * factor;
}

enum { lanes = 16, stretch = 4096 };

CT_INLINE double lane_sum(const float *lane) {
    double sum = 0;
    for (int j = 0; j < lanes; j++) sum += (double)lane[j];
    return sum;
}

CT_CLONES
double ct_sum(const float *x, ptrdiff_t count) {
    double total = 0;
    for (ptrdiff_t start = 0; start < count; start += stretch) {
        const ptrdiff_t n = count - start < stretch ? count - start : stretch;
        float lane[lanes] = {0};
        ptrdiff_t i = 0;
        for (; i + lanes <= n; i += lanes)
            for (int j = 0; j < lanes; j++) lane[j] += x[start + i + j];
        for (; i < n; i++) total += (double)x[start + i];
        total += lane_sum(lane);
    }
    return total;
}

CT_CLONES
double ct_squared_difference(const float *a, const float *b, ptrdiff_t count) {
    double total = 0;
    for (ptrdiff_t start = 0; start < count; start += stretch) {
        const ptrdiff_t n = count - start < stretch ? count - start : stretch;
        float lane[lanes] = {0};
        ptrdiff_t i = 0;
        for (; i + lanes <= n; i += lanes)
            for (int j = 0; j < lanes; j++) {
                const float d = a[start + i + j] - b[start + i + j];
                lane[j] += d * d;
            }
        for (; i < n; i++) {
            const double d = (double)a[start + i] - (double)b[start + i];
            total += d * d;
        }
        total += lane_sum(lane);
    }
    return total;
}

CT_CLONES
void ct_sum_rows(const float *rows, int row_count, ptrdiff_t stride, ptrdiff_t count, bool accumulate, float *out) {
    for (ptrdiff_t start = 0; start < count; start += 256) {
        const ptrdiff_t n = count - start < 256 ? count - start : 256;
        float sum[256];
        memcpy(sum, rows + start, (size_t)n * sizeof(float));
        for (int r = 1; r < row_count; r++)
            for (ptrdiff_t i = 0; i < n; i++) sum[i] += rows[r * stride + start + i];
        if (accumulate)
            for (ptrdiff_t i = 0; i < n; i++) out[start + i] += sum[i];
        else
            memcpy(out + start, sum, (size_t)n * sizeof(float));
    }
}

CT_INLINE void channel_sums(const float *restrict x, ptrdiff_t pixels, int channels, bool accumulate,
                            float *restrict sum, const int n) {
    float s[CT_TILE] = {0};
    for (ptrdiff_t p = 0; p < pixels; p++)
        for (int i = 0; i < n; i++) s[i] += x[p * channels + i];
    for (int i = 0; i < n; i++) sum[i] = accumulate ? sum[i] + s[i] : s[i];
}

CT_CLONES
void ct_channel_sums(const float *x, ptrdiff_t pixels, int channels, bool accumulate, float *sum) {
    CT_FOR_TILES(channels, channel_sums(x + c, pixels, channels, accumulate, sum + c, n));
}

CT_CLONES
void ct_add_bias(float *y, const float *bias, ptrdiff_t pixels, int channels) {
    for (ptrdiff_t p = 0; p < pixels; p++, y += channels)
        for (int i = 0; i < channels; i++) y[i] += bias[i];
}
