// SPDX-License-Identifier: Apache-2.0
//
// A plan: networks compiled into a flat list of steps, every map with its place in one arena. Data, nothing executable.
//
// The bytes are these structs, little endian, in the order header, values, steps, data; offsets count from the
// beginning of the part that they point into. `ck_plan_check` verifies every one before anything runs.

#ifndef CK_PLAN_H
#define CK_PLAN_H

#include "ck_integer.h"

/// First eight bytes, "JIDOPLAN".
#define CK_PLAN_MAGIC 0x4e414c504f44494aull
/// Version of the format.
#define CK_PLAN_VERSION 1u
/// "No value" where a value's index may stand.
#define CK_NONE 0xffffffffu
/// Convolutions of one step that share their input.
#define CK_PLAN_GROUPS 4
/// Alignment of the plan's bytes, of its parts and of every map in the arena.
#define CK_ALIGNMENT 64

/// Beginning of a plan, 64 bytes.
struct ck_plan_header {
    /// `CK_PLAN_MAGIC`.
    uint64_t magic;
    /// `CK_PLAN_VERSION`.
    uint32_t version;
    /// Side of the square picture, multiple of 32.
    uint32_t input_size;
    /// Entries of the value table; value 0 is the picture, `(size, size, 3)`, u8.
    uint32_t value_count;
    /// Entries of the step table.
    uint32_t step_count;
    /// Bytes of the arena.
    uint64_t arena_bytes;
    /// From the beginning of the plan to its data, multiple of 64.
    uint64_t data_offset;
    /// Bytes of data; the plan ends with them.
    uint64_t data_bytes;
    /// Multiply-accumulates of one picture: what the networks need, without padding.
    uint64_t multiply_accumulates;
    /// Zero.
    uint64_t reserved;
};

/// One map, 40 bytes.
struct ck_plan_value {
    /// `enum ck_kind`.
    uint32_t kind;
    /// Rows, without border.
    uint32_t height;
    /// Columns, without border.
    uint32_t width;
    /// Channels.
    uint32_t channels;
    /// Rows and columns around the map that convolutions read; 0 unless `CK_U8`.
    uint32_t border;
    /// Largest value that can occur, 1 ... 255 for `CK_U8`; 32767 for `CK_S16`; 0 for `CK_F32`.
    uint32_t maximum;
    /// Byte of the border by channel; channels from the fourth on take the first one's.
    uint8_t fill[4];
    /// Zero.
    uint32_t reserved;
    /// First byte of the map, border included, in the arena; multiple of 64. Two maps lie apart (CK_SLACK bytes
    /// included), or are of one form, at one place, and never needed at the same time.
    uint64_t offset;
};

/// What a step computes.
enum ck_plan_operation {
    /// Groups of convolutions of one input, each with requantisation, clamping at 0 for `CK_U8` results, optional
    /// residual.
    CK_CONVOLUTION = 1,
    /// The same, followed by 3 × 3 maximum pooling, two apart, one outside: only the pooled map is stored. No residual.
    CK_POOLED_CONVOLUTION = 2,
    /// Largest value of each window, clipped to the map.
    CK_MAXIMUM_POOLING = 3,
    /// Sum of each window times `second_scale`, rounded to the nearest, ties to even; no padding.
    CK_AVERAGE_POOLING = 4,
    /// group[0].first_scale · input + second_scale · second, clamped to 0 ... maximum, rounded as above.
    CK_ADDITION = 5,
    /// Cosine distance of teacher (input) and student (second) maps, `(height, width, 1)` float32; NaN where a vector
    /// is
    /// zero. `kernel` is the pooling factor of the teacher map, 1 or 2.
    CK_DISTANCE = 6,
};

/// One of the convolutions of a step, 40 bytes.
struct ck_plan_group {
    /// Value that receives the result.
    uint32_t output;
    /// What the input is multiplied with in an addition; else 0.
    float first_scale;
    /// Packed `(blocks, steps, 64, 4)` s8 in the data; steps = ⌈kernel · kernel · input channels / 4⌉. Inputs come in
    /// the order (row, column, channel); where kernel · input channels is no multiple of 4, what each row has too much
    /// comes last, row by row. Places that don't exist are 0. 64-byte aligned, like the other three.
    uint64_t weights;
    /// `(blocks · 64)` s32.
    uint64_t bias;
    /// `(blocks · 64)` s32: bias + 128 · Σ weights.
    uint64_t signed_bias;
    /// `(blocks · 64)` float32, 0 ... 2^20.
    uint64_t scale;
};

/// One step, 40 + 4 · 40 bytes.
struct ck_plan_step {
    /// `enum ck_plan_operation`.
    uint32_t operation;
    /// Steps of one stage don't depend on each other; stages run one after the other, from 0.
    uint32_t stage;
    /// Value that is read.
    uint32_t input;
    /// Residual, second summand or student map; `CK_NONE` for none.
    uint32_t second;
    /// Side of the window.
    uint32_t kernel;
    /// Step of the window.
    uint32_t stride;
    /// Rows and columns of the input's border that the window covers.
    uint32_t padding;
    /// Used entries of `group`, 1 ... CK_PLAN_GROUPS; 1 unless a convolution.
    uint32_t group_count;
    /// What the residual or second summand is multiplied with.
    float second_scale;
    /// Zero.
    uint32_t reserved;
    /// Results.
    struct ck_plan_group group[CK_PLAN_GROUPS];
};

/// What is wrong with a plan: "WHAT of INDEX: expected EXPECTED, found FOUND".
struct ck_plan_error {
    /// Static text, e.g. "step kernel".
    const char *what;
    /// Value or step concerned.
    uint32_t index;
    /// Bound or value expected.
    int64_t expected;
    /// Value found.
    int64_t found;
};

/// Verifies every field and every weight: afterwards a run stays inside its arena, overflows nowhere, and gives the
/// same bits with any number of workers. `bytes` must be aligned to 64. Returns 0 when sound, else fills `error`.
int ck_plan_check(const void *bytes, size_t count, struct ck_plan_error *error);

/// A checked plan with its arena and threads; belongs to one thread at a time.
struct ck_runner;

/// Makes the arena, the scratch memory and `workers` − 1 threads; `bytes` must outlive the runner. NULL with `error`
/// filled for a bad plan; NULL with error->what == NULL when memory or threads are missing.
struct ck_runner *ck_runner_make(const void *bytes, size_t count, const struct ck_integer_kernels *kernels,
                                 int32_t workers, struct ck_plan_error *error);

/// Ends the threads and frees everything; NULL is allowed.
void ck_runner_free(struct ck_runner *runner);

/// Runs the plan on one picture, `(size, size, 3)` bytes. No allocation; no system call with one worker.
void ck_runner_run(struct ck_runner *runner, const uint8_t *pixels);

/// First element of a value inside its border, and bytes from row to row; for distances, tests and experiments. A value
/// whose place was taken over later holds something else after a run.
const void *ck_runner_value(const struct ck_runner *runner, uint32_t value, size_t *row);

#endif
