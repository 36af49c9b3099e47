// SPDX-License-Identifier: Apache-2.0

#include "embedded_teacher.h"

// C23's #embed, which clang offers in older modes with a warning that -Wno-c23-extensions turns off.
static const unsigned char teacher[] = {
#embed "../../models/teacher-compact.safetensors"
};

const unsigned char *embedded_teacher_bytes(void) { return teacher; }

size_t embedded_teacher_count(void) { return sizeof teacher; }
