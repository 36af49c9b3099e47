// SPDX-License-Identifier: Apache-2.0
//
// GPIO character devices, second version of the kernel's interface (Linux 5.10).
//
// Why a shim: ioctl is variadic and its request codes are macros that compute a size, neither of which Swift imports;
// the attributes of a request sit in arrays and a union that are clumsy from Swift. Not libgpiod: the one that Debian 12
// ships speaks the first version, without debounce and sequence numbers.

#ifndef JIDOKA_GPIO_H
#define JIDOKA_GPIO_H

#include <linux/gpio.h>
#include <stdint.h>

static const unsigned long CLINUX_GPIO_CHIP_INFO = GPIO_GET_CHIPINFO_IOCTL;
static const unsigned long CLINUX_GPIO_LINE_INFO = GPIO_V2_GET_LINEINFO_IOCTL;
static const unsigned long CLINUX_GPIO_CLAIM = GPIO_V2_GET_LINE_IOCTL;
static const unsigned long CLINUX_GPIO_GET_VALUES = GPIO_V2_LINE_GET_VALUES_IOCTL;
static const unsigned long CLINUX_GPIO_SET_VALUES = GPIO_V2_LINE_SET_VALUES_IOCTL;

/// ioctl with one of the codes above, again when a signal came; 0, or the error number made negative.
int clinux_gpio_ioctl(int descriptor, unsigned long request, void *argument);

/// Makes a request for one line: an output starts inactive; a debounce of 0 µs is none.
void clinux_gpio_prepare_claim(struct gpio_v2_line_request *request, uint32_t offset, const char *consumer,
                               uint64_t flags, uint32_t debounce_microseconds);

/// The debounce that a request asks for, 0 when for none: a simulated kernel reads it.
uint32_t clinux_gpio_claim_debounce(const struct gpio_v2_line_request *request);

#endif
