// SPDX-License-Identifier: Apache-2.0
//
// plan PLAN PICTURE OUT [WORKERS]: runs a plan on one picture with the variant of JIDOKA_ISA, writes its distances to
// OUT (float32, little endian, values in the plan's order) and prints the variant and a hash of them. PICTURE holds
// (size, size, 3) bytes; "-" is a picture of random bytes, the same on every machine.

#include <stdint.h>
#include <string.h>

#include "ck_plan.h"
#include "variant_named.h"

static void fail(const char *what, const char *path) {
    fprintf(stderr, "plan: %s: %s\n", path, what);
    exit(1);
}

static void *memory(size_t bytes) {
    void *result = aligned_alloc(CK_ALIGNMENT, (bytes + CK_ALIGNMENT) / CK_ALIGNMENT * CK_ALIGNMENT);
    if (!result) fail("out of memory", "-");
    return result;
}

/// A whole file at an aligned address.
static uint8_t *contents(const char *path, size_t *count) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) fail("cannot be read", path);
    const long length = ftell(file);
    if (length < 0) fail("cannot be read", path);
    rewind(file);
    uint8_t *bytes = memory((size_t)length);
    if (fread(bytes, 1, (size_t)length, file) != (size_t)length) fail("ends early", path);
    fclose(file);
    *count = (size_t)length;
    return bytes;
}

/// SplitMix64 (Steele, Lea, Flood 2014), one byte of each number.
static uint8_t *random_picture(size_t count) {
    uint8_t *bytes = memory(count);
    uint64_t state = 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t z = state += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        bytes[i] = (uint8_t)(z ^ (z >> 31));
    }
    return bytes;
}

int main(int count, char **arguments) {
    if (count < 4) {
        fprintf(stderr, "usage: plan PLAN PICTURE OUT [WORKERS]\n");
        return 2;
    }
    const struct ck_integer_kernels *kernels = variant_named();
    size_t bytes = 0;
    const uint8_t *plan = contents(arguments[1], &bytes);
    struct ck_plan_error error;
    const int32_t workers = count > 4 ? (int32_t)strtol(arguments[4], NULL, 10) : 1;
    struct ck_runner *runner = ck_runner_make(plan, bytes, kernels, workers, &error);
    if (!runner) {
        if (!error.what) fail("no memory or threads for it", arguments[1]);
        fprintf(stderr, "plan: %s: %s of %u: expected %lld, found %lld\n", arguments[1], error.what, error.index,
                (long long)error.expected, (long long)error.found);
        return 1;
    }
    const struct ck_plan_header *header = (const struct ck_plan_header *)plan;
    const struct ck_plan_value *values = (const struct ck_plan_value *)(header + 1);
    const size_t needed = (size_t)header->input_size * header->input_size * 3;
    size_t found = needed;
    const uint8_t *picture = strcmp(arguments[2], "-") == 0 ? random_picture(needed) : contents(arguments[2], &found);
    if (found != needed) fail("is not the plan's (size, size, 3) bytes", arguments[2]);
    ck_runner_run(runner, picture);
    FILE *out = fopen(arguments[3], "wb");
    if (!out) fail("cannot be written", arguments[3]);
    // FNV-1a, 64 bits (Fowler, Noll, Vo).
    uint64_t hash = 0xcbf29ce484222325u;
    size_t written = 0, finite = 0;
    for (uint32_t i = 0; i < header->value_count; i++) {
        if (values[i].kind != CK_F32) continue;
        size_t pitch = 0;
        const uint8_t *first = ck_runner_value(runner, i, &pitch);
        const size_t length = (size_t)values[i].width * values[i].channels * sizeof(float);
        for (uint32_t y = 0; y < values[i].height; y++) {
            const uint8_t *row = first + y * pitch;
            if (fwrite(row, 1, length, out) != length) fail("cannot be written", arguments[3]);
            for (size_t j = 0; j < length / sizeof(float); j++)
                finite += ((const float *)row)[j] - ((const float *)row)[j] == 0.0f;
            for (size_t j = 0; j < length; j++) hash = (hash ^ row[j]) * 0x100000001b3u;
        }
        written += values[i].height * length;
    }
    if (fclose(out)) fail("cannot be written", arguments[3]);
    printf("%-10s %d workers, %zu distances, hash %016llx\n", kernels->name, workers, written / sizeof(float),
           (unsigned long long)hash);
    ck_runner_free(runner);
    // Distances that are all NaN are equal everywhere and show nothing.
    return finite > 0 ? 0 : 1;
}
