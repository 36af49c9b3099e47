// SPDX-License-Identifier: Apache-2.0
#include "CTraining.h"
#include "Clones.h"

#include <math.h>
#include <string.h>

// Works on n channels of one window; the picture's border is skipped, not padded. `fused` is a constant at each call.
CT_INLINE void max_window(const ct_window *g, const float *restrict picture, const float *restrict a,
                          const float *restrict b, int y0, int x0, float *restrict out, uint8_t *restrict index,
                          float *restrict best, const bool fused, const int n) {
    float top[CT_TILE], raw[CT_TILE];
    int32_t tap[CT_TILE];
    for (int i = 0; i < n; i++) top[i] = -INFINITY, raw[i] = 0, tap[i] = CT_DEAD;
    for (int ky = 0; ky < g->kernel_height; ky++) {
        const int y = y0 + ky;
        if (y < 0 || y >= g->height) continue;
        for (int kx = 0; kx < g->kernel_width; kx++) {
            const int x = x0 + kx;
            if (x < 0 || x >= g->width) continue;
            const float *from = picture + ((ptrdiff_t)y * g->width + x) * g->channels;
            const int32_t number = ky * g->kernel_width + kx;
            for (int i = 0; i < n; i++) {
                const float v = from[i], w = fused ? v * a[i] + b[i] : v;
                const bool wins = w > top[i] || w != w;
                top[i] = wins ? w : top[i];
                tap[i] = wins ? number : tap[i];
                if (fused) raw[i] = wins ? v : raw[i];
            }
        }
    }
    for (int i = 0; i < n; i++) {
        if (fused) {
            const bool dead = top[i] <= 0;
            out[i] = dead ? 0 : top[i];
            index[i] = (uint8_t)(dead ? CT_DEAD : tap[i]);
            best[i] = raw[i];
        } else {
            out[i] = top[i];
            index[i] = (uint8_t)tap[i];
        }
    }
}

CT_CLONES
void ct_max_pool(const ct_window *g, const float *picture, const float *a, const float *b, ptrdiff_t first,
                 ptrdiff_t count, float *out, uint8_t *index, float *best) {
    const int channels = g->channels;
    for (ptrdiff_t p = 0; p < count; p++) {
        const int y0 = (int)((first + p) / g->out_width) * g->stride - g->padding;
        const int x0 = (int)((first + p) % g->out_width) * g->stride - g->padding;
        const ptrdiff_t row = p * channels;
        if (a)
            CT_FOR_TILES(channels, max_window(g, picture + c, a + c, b + c, y0, x0, out + row + c, index + row + c,
                                              best + row + c, true, n));
        else
            CT_FOR_TILES(channels, max_window(g, picture + c, NULL, NULL, y0, x0, out + row + c, index + row + c, NULL,
                                              false, n));
    }
}

// First and last output coordinate whose window covers input coordinate i.
CT_INLINE int first_window(int i, int kernel, int stride, int padding) {
    const int reach = i + padding - kernel + 1;
    return reach <= 0 ? 0 : (reach + stride - 1) / stride;
}

CT_INLINE int last_window(int i, int stride, int padding, int count) {
    const int last = (i + padding) / stride;
    return last < count ? last : count - 1;
}

CT_INLINE void gather(const ct_window *g, const float *restrict dy, const uint8_t *restrict index,
                      const float *restrict x, const float *restrict mean, const float *restrict a,
                      const float *restrict k, const float *restrict m, int iy, int ix, float *restrict dx,
                      const bool fused, const int n) {
    float sum[CT_TILE];
    for (int i = 0; i < n; i++) sum[i] = 0;
    const int oy0 = first_window(iy, g->kernel_height, g->stride, g->padding);
    const int oy1 = last_window(iy, g->stride, g->padding, g->out_height);
    const int ox0 = first_window(ix, g->kernel_width, g->stride, g->padding);
    const int ox1 = last_window(ix, g->stride, g->padding, g->out_width);
    for (int oy = oy0; oy <= oy1; oy++)
        for (int ox = ox0; ox <= ox1; ox++) {
            const int tap = (iy - oy * g->stride + g->padding) * g->kernel_width + ix - ox * g->stride + g->padding;
            const uint8_t number = (uint8_t)tap;
            const ptrdiff_t row = ((ptrdiff_t)oy * g->out_width + ox) * g->channels;
            for (int i = 0; i < n; i++) sum[i] += index[row + i] == number ? dy[row + i] : 0;
        }
    for (int i = 0; i < n; i++) dx[i] = fused ? a[i] * sum[i] - k[i] * (x[i] - mean[i]) - m[i] : sum[i];
}

CT_CLONES
void ct_max_pool_backward(const ct_window *g, const float *dy, const uint8_t *index, const float *x,
                          const float *mean, const float *a, const float *k, const float *m, ptrdiff_t first,
                          ptrdiff_t count, float *dx) {
    const int channels = g->channels;
    for (ptrdiff_t p = 0; p < count; p++) {
        const int iy = (int)((first + p) / g->width), ix = (int)((first + p) % g->width);
        const ptrdiff_t row = p * channels, here = (first + p) * channels;
        if (x)
            CT_FOR_TILES(channels, gather(g, dy + c, index + c, x + here + c, mean + c, a + c, k + c, m + c, iy, ix,
                                          dx + row + c, true, n));
        else
            CT_FOR_TILES(channels, gather(g, dy + c, index + c, NULL, NULL, NULL, NULL, NULL, iy, ix, dx + row + c,
                                          false, n));
    }
}

