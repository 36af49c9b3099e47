// SPDX-License-Identifier: Apache-2.0
//
// The default teacher, models/teacher-compact.safetensors, inside the program: no file to lose, nothing to download.

#ifndef EMBEDDED_TEACHER_H
#define EMBEDDED_TEACHER_H

#include <stddef.h>

/// First byte of the safetensors file.
const unsigned char *embedded_teacher_bytes(void);

/// Its length in bytes.
size_t embedded_teacher_count(void);

#endif
