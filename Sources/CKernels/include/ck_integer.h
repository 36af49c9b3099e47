// SPDX-License-Identifier: Apache-2.0
//
// Kernels of the integer engine: unsigned 8-bit maps, signed 8-bit weights, 32-bit sums, channels last.
//
// One table of functions per instruction set, one scalar reference; every table gives the reference's bits. README.md
// tells how it works.

#ifndef CK_INTEGER_H
#define CK_INTEGER_H

#include <stddef.h>
#include <stdint.h>

/// Output channels that one packed block of weights holds.
#define CK_BLOCK 64
/// Inputs that one step of a dot product multiplies and adds.
#define CK_GROUP 4
/// Bytes that may be read past the end of any map.
#define CK_SLACK 64

/// What a map holds.
enum ck_kind {
    /// Unsigned bytes, zero point 0.
    CK_U8 = 1,
    /// Signed 16-bit: a residual branch before the addition.
    CK_S16 = 2,
    /// float32: distances.
    CK_F32 = 3,
};

/// One block of up to 64 output channels of a convolution, over a range of output pixels.
///
/// sum = bias + Σ weight · input, exact in 32 bits; value = float(sum) · scale (+ float(residual) · residual_scale),
/// each operation rounded once; result = value clamped to low ... high, rounded to the nearest, ties to even.
struct ck_convolution_work_u8 {
    /// First byte of the receptive field of output pixel (0, 0), border included.
    const uint8_t *input;
    /// Bytes from the field of one output pixel to the next in the row.
    size_t input_pixel;
    /// Bytes from the field of one output row to the next.
    size_t input_line;
    /// Bytes from one row of the kernel to the next inside a field.
    size_t input_row;
    /// Rows of the kernel.
    int32_t rows;
    /// Groups of four inputs in one row of the kernel; what is left of a row belongs to the rest.
    int32_t steps;
    /// What a row's groups leave over, of all rows side by side, in groups of four; NULL when nothing is left over.
    const uint8_t *rest;
    /// Bytes from the rest of one output pixel to the next in the row; there is one row.
    size_t rest_pixel;
    /// Groups of four in a rest.
    int32_t rest_steps;
    /// Non-zero when inputs may exceed 127. Then |a| + |b| ≤ 128 for each even-odd pair of weights (see README.md).
    int32_t wide;
    /// Channels of this block that exist, 1 ... 64.
    int32_t channels;
    /// `(rows * steps + rest_steps, 64, 4)`, 64-byte aligned.
    const int8_t *weights;
    /// `(64)`.
    const int32_t *bias;
    /// `(64)`: bias + 128 · Σ weights, for kernels that read inputs as signed (input − 128); used when `wide`.
    const int32_t *signed_bias;
    /// `(64)`.
    const float *scale;
    /// Added before clamping: the block's first channel of pixel (0, 0); NULL for none.
    const void *residual;
    /// Bytes from one residual row to the next.
    size_t residual_row;
    /// Bytes from one residual pixel to the next.
    size_t residual_pixel;
    /// `CK_U8` or `CK_S16`.
    int32_t residual_kind;
    /// What a residual is multiplied with.
    float residual_scale;
    /// The block's first channel of pixel (0, 0).
    void *output;
    /// Bytes from one output row to the next.
    size_t output_row;
    /// Bytes from one output pixel to the next.
    size_t output_pixel;
    /// `CK_U8` or `CK_S16`.
    int32_t output_kind;
    /// Output columns.
    int32_t width;
    /// First output pixel, y · width + x.
    int32_t begin;
    /// One past the last output pixel.
    int32_t end;
    /// Smallest result; 0 for `CK_U8`.
    float low;
    /// Largest result.
    float high;
};

/// What one instruction set offers.
struct ck_integer_kernels {
    /// As in `JIDOKA_ISA`.
    const char *name;
    /// See `ck_convolution_work_u8`.
    void (*convolution)(const struct ck_convolution_work_u8 *work);
    /// Largest byte of 3 × 3 windows, two apart, the first one column outside: `width` output pixels of `channels`
    /// bytes. `rows` are three input rows of `input_width` pixels; a row outside the map repeats another.
    void (*maximum_3x3)(const uint8_t *const rows[3], int32_t input_width, int32_t channels, uint8_t *output,
                        int32_t width);
    /// Dot products of two channel vectors: {t·s, t·t, s·s}, exact. With `pool` 2, t is the sum of the 2 × 2 pixels at
    /// `t`, `t_row` bytes from row to row, `channels` bytes from pixel to pixel.
    void (*dots)(const uint8_t *t, size_t t_row, int32_t pool, const uint8_t *s, int32_t channels, int32_t result[3]);
};

/// Every table that this build has, widest first, ending with NULL; the scalar reference comes last.
const struct ck_integer_kernels *const *ck_integer_variants(void);

/// Whether this CPU (and kernel) can run a table.
int ck_integer_runs(const struct ck_integer_kernels *kernels);

/// The table of a name, or the widest that runs for NULL and "". NULL for an unknown name: never a silent fall-back.
/// Whether a named one runs is the caller's question to `ck_integer_runs`.
const struct ck_integer_kernels *ck_integer_kernels_named(const char *name);

#endif
