// SPDX-License-Identifier: Apache-2.0

#include "video.h"

#include <sys/ioctl.h>

int clinux_video_request(int device, unsigned long request, void *argument) {
    return ioctl(device, request, argument);
}

uint32_t clinux_video_default_encoding(uint32_t colour_space) {
    return V4L2_MAP_YCBCR_ENC_DEFAULT(colour_space);
}

uint32_t clinux_video_default_quantization(uint32_t colour_space) {
    return V4L2_MAP_QUANTIZATION_DEFAULT(0, colour_space, V4L2_YCBCR_ENC_DEFAULT);
}
