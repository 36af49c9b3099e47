// SPDX-License-Identifier: Apache-2.0
// Inner loops of the training engine. Everything is float32, feature maps are (N, H, W, C) row major, so a "pixel" is
// a run of `channels` floats and most functions work on a run of pixels; the caller splits the work between threads.
// No function allocates, locks or keeps state (except ct_run). Pointers must not overlap unless a comment allows it.
#ifndef JIDOKA_CTRAINING_H
#define JIDOKA_CTRAINING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A window that slides over one picture: convolution and pooling share it.
typedef struct {
    int height, width, channels;          // the input picture
    int kernel_height, kernel_width;      // the window
    int stride, padding;
    int out_height, out_width;            // floor((height + 2 padding - kernel) / stride) + 1
} ct_window;

// Workers.c ------------------------------------------------------------------------------------------------------

typedef void (*ct_body)(void *context, int shard, int worker);

/// Calls body(context, shard, worker) once for each shard in 0..<shards on at most `threads` threads (the caller is
/// worker 0) and returns when all are done. Which worker takes which shard is open; when the workers are busy with
/// another caller, the caller does all shards itself.
void ct_run(int shards, int threads, ct_body body, void *context);

// Columns.c ------------------------------------------------------------------------------------------------------

/// columns (count, KH * KW * C) = the windows of output pixels first..<first+count of one picture; zero outside it.
void ct_im2col(const ct_window *g, const float *picture, ptrdiff_t first, ptrdiff_t count, float *columns);
/// The transpose: adds columns (count, KH * KW * C) back to the picture.
void ct_col2im_add(const ct_window *g, const float *columns, ptrdiff_t first, ptrdiff_t count, float *picture);

// Normalisation.c ------------------------------------------------------------------------------------------------

/// mean (C) and m2 (C) = mean and sum of squared deviations over the pixels, in two passes.
void ct_moments(const float *x, ptrdiff_t pixels, int channels, float *mean, float *m2);
/// out = x * a + b (+ residual) (and ReLU); residual may be NULL; out may be x.
void ct_normalise(const float *x, const float *residual, const float *a, const float *b, ptrdiff_t pixels,
                  int channels, bool relu, float *out);
/// sum (C) = Σ g and product (C) = Σ g (x - mean), with g = dy where out > 0 (or out is NULL), else 0.
/// masked, when not NULL, receives g and may be dy.
void ct_normalise_sums(const float *dy, const float *out, const float *x, const float *mean, ptrdiff_t pixels,
                       int channels, float *sum, float *product, float *masked);
/// dx = a g - k (x - mean) - m, g as above; dx may be dy.
void ct_normalise_backward(const float *dy, const float *out, const float *x, const float *mean, const float *a,
                           const float *k, const float *m, ptrdiff_t pixels, int channels, float *dx);
/// y = x / |x| over the channels of each pixel and inverse = 1 / |x|; both are 0 where |x|² <= limit.
void ct_unit_vectors(const float *x, ptrdiff_t pixels, int channels, float limit, float *y, float *inverse);
/// dx = (dy - y (y·dy)) * inverse; dx may be dy.
void ct_unit_vectors_backward(const float *dy, const float *y, const float *inverse, ptrdiff_t pixels, int channels,
                              float *dx);

// Pooling.c ------------------------------------------------------------------------------------------------------

/// Index value of a pooled element through which no gradient flows (its ReLU was off).
#define CT_DEAD 255

/// Maximum of each window for output pixels first..<first+count; index = tap number ky * KW + kx, first one wins.
/// With a and b: out = ReLU(max(x * a + b)), index = CT_DEAD where that is not positive, and best = the x that won.
/// a, b and best are NULL together. NaN wins over everything.
void ct_max_pool(const ct_window *g, const float *picture, const float *a, const float *b, ptrdiff_t first,
                 ptrdiff_t count, float *out, uint8_t *index, float *best);
/// Gradient for INPUT pixels first..<first+count: dx = Σ dy of the windows whose index points at the pixel;
/// with x (same picture), mean, a, k, m also dx = a dx - k (x - mean) - m (all five NULL together).
void ct_max_pool_backward(const ct_window *g, const float *dy, const uint8_t *index, const float *x,
                          const float *mean, const float *a, const float *k, const float *m, ptrdiff_t first,
                          ptrdiff_t count, float *dx);
/// sum (C) = Σ dy and product (C) = Σ dy (best - mean) over pooled pixels whose index is not CT_DEAD.
void ct_max_pool_sums(const float *dy, const uint8_t *index, const float *best, const float *mean, ptrdiff_t pixels,
                      int channels, float *sum, float *product);
