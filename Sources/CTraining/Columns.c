// SPDX-License-Identifier: Apache-2.0
#include "CTraining.h"
#include "Clones.h"

#include <string.h>

// Copies n floats with whole vectors; the last one overlaps the one before instead of a scalar tail.
CT_INLINE void copy(float *restrict to, const float *restrict from, ptrdiff_t n) {
    if (n < 16) {
        for (ptrdiff_t i = 0; i < n; i++) to[i] = from[i];
        return;
    }
    ptrdiff_t i = 0;
    for (; i + 16 <= n; i += 16) memcpy(to + i, from + i, 64);
    if (i < n) memcpy(to + n - 16, from + n - 16, 64);
}

CT_INLINE void add(float *restrict to, const float *restrict from, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) to[i] += from[i];
}

CT_CLONES
void ct_im2col(const ct_window *g, const float *picture, ptrdiff_t first, ptrdiff_t count, float *columns) {
    const int channels = g->channels, kw = g->kernel_width;
    const ptrdiff_t span = (ptrdiff_t)kw * channels, row = (ptrdiff_t)g->width * channels;
    int oy = (int)(first / g->out_width), ox = (int)(first % g->out_width);
    for (ptrdiff_t p = 0; p < count; p++) {
        const int x0 = ox * g->stride - g->padding, y0 = oy * g->stride - g->padding;
        const bool inside = x0 >= 0 && x0 + kw <= g->width;
        for (int ky = 0; ky < g->kernel_height; ky++, columns += span) {
            const int y = y0 + ky;
            if (y < 0 || y >= g->height) {
                memset(columns, 0, (size_t)span * sizeof(float));
            } else if (inside) {
                copy(columns, picture + y * row + (ptrdiff_t)x0 * channels, span);
            } else {
                for (int kx = 0; kx < kw; kx++) {
                    float *to = columns + (ptrdiff_t)kx * channels;
                    const int x = x0 + kx;
                    if (x < 0 || x >= g->width) memset(to, 0, (size_t)channels * sizeof(float));
                    else copy(to, picture + y * row + (ptrdiff_t)x * channels, channels);
                }
            }
        }
        if (++ox == g->out_width) ox = 0, oy++;
    }
}

CT_CLONES
void ct_col2im_add(const ct_window *g, const float *columns, ptrdiff_t first, ptrdiff_t count, float *picture) {
    const int channels = g->channels, kw = g->kernel_width;
    const ptrdiff_t span = (ptrdiff_t)kw * channels, row = (ptrdiff_t)g->width * channels;
    int oy = (int)(first / g->out_width), ox = (int)(first % g->out_width);
    for (ptrdiff_t p = 0; p < count; p++) {
        const int x0 = ox * g->stride - g->padding, y0 = oy * g->stride - g->padding;
        const int from = x0 < 0 ? -x0 : 0, to = x0 + kw > g->width ? g->width - x0 : kw;
        for (int ky = 0; ky < g->kernel_height; ky++, columns += span) {
            const int y = y0 + ky;
            if (y < 0 || y >= g->height || from >= to) continue;
            add(picture + y * row + (ptrdiff_t)(x0 + from) * channels, columns + (ptrdiff_t)from * channels,
                (ptrdiff_t)(to - from) * channels);
        }
        if (++ox == g->out_width) ox = 0, oy++;
    }
}
