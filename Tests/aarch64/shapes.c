// SPDX-License-Identifier: Apache-2.0
//
// shapes [COUNT [SEED]]: every table that runs here (JIDOKA_ISA: that one) against the scalar reference on random
// shapes, bit for bit, with guards around what is written. Exit status 1 on the first difference.

#include <stdint.h>
#include <string.h>

#include "variant_named.h"

static uint64_t state;

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
static uint64_t next(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/// One of 0 ... count - 1.
static int32_t below(int32_t count) { return (int32_t)(next() % (uint64_t)count); }

/// `low` ... `high`.
static int32_t between(int32_t low, int32_t high) { return low + below(high - low + 1); }

#define ONE_OF(...) \
    one_of((const int32_t[]){__VA_ARGS__}, (int32_t)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)))
static int32_t one_of(const int32_t *values, int32_t count) { return values[below(count)]; }

static void *memory(size_t bytes) {
    void *result = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    if (!result) {
        fprintf(stderr, "out of memory: %zu bytes\n", bytes);
        exit(1);
    }
    return result;
}

static uint8_t *random_bytes(size_t count, int32_t largest) {
    uint8_t *bytes = memory(count);
    const int32_t way = below(4);
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(way == 0 ? largest : way == 1 ? below(2) * largest : below(largest + 1));
    }
    return bytes;
}

/// Two weights that a plan may hold: any for 7-bit inputs, |a| + |b| ≤ 128 for 8-bit ones; often at the limit.
static void pair(int8_t *weights, int32_t wide, int32_t way) {
    const int32_t sign = way == 0 ? 1 : way == 1 ? -1 : below(2) * 2 - 1;
    int32_t a = way < 3 ? 127 : below(128), b = way < 3 ? 127 : between(-127, 127);
    if (wide) {
        a = way < 3 ? ONE_OF(1, 64, 127) : below(128);
        b = way < 3 ? 128 - a : between(-(128 - a > 127 ? 127 : 128 - a), 128 - a > 127 ? 127 : 128 - a);
    }
    weights[0] = (int8_t)(sign * a);
    weights[1] = (int8_t)(sign * b);
}

static void differ(const char *name, const char *function, const char *shape, size_t at) {
    fprintf(stderr, "%s %s: differs from scalar at byte %zu of %s\n", name, function, at, shape);
    exit(1);
}

static void compare(const char *name, const char *function, const char *shape, const uint8_t *found,
                    const uint8_t *expected, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (found[i] != expected[i]) differ(name, function, shape, i);
    }
}

static void convolution(const struct ck_integer_kernels *const *tables, const struct ck_integer_kernels *scalar) {
    const int32_t kernel = ONE_OF(1, 3, 4, 7), stride = ONE_OF(1, 2);
    const int32_t inputs = ONE_OF(3, 4, 4, 5, 8, 12, 16, 20, 64, 130);
    const int32_t width = ONE_OF(1, 2, 3, 5, 7, 13), height = between(1, 4), wide = below(2);
    const int32_t channels = below(3) ? ONE_OF(1, 15, 16, 17, 31, 32, 33, 63, 64) : between(1, 64);
    const size_t row = (size_t)((width - 1) * stride + kernel) * (size_t)inputs;
    // What a row has beyond its groups of four would come from the rest; here the rest is any bytes.
    const int32_t rest_steps = below(4);
    const size_t rest_pixel = (size_t)(rest_steps * CK_GROUP);
    struct ck_convolution_work_u8 w = {
        .input_pixel = (size_t)(stride * inputs), .input_line = (size_t)stride * row, .input_row = row, .rows = kernel,
        .steps = kernel * inputs / 4, .rest_steps = rest_steps, .rest_pixel = rest_pixel,
        .wide = wide, .channels = channels, .width = width,
    };
    const size_t input_bytes = row * (size_t)((height - 1) * stride + kernel);
    const size_t weight_bytes = (size_t)(w.rows * w.steps + rest_steps) * CK_BLOCK * CK_GROUP;
    uint8_t *input = random_bytes(input_bytes + CK_SLACK, wide ? 255 : 127);
    uint8_t *rest = rest_steps ? random_bytes((size_t)width * rest_pixel + CK_SLACK, wide ? 255 : 127) : NULL;
    int8_t *weights = memory(weight_bytes);
    const int32_t way = below(5);
    for (size_t i = 0; i < weight_bytes; i += 2) pair(weights + i, wide, way);
    int32_t bias[CK_BLOCK], signed_bias[CK_BLOCK];
    float scale[CK_BLOCK];
    for (int32_t c = 0; c < CK_BLOCK; c++) {
        int64_t total = 0;
        for (size_t i = 0; i < weight_bytes; i += CK_BLOCK * CK_GROUP) {
            for (size_t j = 0; j < CK_GROUP; j++) total += weights[i + (size_t)c * CK_GROUP + j];
        }
        bias[c] = between(-100000, 100000);
        signed_bias[c] = bias[c] + (int32_t)(128 * total);
        // From "every sum a tie or near one" to "most sums clamped".
        scale[c] = below(3) == 0 ? 0.5f : (float)between(1, 1 << 20) / (float)(1 << ONE_OF(20, 26, 32 - 2));
    }
    w.input = input;
    w.rest = rest;
    w.weights = weights;
    w.bias = bias;
    w.signed_bias = signed_bias;
    w.scale = scale;
    w.output_kind = below(2) ? CK_U8 : CK_S16;
    w.low = w.output_kind == CK_S16 ? -32767.0f : 0.0f;
    w.high = w.output_kind == CK_S16 ? 32767.0f : wide ? 255.0f : 127.0f;
    // Ragged on purpose: rows and pixels lie further apart than they are long, and nothing between may change.
    const size_t size = w.output_kind == CK_U8 ? 1 : 2, gap = (size_t)below(9);
    w.output_pixel = (size_t)channels * size + gap;
    w.output_row = (size_t)width * w.output_pixel + gap;
    const size_t output_bytes = (size_t)height * w.output_row;
    uint8_t *residual = NULL;
    w.residual_kind = ONE_OF(0, CK_U8, CK_S16);
    if (w.residual_kind) {
        const size_t bytes = (size_t)channels * (w.residual_kind == CK_U8 ? 1 : 2);
        w.residual_pixel = bytes;
        w.residual_row = (size_t)width * bytes;
        // Ends where the last channel ends, so that a sanitizer sees one byte read too far.
        const size_t count = (size_t)height * w.residual_row;
        uint8_t *bytes_of = random_bytes(count, 255);
        residual = malloc(count);
        if (!residual) exit(1);
        memcpy(residual, bytes_of, count);
        free(bytes_of);
        w.residual = residual;
        w.residual_scale = (float)between(-4096, 4096) / 1024.0f;
    }
    w.begin = below(3) ? 0 : below(width * height + 1);
    const int32_t most = width * height - w.begin;
    w.end = w.begin + (below(4) ? most : below(most + 1));
    char shape[200];
    snprintf(shape, sizeof shape,
             "kernel %d stride %d inputs %d rest %d channels %d size %d x %d pixels %d..%d wide %d residual %d "
             "output %d",
             kernel, stride, inputs, rest_steps, channels, height, width, w.begin, w.end, wide, w.residual_kind,
             w.output_kind);
    uint8_t *expected = malloc(output_bytes), *found = malloc(output_bytes);
    if (!expected || !found) exit(1);
    memset(expected, 0xa5, output_bytes);
    w.output = expected;
    scalar->convolution(&w);
    for (; *tables; tables++) {
        memset(found, 0xa5, output_bytes);
        w.output = found;
        (*tables)->convolution(&w);
        compare((*tables)->name, "convolution", shape, found, expected, output_bytes);
    }
    free(input);
    free(rest);
    free(weights);
    free(residual);
    free(expected);
    free(found);
}