/// Mean of each window (no padding) for output pixels first..<first+count of one picture.
void ct_average_pool(const ct_window *g, const float *picture, ptrdiff_t first, ptrdiff_t count, float *out);
/// Adds the gradient of all output pixels of one picture to it.
void ct_average_pool_backward(const ct_window *g, const float *dy, float *picture);
/// out (OH, OW, C) of one picture: weighted mean of four pixels; the tables hold the first and second index and the
/// weight of the second for each output row and column.
void ct_bilinear(const float *x, int width, int channels, const int *row0, const int *row1, const float *row_weight,
                 const int *column0, const int *column1, const float *column_weight, int out_height, int out_width,
                 float *out);
/// The transpose: adds dy (OH, OW, C) to dx (H, W, C).
void ct_bilinear_backward(const float *dy, int width, int channels, const int *row0, const int *row1,
                          const float *row_weight, const int *column0, const int *column1,
                          const float *column_weight, int out_height, int out_width, float *dx);

// Elementwise.c --------------------------------------------------------------------------------------------------

/// out = max(x, 0), NaN stays NaN; out may be x.
void ct_relu(const float *x, ptrdiff_t count, float *out);
/// dx = dy where out > 0, else 0; dx may be dy.
void ct_relu_backward(const float *dy, const float *out, ptrdiff_t count, float *dx);
/// out = x + y (and ReLU); out may be x or y.
void ct_add(const float *x, const float *y, ptrdiff_t count, bool relu, float *out);
/// out = x * factor; out may be x.
void ct_scale(const float *x, float factor, ptrdiff_t count, float *out);
/// out = (a - b) * factor.
void ct_scaled_difference(const float *a, const float *b, float factor, ptrdiff_t count, float *out);
/// Σ x, and Σ (a - b)²: sixteen float lanes over at most 4096 elements at a time, then double.
double ct_sum(const float *x, ptrdiff_t count);
double ct_squared_difference(const float *a, const float *b, ptrdiff_t count);
/// out[i] (+)= Σ_r rows[r * stride + i], r in order: the sum of the shards.
void ct_sum_rows(const float *rows, int row_count, ptrdiff_t stride, ptrdiff_t count, bool accumulate, float *out);
/// sum (C) (+)= Σ over pixels.
void ct_channel_sums(const float *x, ptrdiff_t pixels, int channels, bool accumulate, float *sum);
/// y (pixels, C) += bias (C).
void ct_add_bias(float *y, const float *bias, ptrdiff_t pixels, int channels);

// Losses.c -------------------------------------------------------------------------------------------------------

/// Per pixel of student s and teacher t: distance = ½|n(t) - n(s)|², whose sum over pixels is returned, and factors so that
/// the gradient is ds = along_teacher t + along_student s. A vector with |v|² <= limit has n(v) = 0 and no gradient.
double ct_cosine_distance(const float *s, const float *t, ptrdiff_t pixels, int channels, float limit,
                          float *distance, float *along_teacher, float *along_student);
/// The k-th largest of count values, 1 <= k <= count; bins: scratch of 65536.
float ct_kth_largest(const float *values, ptrdiff_t count, ptrdiff_t k, uint32_t *bins);
/// The sum of the distances that are not below least, and how many they are; the others lose their gradient.
double ct_keep_hardest(const float *distance, float least, ptrdiff_t pixels, float *along_teacher,
                       float *along_student, ptrdiff_t *kept);
/// ds = factor (along_teacher t + along_student s).
void ct_cosine_distance_backward(const float *s, const float *t, const float *along_teacher,
                                 const float *along_student, float factor, ptrdiff_t pixels, int channels,
                                 float *ds);

// Coreset.c ------------------------------------------------------------------------------------------------------

/// A vector and its squared distance to the nearest chosen one.
typedef struct {
    ptrdiff_t index;
    float distance;
} ct_farthest;

/// nearest[i] = min(nearest[i], |vector i - centre|²) over (count, dimensions); returns the largest, of equal ones the
/// first.
ct_farthest ct_update_nearest(const float *vectors, ptrdiff_t count, int dimensions, const float *centre,
                              float *nearest);

// Updates.c ------------------------------------------------------------------------------------------------------

/// g = gradient + decay p; momentum buffer = momentum * buffer + g (or g when first); p -= rate * buffer.
void ct_sgd(float *p, const float *gradient, float *buffer, float rate, float momentum, float decay, bool first,
            ptrdiff_t count);
/// p *= keep; g = gradient + decay p; m, v: running means; p -= rate m / (sqrt(v) * scale + epsilon).
void ct_adam(float *p, const float *gradient, float *m, float *v, float rate, float beta1, float beta2, float scale,
             float epsilon, float decay, float keep, ptrdiff_t count);

#endif
