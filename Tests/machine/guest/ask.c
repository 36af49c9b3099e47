// SPDX-License-Identifier: Apache-2.0
//
// ask SOCKET LINE: sends a line to a UNIX socket and prints the line that comes back. The tests ask for the status many
// times; the real tool is too big to be started that often by an interpreted processor.

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int main(int count, char **arguments) {
    if (count != 3) return 2;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {5, 0};
    strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
    const int wire = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (wire < 0 || connect(wire, (struct sockaddr *)&address, sizeof address)) return 1;
    setsockopt(wire, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (dprintf(wire, "%s\n", arguments[2]) < 0) return 1;
    char byte;
    while (read(wire, &byte, 1) == 1) {
        putchar(byte);
        if (byte == '\n') return 0;
    }
    return 1;
}
