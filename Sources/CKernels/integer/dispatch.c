// SPDX-License-Identifier: Apache-2.0
//
// The one list of variants: what this build has, and what this CPU runs.

#include <string.h>

#include "ck_integer.h"

#if defined(__x86_64__)

#include <cpuid.h>

/// Every variant of this build, widest first.
#define VARIANTS(EACH) EACH(avx512vnni) EACH(avxvnni) EACH(avx2) EACH(scalar)

// __builtin_cpu_supports asks the operating system too, whether it keeps the registers.
static int runs_avx2(void) { return __builtin_cpu_supports("avx2") != 0; }

static int runs_avx512vnni(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
}

/// Leaf 7.1, EAX bit 4, asked directly: not every run-time library behind the builtin knows this one. Its registers are
/// those of AVX2.
static int runs_avxvnni(void) {
    unsigned int a = 0, b = 0, c = 0, d = 0;
    if (!runs_avx2() || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || a < 1) return 0;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}

#elif defined(__aarch64__)

#include <sys/auxv.h>

/// Every variant of this build, widest first.
#define VARIANTS(EACH) EACH(neondot) EACH(neon) EACH(scalar)

static int runs_neondot(void) { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
static int runs_neon(void) { return 1; }

#else

/// Every variant of this build, widest first.
#define VARIANTS(EACH) EACH(scalar)

#endif

static int runs_scalar(void) { return 1; }

#define DECLARATION(ISA) extern const struct ck_integer_kernels ck_integer_##ISA;
#define TABLE(ISA) &ck_integer_##ISA,
#define RUNS(ISA) runs_##ISA,

VARIANTS(DECLARATION)

static const struct ck_integer_kernels *const tables[] = {VARIANTS(TABLE) NULL};
static int (*const runs[])(void) = {VARIANTS(RUNS)};

const struct ck_integer_kernels *const *ck_integer_variants(void) { return tables; }

int ck_integer_runs(const struct ck_integer_kernels *kernels) {
    for (int i = 0; tables[i]; i++) {
        if (tables[i] == kernels) return runs[i]();
    }
    return 0;
}

const struct ck_integer_kernels *ck_integer_kernels_named(const char *name) {
    const int widest = !name || !*name;
    for (int i = 0; tables[i]; i++) {
        if (widest ? runs[i]() : strcmp(name, tables[i]->name) == 0) return tables[i];
    }
    return NULL;
}
