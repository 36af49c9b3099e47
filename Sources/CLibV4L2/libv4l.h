// SPDX-License-Identifier: Apache-2.0
//
// libv4lconvert: pixel formats that only a few cameras have. Its header of device operations is the libv4l plugin one.
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include <libv4lconvert.h>

#include <libv4l-plugin.h>
