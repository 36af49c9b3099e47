// SPDX-License-Identifier: Apache-2.0
#include "CTraining.h"
#include "Clones.h"

#include <math.h>

CT_CLONES
void ct_sgd(float *restrict p, const float *restrict gradient, float *restrict buffer, float rate, float momentum,
            float decay, bool first, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const float g = gradient[i] + decay * p[i];
        const float b = first ? g : momentum * buffer[i] + g;
        buffer[i] = b;
        p[i] -= rate * b;
    }
}

CT_CLONES
void ct_adam(float *restrict p, const float *restrict gradient, float *restrict m, float *restrict v, float rate,
             float beta1, float beta2, float scale, float epsilon, float decay, float keep, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const float old = p[i] * keep, g = gradient[i] + decay * old;
        m[i] = beta1 * m[i] + (1 - beta1) * g;
        v[i] = beta2 * v[i] + (1 - beta2) * g * g;
        p[i] = old - rate * m[i] / (sqrtf(v[i]) * scale + epsilon);
    }
}
