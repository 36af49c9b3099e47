// SPDX-License-Identifier: Apache-2.0
//
// Video4Linux2: what a camera is spoken to with.
//
// Why a shim: Swift imports the structures of <linux/videodev2.h>, but neither the request codes (macros with sizeof),
// nor ioctl (variadic), nor the macros that take arguments.

#ifndef JIDOKA_VIDEO_H
#define JIDOKA_VIDEO_H

#include <linux/videodev2.h>
#include <stdint.h>

static const unsigned long clinux_video_query_capability = VIDIOC_QUERYCAP;
static const unsigned long clinux_video_enumerate_formats = VIDIOC_ENUM_FMT;
static const unsigned long clinux_video_enumerate_sizes = VIDIOC_ENUM_FRAMESIZES;
static const unsigned long clinux_video_enumerate_intervals = VIDIOC_ENUM_FRAMEINTERVALS;
static const unsigned long clinux_video_get_format = VIDIOC_G_FMT;
static const unsigned long clinux_video_set_format = VIDIOC_S_FMT;
static const unsigned long clinux_video_try_format = VIDIOC_TRY_FMT;
static const unsigned long clinux_video_get_parameters = VIDIOC_G_PARM;
static const unsigned long clinux_video_set_parameters = VIDIOC_S_PARM;
static const unsigned long clinux_video_query_control = VIDIOC_QUERY_EXT_CTRL;
static const unsigned long clinux_video_query_menu = VIDIOC_QUERYMENU;
static const unsigned long clinux_video_get_controls = VIDIOC_G_EXT_CTRLS;
static const unsigned long clinux_video_set_controls = VIDIOC_S_EXT_CTRLS;
static const unsigned long clinux_video_request_buffers = VIDIOC_REQBUFS;
static const unsigned long clinux_video_query_buffer = VIDIOC_QUERYBUF;
static const unsigned long clinux_video_queue_buffer = VIDIOC_QBUF;
static const unsigned long clinux_video_dequeue_buffer = VIDIOC_DQBUF;
static const unsigned long clinux_video_stream_on = VIDIOC_STREAMON;
static const unsigned long clinux_video_stream_off = VIDIOC_STREAMOFF;

/// ioctl with one pointer; -1 with errno set on failure.
int clinux_video_request(int device, unsigned long request, void *argument);

/// V4L2_MAP_YCBCR_ENC_DEFAULT: the matrix meant by "default" in a colour space.
uint32_t clinux_video_default_encoding(uint32_t colour_space);

/// V4L2_MAP_QUANTIZATION_DEFAULT for Y'CbCr: the range meant by "default" in a colour space.
uint32_t clinux_video_default_quantization(uint32_t colour_space);

#endif
