// SPDX-License-Identifier: Apache-2.0

#include "gpio.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

int clinux_gpio_ioctl(int descriptor, unsigned long request, void *argument) {
    int result;
    do {
        result = ioctl(descriptor, request, argument);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
}

void clinux_gpio_prepare_claim(struct gpio_v2_line_request *request, uint32_t offset, const char *consumer,
                               uint64_t flags, uint32_t debounce_microseconds) {
    memset(request, 0, sizeof *request);
    request->offsets[0] = offset;
    request->num_lines = 1;
    strncpy(request->consumer, consumer, sizeof request->consumer - 1);
    request->config.flags = flags;
    struct gpio_v2_line_config_attribute *attribute = &request->config.attrs[0];
    if (flags & GPIO_V2_LINE_FLAG_OUTPUT) {
        // Explicit, although inactive is what the kernel takes without it.
        attribute->attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
        attribute->attr.values = 0;
        attribute->mask = 1;
        request->config.num_attrs = 1;
    } else if (debounce_microseconds != 0) {
        attribute->attr.id = GPIO_V2_LINE_ATTR_ID_DEBOUNCE;
        attribute->attr.debounce_period_us = debounce_microseconds;
        attribute->mask = 1;
        request->config.num_attrs = 1;
    }
    if (flags & (GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING)) {
        // The most that the kernel gives: a reader that is held up loses nothing for as long as can be.
        request->event_buffer_size = GPIO_V2_LINES_MAX * 16;
    }
}

uint32_t clinux_gpio_claim_debounce(const struct gpio_v2_line_request *request) {
    const struct gpio_v2_line_config_attribute *attribute = &request->config.attrs[0];
    if (request->config.num_attrs == 0 || attribute->attr.id != GPIO_V2_LINE_ATTR_ID_DEBOUNCE) {
        return 0;
    }
    return attribute->attr.debounce_period_us;
}