CT_INLINE void pool_sums(const float *restrict dy, const uint8_t *restrict index, const float *restrict best,
                         const float *restrict mean, ptrdiff_t pixels, int channels, float *restrict sum,
                         float *restrict product, const int n) {
    float s[CT_TILE] = {0}, q[CT_TILE] = {0};
    for (ptrdiff_t p = 0; p < pixels; p++)
        for (int i = 0; i < n; i++) {
            const float v = index[p * channels + i] == CT_DEAD ? 0 : dy[p * channels + i];
            s[i] += v;
            q[i] += v * (best[p * channels + i] - mean[i]);
        }
    for (int i = 0; i < n; i++) sum[i] = s[i], product[i] = q[i];
}

CT_CLONES
void ct_max_pool_sums(const float *dy, const uint8_t *index, const float *best, const float *mean, ptrdiff_t pixels,
                      int channels, float *sum, float *product) {
    CT_FOR_TILES(channels, pool_sums(dy + c, index + c, best + c, mean + c, pixels, channels, sum + c, product + c, n));
}

CT_CLONES
void ct_average_pool(const ct_window *g, const float *picture, ptrdiff_t first, ptrdiff_t count, float *out) {
    const int channels = g->channels;
    const float share = 1.0f / (float)(g->kernel_height * g->kernel_width);
    for (ptrdiff_t p = 0; p < count; p++, out += channels) {
        const int y0 = (int)((first + p) / g->out_width) * g->stride, x0 = (int)((first + p) % g->out_width) * g->stride;
        for (int i = 0; i < channels; i++) out[i] = 0;
        for (int ky = 0; ky < g->kernel_height; ky++)
            for (int kx = 0; kx < g->kernel_width; kx++) {
                const float *from = picture + ((ptrdiff_t)(y0 + ky) * g->width + x0 + kx) * channels;
                for (int i = 0; i < channels; i++) out[i] += from[i];
            }
        for (int i = 0; i < channels; i++) out[i] *= share;
    }
}

CT_CLONES
void ct_average_pool_backward(const ct_window *g, const float *dy, float *picture) {
    const int channels = g->channels;
    const float share = 1.0f / (float)(g->kernel_height * g->kernel_width);
    for (int oy = 0; oy < g->out_height; oy++)
        for (int ox = 0; ox < g->out_width; ox++, dy += channels)
            for (int ky = 0; ky < g->kernel_height; ky++)
                for (int kx = 0; kx < g->kernel_width; kx++) {
                    const ptrdiff_t at = (ptrdiff_t)(oy * g->stride + ky) * g->width + ox * g->stride + kx;
                    float *restrict to = picture + at * channels;
                    for (int i = 0; i < channels; i++) to[i] += dy[i] * share;
                }
}

CT_CLONES
void ct_bilinear(const float *x, int width, int channels, const int *row0, const int *row1, const float *row_weight,
                 const int *column0, const int *column1, const float *column_weight, int out_height, int out_width,
                 float *out) {
    for (int oy = 0; oy < out_height; oy++) {
        const float v = row_weight[oy], u = 1 - v;
        const float *top = x + (ptrdiff_t)row0[oy] * width * channels;
        const float *bottom = x + (ptrdiff_t)row1[oy] * width * channels;
        for (int ox = 0; ox < out_width; ox++, out += channels) {
            const float h = column_weight[ox], l = 1 - h;
            const ptrdiff_t left = (ptrdiff_t)column0[ox] * channels, right = (ptrdiff_t)column1[ox] * channels;
            for (int i = 0; i < channels; i++)
                out[i] = u * (l * top[left + i] + h * top[right + i]) + v * (l * bottom[left + i] + h * bottom[right + i]);
        }
    }
}

CT_CLONES
void ct_bilinear_backward(const float *dy, int width, int channels, const int *row0, const int *row1,
                          const float *row_weight, const int *column0, const int *column1,
                          const float *column_weight, int out_height, int out_width, float *dx) {
    for (int oy = 0; oy < out_height; oy++) {
        const float v = row_weight[oy], u = 1 - v;
        float *top = dx + (ptrdiff_t)row0[oy] * width * channels;
        float *bottom = dx + (ptrdiff_t)row1[oy] * width * channels;
        for (int ox = 0; ox < out_width; ox++, dy += channels) {
            const float h = column_weight[ox], l = 1 - h;
            const ptrdiff_t left = (ptrdiff_t)column0[ox] * channels, right = (ptrdiff_t)column1[ox] * channels;
            // One target after the other: at the border several of the four are the same pixel.
            for (int i = 0; i < channels; i++) top[left + i] += u * l * dy[i];
            for (int i = 0; i < channels; i++) top[right + i] += u * h * dy[i];
            for (int i = 0; i < channels; i++) bottom[left + i] += v * l * dy[i];
            for (int i = 0; i < channels; i++) bottom[right + i] += v * h * dy[i];
        }
    }
}
