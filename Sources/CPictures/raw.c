// SPDX-License-Identifier: Apache-2.0
//
// What cameras pack into two bytes or fewer per pixel, back to RGB. Rows are first spread into planes, so that the
// arithmetic is one loop that vectorises, whatever the packing.

#include "CPictures.h"

#include <string.h>

enum { POINT = 16, BLOCK = 256 };

static uint8_t clamp(int32_t value) {
    // Half is added before the shift; an arithmetic shift rounds towards minus infinity on every compiler we use.
    int32_t rounded = (value + (1 << (POINT - 1))) >> POINT;
    return (uint8_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

struct planes {
    uint8_t y[BLOCK];
    uint8_t u[BLOCK];
    uint8_t v[BLOCK];
};

static void mix(const struct planes *in, const cp_luma_matrix *m, uint32_t n, uint8_t *rgb) {
    uint8_t red[BLOCK], green[BLOCK], blue[BLOCK];
    for (uint32_t i = 0; i < n; i++) {
        int32_t luma = (in->y[i] - m->black) * m->luma, u = in->u[i] - 128, v = in->v[i] - 128;
        red[i] = clamp(luma + v * m->red_v);
        green[i] = clamp(luma - u * m->green_u - v * m->green_v);
        blue[i] = clamp(luma + u * m->blue_u);
    }
    for (uint32_t i = 0; i < n; i++) {
        rgb[3 * i] = red[i];
        rgb[3 * i + 1] = green[i];
        rgb[3 * i + 2] = blue[i];
    }
}

// `x` is the column of the first pixel: the nearest colour of an odd column is the even one's before it.
static void spread_packed(const uint8_t *row, uint32_t x, uint32_t n, int luma, int colour, struct planes *out) {
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *pair = row + (size_t)(x + i) / 2 * 4;
        out->y[i] = pair[luma + (int)((x + i) & 1) * 2];
        out->u[i] = pair[colour];
        out->v[i] = pair[colour + 2];
    }
}

static void spread_nv12(const uint8_t *row, const uint8_t *colours, uint32_t x, uint32_t n, struct planes *out) {
    memcpy(out->y, row + x, n);
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *pair = colours + (size_t)(x + i) / 2 * 2;
        out->u[i] = pair[0];
        out->v[i] = pair[1];
    }
}

void cp_raw_to_rgb(
    cp_raw_format format, const uint8_t *data, size_t stride, uint32_t height, const cp_luma_matrix *matrix,
    uint32_t x, uint32_t y, uint32_t columns, uint32_t rows, uint8_t *rgb) {
    struct planes planes;
    memset(planes.u, 128, sizeof planes.u);
    memset(planes.v, 128, sizeof planes.v);
    for (uint32_t r = 0; r < rows; r++) {
        const uint8_t *row = data + stride * (y + r);
        uint8_t *out = rgb + (size_t)columns * 3 * r;
        if (format == CP_RAW_RGB) {
            memcpy(out, row + 3 * (size_t)x, 3 * (size_t)columns);
            continue;
        }
        for (uint32_t c = 0; c < columns; c += BLOCK) {
            uint32_t n = columns - c < BLOCK ? columns - c : BLOCK;
            switch (format) {
            case CP_RAW_YUYV: spread_packed(row, x + c, n, 0, 1, &planes); break;
            case CP_RAW_UYVY: spread_packed(row, x + c, n, 1, 0, &planes); break;
            case CP_RAW_NV12:
                spread_nv12(row, data + stride * height + stride * ((y + r) / 2), x + c, n, &planes);
                break;
            default: memcpy(planes.y, row + x + c, n); break;
            }
            mix(&planes, matrix, n, out + 3 * (size_t)c);
        }
    }
}
