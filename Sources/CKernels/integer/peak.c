// SPDX-License-Identifier: Apache-2.0
//
// Loops of one instruction on registers: the ceiling over a convolution. In assembly, so that no compiler takes a
// product out of the loop or puts a sum into memory. Twelve independent sums hide the latency of two units of up to six
// cycles.

#include "ck_peak.h"

#include <string.h>

/// The text once for each of twelve registers.
#define TWELVE(STEP) STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) STEP(8) STEP(9) STEP(10) STEP(11)

enum { SUMS = 12 };

#if defined(__x86_64__)

#define CLOBBERED                                                                                              \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
        "xmm13", "xmm14", "xmm15"

// What the registers hold doesn't matter: integer instructions take as long on any number.
#define AVX512VNNI(N) "vpdpbusd %%zmm13, %%zmm12, %%zmm" #N "\n\t"
#define AVXVNNI(N) "%{vex%} vpdpbusd %%ymm13, %%ymm12, %%ymm" #N "\n\t"
#define AVX2(N)                                \
    "vpmaddubsw %%ymm13, %%ymm12, %%ymm14\n\t" \
    "vpmaddwd %%ymm15, %%ymm14, %%ymm14\n\t"   \
    "vpaddd %%ymm14, %%ymm" #N ", %%ymm" #N "\n\t"

__attribute__((target("avx512f,avx512vnni"))) static void peak_avx512vnni(int64_t iterations) {
    for (int64_t i = 0; i < iterations; i++) __asm__ volatile(TWELVE(AVX512VNNI)::: CLOBBERED);
    __asm__ volatile("vzeroupper" ::: CLOBBERED);
}

__attribute__((target("avx2,avxvnni"))) static void peak_avxvnni(int64_t iterations) {
    for (int64_t i = 0; i < iterations; i++) __asm__ volatile(TWELVE(AVXVNNI)::: CLOBBERED);
    __asm__ volatile("vzeroupper" ::: CLOBBERED);
}

__attribute__((target("avx2"))) static void peak_avx2(int64_t iterations) {
    for (int64_t i = 0; i < iterations; i++) __asm__ volatile(TWELVE(AVX2)::: CLOBBERED);
    __asm__ volatile("vzeroupper" ::: CLOBBERED);
}

#elif defined(__aarch64__)

#define CLOBBERED "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v14"

#define NEONDOT(N) "sdot v" #N ".4s, v12.16b, v13.16b\n\t"
#define NEON(N)                        \
    "smull v14.8h, v12.8b, v13.8b\n\t" \
    "smlal v14.8h, v15.8b, v16.8b\n\t" \
    "sadalp v" #N ".4s, v14.8h\n\t"

__attribute__((target("+dotprod"))) static void peak_neondot(int64_t iterations) {
    for (int64_t i = 0; i < iterations; i++) __asm__ volatile(TWELVE(NEONDOT)::: CLOBBERED);
}

static void peak_neon(int64_t iterations) {
    for (int64_t i = 0; i < iterations; i++) __asm__ volatile(TWELVE(NEON)::: CLOBBERED);
}

#endif

/// A loop and what one of its accumulations multiplies and adds.
struct peak {
    const char *name;
    void (*run)(int64_t iterations);
    int64_t products;
};

static const struct peak peaks[] = {
#if defined(__x86_64__)
    {"avx512vnni", peak_avx512vnni, 64},
    {"avxvnni", peak_avxvnni, 32},
    {"avx2", peak_avx2, 32},
#elif defined(__aarch64__)
    {"neondot", peak_neondot, 16},
    {"neon", peak_neon, 16},
#endif
    {NULL, NULL, 0},
};

int64_t ck_integer_peak_run(const struct ck_integer_kernels *kernels, int64_t iterations) {
    for (const struct peak *peak = peaks; peak->name; peak++) {
        if (strcmp(peak->name, kernels->name) != 0) continue;
        peak->run(iterations);
        return iterations * SUMS * peak->products;
    }
    return 0;
}

// Register plus register: some processors fold small constants into the register's name and take no time for them.
#if defined(__x86_64__)
#define ADDITION(N) "addq %1, %0\n\t"
#elif defined(__aarch64__)
#define ADDITION(N) "add %0, %0, %1\n\t"
#else
#define ADDITION(N) ""
#endif

int64_t ck_cycles_run(int64_t additions) {
    uint64_t sum = 0;
    const uint64_t addend = 3;
    int64_t done = 0;
    for (; done < additions; done += SUMS) __asm__ volatile(TWELVE(ADDITION) : "+r"(sum) : "r"(addend) : "cc");
    return done;
}
