// SPDX-License-Identifier: Apache-2.0
#include "CTraining.h"
#include "Clones.h"

#include <math.h>

CT_INLINE void moments(const float *restrict x, ptrdiff_t pixels, int channels, float *restrict mean,
                       float *restrict m2, const int n) {
    float sum[CT_TILE] = {0}, square[CT_TILE] = {0}, centre[CT_TILE];
    for (ptrdiff_t p = 0; p < pixels; p++)
        for (int i = 0; i < n; i++) sum[i] += x[p * channels + i];
    for (int i = 0; i < n; i++) centre[i] = sum[i] / (float)pixels;
    for (ptrdiff_t p = 0; p < pixels; p++)
        for (int i = 0; i < n; i++) {
            float d = x[p * channels + i] - centre[i];
            square[i] += d * d;
        }
    for (int i = 0; i < n; i++) mean[i] = centre[i], m2[i] = square[i];
}

CT_CLONES
void ct_moments(const float *x, ptrdiff_t pixels, int channels, float *mean, float *m2) {
    CT_FOR_TILES(channels, moments(x + c, pixels, channels, mean + c, m2 + c, n));
}

// `residual` and `relu` are constants at each call, so that each case is a loop of its own. NaN passes the ReLU.
CT_INLINE void normalise(const float *x, const float *residual, const float *restrict a, const float *restrict b,
                         ptrdiff_t pixels, int channels, const bool relu, float *out) {
    for (ptrdiff_t p = 0; p < pixels; p++) {
        const ptrdiff_t row = p * channels;
#pragma clang loop vectorize(assume_safety)
        for (int i = 0; i < channels; i++) {
            float y = x[row + i] * a[i] + b[i];
            if (residual) y += residual[row + i];
            out[row + i] = relu && y < 0 ? 0 : y;
        }
    }
}

CT_CLONES
void ct_normalise(const float *x, const float *residual, const float *a, const float *b, ptrdiff_t pixels,
                  int channels, bool relu, float *out) {
    if (residual) {
        if (relu) normalise(x, residual, a, b, pixels, channels, true, out);
        else normalise(x, residual, a, b, pixels, channels, false, out);
    } else {
        if (relu) normalise(x, NULL, a, b, pixels, channels, true, out);
        else normalise(x, NULL, a, b, pixels, channels, false, out);
    }
}

CT_INLINE void sums(const float *dy, const float *restrict out, const float *restrict x, const float *restrict mean,
                    ptrdiff_t pixels, int channels, float *restrict sum, float *restrict product, float *masked,
                    const int n) {
    float s[CT_TILE] = {0}, q[CT_TILE] = {0};
    for (ptrdiff_t p = 0; p < pixels; p++) {
        const ptrdiff_t row = p * channels;
#pragma clang loop vectorize(assume_safety)
        for (int i = 0; i < n; i++) {
            float g = dy[row + i];
            if (out) g = out[row + i] > 0 ? g : 0;
            if (masked) masked[row + i] = g;
            s[i] += g;
            q[i] += g * (x[row + i] - mean[i]);
        }
    }
    for (int i = 0; i < n; i++) sum[i] = s[i], product[i] = q[i];
}

CT_CLONES
void ct_normalise_sums(const float *dy, const float *out, const float *x, const float *mean, ptrdiff_t pixels,
                       int channels, float *sum, float *product, float *masked) {
    if (out && masked)
        CT_FOR_TILES(channels, sums(dy + c, out + c, x + c, mean + c, pixels, channels, sum + c, product + c,
                                    masked + c, n));
    else if (out)
        CT_FOR_TILES(channels, sums(dy + c, out + c, x + c, mean + c, pixels, channels, sum + c, product + c, NULL, n));
    else
        CT_FOR_TILES(channels, sums(dy + c, NULL, x + c, mean + c, pixels, channels, sum + c, product + c, NULL, n));
}

CT_INLINE void backward(const float *dy, const float *restrict out, const float *restrict x,
                        const float *restrict mean, const float *restrict a, const float *restrict k,
                        const float *restrict m, ptrdiff_t pixels, int channels, float *dx) {
    for (ptrdiff_t p = 0; p < pixels; p++) {
        const ptrdiff_t row = p * channels;
#pragma clang loop vectorize(assume_safety)
        for (int i = 0; i < channels; i++) {
            float g = dy[row + i];
            if (out) g = out[row + i] > 0 ? g : 0;
            dx[row + i] = a[i] * g - k[i] * (x[row + i] - mean[i]) - m[i];
        }
    }
}

CT_CLONES
void ct_normalise_backward(const float *dy, const float *out, const float *x, const float *mean, const float *a,
                           const float *k, const float *m, ptrdiff_t pixels, int channels, float *dx) {
    if (out) backward(dy, out, x, mean, a, k, m, pixels, channels, dx);
    else backward(dy, NULL, x, mean, a, k, m, pixels, channels, dx);
}

// A fixed number of lanes, then one sum in a fixed order: the same bits from every clone.
CT_INLINE float dot(const float *restrict x, const float *restrict y, int channels) {
    float lane[16] = {0};
    int i = 0;
    for (; i + 16 <= channels; i += 16)
        for (int j = 0; j < 16; j++) lane[j] += x[i + j] * y[i + j];
    float sum = 0;
    for (; i < channels; i++) sum += x[i] * y[i];
    for (int j = 0; j < 16; j++) sum += lane[j];
    return sum;
}

CT_CLONES
void ct_unit_vectors(const float *x, ptrdiff_t pixels, int channels, float limit, float *y, float *inverse) {
    for (ptrdiff_t p = 0; p < pixels; p++, x += channels, y += channels) {
        const float square = dot(x, x, channels);
        const float factor = square <= limit ? 0 : 1 / sqrtf(square);
        inverse[p] = factor;
        for (int i = 0; i < channels; i++) y[i] = x[i] * factor;
    }
}

CT_CLONES
void ct_unit_vectors_backward(const float *dy, const float *y, const float *inverse, ptrdiff_t pixels, int channels,
                              float *dx) {
    for (ptrdiff_t p = 0; p < pixels; p++, dy += channels, y += channels, dx += channels) {
        const float along = dot(y, dy, channels);
        for (int i = 0; i < channels; i++) dx[i] = (dy[i] - y[i] * along) * inverse[p];
    }
}