static void maximum(const struct ck_integer_kernels *const *tables, const struct ck_integer_kernels *scalar) {
    const int32_t width = between(1, 20), channels = ONE_OF(1, 3, 16, 64, 65, 128), half = (width + 1) / 2;
    const size_t row = (size_t)(width * channels), bytes = (size_t)(half * channels);
    uint8_t *input = random_bytes(3 * row, 255), *expected = memory(bytes), *found = memory(bytes);
    const uint8_t *const rows[3] = {input, input + row, below(4) ? input + 2 * row : input};
    scalar->maximum_3x3(rows, width, channels, expected, half);
    char shape[100];
    snprintf(shape, sizeof shape, "width %d channels %d", width, channels);
    for (; *tables; tables++) {
        (*tables)->maximum_3x3(rows, width, channels, found, half);
        compare((*tables)->name, "maximum_3x3", shape, found, expected, bytes);
    }
    free(input);
    free(expected);
    free(found);
}

static void dots(const struct ck_integer_kernels *const *tables, const struct ck_integer_kernels *scalar) {
    const int32_t pool = between(1, 2), channels = between(1, 257);
    uint8_t *t = random_bytes((size_t)(4 * channels), 255), *s = random_bytes((size_t)channels, 255);
    int32_t expected[3], found[3];
    scalar->dots(t, (size_t)(2 * channels), pool, s, channels, expected);
    char shape[100];
    snprintf(shape, sizeof shape, "pool %d channels %d", pool, channels);
    for (; *tables; tables++) {
        (*tables)->dots(t, (size_t)(2 * channels), pool, s, channels, found);
        compare((*tables)->name, "dots", shape, (uint8_t *)found, (uint8_t *)expected, sizeof found);
    }
    free(t);
    free(s);
}

int main(int count, char **arguments) {
    const long shapes = count > 1 ? strtol(arguments[1], NULL, 10) : 1000;
    state = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    const struct ck_integer_kernels *scalar = ck_integer_kernels_named("scalar"), *tables[8] = {NULL};
    int32_t used = 0;
    if (getenv("JIDOKA_ISA")) {
        tables[used++] = variant_named();
    } else {
        for (const struct ck_integer_kernels *const *v = ck_integer_variants(); *v; v++) {
            if (*v != scalar && ck_integer_runs(*v)) tables[used++] = *v;
        }
    }
    for (long i = 0; i < shapes; i++) {
        convolution(tables, scalar);
        maximum(tables, scalar);
        dots(tables, scalar);
    }
    printf("equal to scalar on %ld random shapes of each function:", shapes);
    for (int32_t i = 0; i < used; i++) printf(" %s", tables[i]->name);
    printf("\n");
    return 0;
}
