// SPDX-License-Identifier: Apache-2.0
#pragma once

// jpeglib.h names FILE and size_t but includes neither.
#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>
