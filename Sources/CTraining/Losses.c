// SPDX-License-Identifier: Apache-2.0
#include "CTraining.h"
#include "Clones.h"

#include <math.h>

// ½|n(t) - n(s)|² = 1 - cos(t, s), and d(1 - cos)/ds = -t / (|t||s|) + cos s / |s|².
CT_CLONES
double ct_cosine_distance(const float *s, const float *t, ptrdiff_t pixels, int channels, float limit,
                          float *along_teacher, float *along_student) {
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
            total += no_student && no_teacher ? 0 : 0.5;
        } else {
            const float norms = sqrtf(student) * sqrtf(teacher), cosine = dot / norms;
            along_teacher[p] = -1 / norms;
            along_student[p] = cosine / student;
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
