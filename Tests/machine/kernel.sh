# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Host packages, and Debian's kernel with gpio-sim.ko: unpacked into $cache/kernel-VERSION, never installed on the host.
# Sets: kernel (that folder), release (what uname -r will say).

# What the host needs; installed when missing.
host_packages=(acpica-tools busybox-static cpio e2fsprogs gcc kmod libc6-dev libjpeg-dev make mmdebstrap
    qemu-system-x86 xz-utils zstd)

install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing Debian packages: ${missing[*]}"
    apt-get update -q >> "$cache/apt.log" 2>&1
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" \
        >> "$cache/apt.log" 2>&1
}

candidate() { apt-cache policy "$1" | awk '/Candidate:/ {print $2}'; }

get_kernel() {
    local package version
    # Lists that are old name packages that are gone from the mirror.
    compgen -G "$cache/kernel-*/complete" > /dev/null || apt-get update -q >> "$cache/apt.log" 2>&1
    package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-/ {print $2; exit}')
    [ -n "$package" ] || no_verdict "apt-cache knows no linux-image-amd64: see $cache/apt.log"
    version=$(candidate "$package")
    release=${package#linux-image-}
    kernel=$cache/kernel-$version
    [ -e "$kernel/complete" ] && return
    say "kernel $release $version"
    rm -rf "$kernel"
    mkdir -p "$kernel/download"
    (cd "$kernel/download" && apt-get -q download "$package=$version" >> "$cache/apt.log" 2>&1)
    dpkg-deb -x "$kernel/download/$package"_*.deb "$kernel"
    depmod -b "$kernel" "$release"
    make_gpio_sim "$version"
    rm -rf "$kernel/download" "$kernel/gpio-sim"
    touch "$kernel/complete"
}

# Debian builds neither CONFIG_GPIO_SIM nor CONFIG_IRQ_SIM: both are made from Debian's own source as one module. It has
# what the chip that the host sees lacks: edge interrupts, line names, and a way to vanish.
make_gpio_sim() {
    local version=$1 source=linux-source-${release%.*-*-*} folder=$kernel/gpio-sim file
    install_packages "linux-headers-$release"
    say "gpio-sim.ko"
    mkdir "$folder"
    (cd "$kernel/download" && apt-get -q download "$source=$version" >> "$cache/apt.log" 2>&1)
    dpkg-deb --fsys-tarfile "$kernel/download/$source"_*.deb | tar -x -C "$kernel/download"
    tar -xJf "$kernel/download/usr/src/$source.tar.xz" -C "$folder" --strip-components=3 --occurrence=1 \
        "$source/drivers/gpio/gpio-sim.c" "$source/drivers/gpio/gpiolib.h" "$source/kernel/irq/irq_sim.c"
    mv "$folder/gpio-sim.c" "$folder/chip.c"
    # irq_to_desc() is not exported to modules; generic_handle_irq() does the same by number.
    sed -i 's/handle_simple_irq(irq_to_desc(\(.*\)));/generic_handle_irq(\1);/' "$folder/irq_sim.c"
    printf 'obj-m := gpio-sim.o\ngpio-sim-y := chip.o irq_sim.o\n' > "$folder/Makefile"
    make -s -C "/usr/src/linux-headers-$release" M="$folder" modules > "$cache/gpio-sim.log" 2>&1
    strip -g "$folder/gpio-sim.ko"
    file=$kernel/lib/modules/$release/extra/gpio-sim.ko
    mkdir -p "${file%/*}"
    cp "$folder/gpio-sim.ko" "$file"
    depmod -b "$kernel" "$release"
}
