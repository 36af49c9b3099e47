// SPDX-License-Identifier: Apache-2.0
#include "CTraining.h"
#include "Clones.h"

#include <math.h>
#include <string.h>

// ½|n(t) - n(s)|² = 1 - cos(t, s), and d(1 - cos)/ds = -t / (|t||s|) + cos s / |s|².
CT_CLONES
double ct_cosine_distance(const float *s, const float *t, ptrdiff_t pixels, int channels, float limit,
                          float *distance, float *along_teacher, float *along_student) {
    double total = 0;
    for (ptrdiff_t p = 0; p < pixels; p++, s += channels, t += channels) {
        float st[16] = {0}, ss[16] = {0}, tt[16] = {0};
        int i = 0;
        for (; i + 16 <= channels; i += 16)
            for (int j = 0; j < 16; j++) {
                st[j] += s[i + j] * t[i + j];
                ss[j] += s[i + j] * s[i + j];
                tt[j] += t[i + j] * t[i + j];
            }
        float dot = 0, student = 0, teacher = 0;
        for (; i < channels; i++) dot += s[i] * t[i], student += s[i] * s[i], teacher += t[i] * t[i];
        for (int j = 0; j < 16; j++) dot += st[j], student += ss[j], teacher += tt[j];
        const bool no_student = student <= limit, no_teacher = teacher <= limit;
        if (no_student || no_teacher) {
            along_teacher[p] = along_student[p] = 0;
            distance[p] = no_student && no_teacher ? 0 : 0.5f;
            total += distance[p];
        } else {
            const float norms = sqrtf(student) * sqrtf(teacher), cosine = dot / norms;
            along_teacher[p] = -1 / norms;
            along_student[p] = cosine / student;
            distance[p] = 1 - cosine;
            total += 1 - (double)cosine;
        }
    }
    return total;
}

CT_CLONES
void ct_cosine_distance_backward(const float *s, const float *t, const float *along_teacher,
                                 const float *along_student, float factor, ptrdiff_t pixels, int channels,
                                 float *ds) {
    for (ptrdiff_t p = 0; p < pixels; p++, s += channels, t += channels, ds += channels) {
        const float a = along_teacher[p] * factor, b = along_student[p] * factor;
        for (int i = 0; i < channels; i++) ds[i] = a * t[i] + b * s[i];
    }
}

// A float's bits in an order of whole numbers: negative ones below positive ones, NaN outermost.
static uint32_t rank_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

// Which of 65536 bins, from the highest, holds the rank-th; what is left of the rank inside of it.
static uint32_t bin_of(const uint32_t *bins, ptrdiff_t *rank) {
    uint32_t bin = 65535;
    while (*rank > (ptrdiff_t)bins[bin]) *rank -= bins[bin--];
    return bin;
}

float ct_kth_largest(const float *values, ptrdiff_t count, ptrdiff_t k, uint32_t *bins) {
    memset(bins, 0, 65536 * sizeof *bins);
    for (ptrdiff_t i = 0; i < count; i++) bins[rank_of(values[i]) >> 16]++;
    const uint32_t high = bin_of(bins, &k);
    memset(bins, 0, 65536 * sizeof *bins);
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint32_t rank = rank_of(values[i]);
        if (rank >> 16 == high) bins[rank & 0xffff]++;
    }
    const uint32_t rank = high << 16 | bin_of(bins, &k);
    const uint32_t bits = rank & 0x80000000u ? rank & 0x7fffffffu : ~rank;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double ct_keep_hardest(const float *distance, float least, ptrdiff_t pixels, float *along_teacher,
                       float *along_student, ptrdiff_t *kept) {
    double total = 0;
    *kept = 0;
    for (ptrdiff_t p = 0; p < pixels; p++) {
        // Also what is NaN, so that it is seen.
        if (!(distance[p] < least)) {
            total += distance[p];
            ++*kept;
        } else {
            along_teacher[p] = along_student[p] = 0;
        }
    }
    return total;
}
