// SPDX-License-Identifier: Apache-2.0
#include "CTraining.h"
#include "Clones.h"

enum { LANES = 16 };

CT_INLINE float squared_distance(const float *a, const float *b, int dimensions) {
    float sum[LANES] = {0};
    int i = 0;
    for (; i + LANES <= dimensions; i += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            const float difference = a[i + lane] - b[i + lane];
            sum[lane] += difference * difference;
        }
    }
    for (int lane = 0; i < dimensions; i++, lane++) sum[lane] += (a[i] - b[i]) * (a[i] - b[i]);
    for (int half = LANES / 2; half >= 1; half /= 2) {
        for (int lane = 0; lane < half; lane++) sum[lane] += sum[lane + half];
    }
    return sum[0];
}

CT_CLONES
ct_farthest ct_update_nearest(const float *vectors, ptrdiff_t count, int dimensions, const float *centre,
                              float *nearest) {
    ct_farthest farthest = {0, -1};
    for (ptrdiff_t i = 0; i < count; i++) {
        const float distance = squared_distance(vectors + i * dimensions, centre, dimensions);
        if (distance < nearest[i]) nearest[i] = distance;
        if (nearest[i] > farthest.distance) farthest = (ct_farthest){i, nearest[i]};
    }
    return farthest;
}
