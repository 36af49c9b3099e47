# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The guest's disk and initramfs, made without mounting anything. The root file system is Debian's, with what the test
# uses and what the package under test depends on, but not the package itself: that is installed in the guest.

# What the guest's tests use.
guest_packages=(systemd systemd-sysv udev kmod procps gpiod v4l-utils sqlite3 dbus)
# What the guest may load.
guest_modules=(virtio_pci virtio_blk virtio-rng crc32c_generic ext4 9p 9pnet_virtio autofs4 configfs vivid uvcvideo
    vhci-hcd gpio-amdpt gpio-sim overlay loop)
# Guest-physical address of the GPIO registers; also in gpio-pt.dsl, and it has to be below the guest's memory size.
registers=0x30000000

# Names that a .deb depends on, the first of alternatives.
dependencies() { dpkg-deb -f "$1" Pre-Depends Depends | sed 's/^[A-Za-z-]*: //; s/([^)]*)//g; s/|[^,]*//g; s/,/ /g'; }

# The tar is kept as long as Debian has the same versions of everything that was asked for.
make_root_tar() {
    local packages key
    read -ra packages <<< "${guest_packages[*]} $(dependencies "$1" | tr '\n' ' ')"
    key=$(apt-cache policy "${packages[@]}" | grep -E '^[^ ]|Candidate:' | sha256sum | cut -c1-16)
    root_tar=$cache/root-$key.tar
    [ -e "$root_tar" ] && return
    say "root file system: ${packages[*]}"
    rm -f "$cache"/root-*.tar
    mmdebstrap --quiet --variant=essential --include="$(IFS=,; echo "${packages[*]}")" \
        --aptopt='APT::Install-Recommends "false"' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
        "$cache/part.tar" > "$cache/mmdebstrap.log" 2>&1
    mv "$cache/part.tar" "$root_tar"
}

# put_module FILE TARGET: later kernels compress their modules.
put_module() {
    mkdir -p "${2%/*}"
    case $1 in
    *.xz) xz -dc "$1" > "${2%.xz}" ;;
    *) cp "$1" "$2" ;;
    esac
}

# Files of the modules and of all that they need, in the order to load them.
module_files() {
    local module
    for module in "$@"; do
        modprobe -d "$kernel" -S "$release" --show-depends "$module" || { say "no module $module"; return 1; }
    done | awk '/^insmod/ && !seen[$2]++ {print $2}'
}

make_disk() {
    local root=$work/root file unit units
    say "disk"
    rm -rf "$root"
    mkdir -p "$root/share"
    tar -xf "$root_tar" -C "$root"
    while read -r file; do
        put_module "$file" "$root/lib/modules/${file#*/lib/modules/}"
    done < <(module_files "${guest_modules[@]}")
    cp "$kernel/lib/modules/$release"/modules.{builtin,builtin.modinfo,order} "$root/lib/modules/$release/"
    depmod -b "$root" "$release"

    cat > "$root/etc/fstab" <<TABLE
/dev/vda / ext4 rw,noatime 0 1
share /share 9p trans=virtio,version=9p2000.L,msize=262144,cache=none 0 0
TABLE
    printf '9pnet_virtio\n9p\n' > "$root/etc/modules-load.d/machine-test.conf"
    units=$root/etc/systemd/system
    mkdir -p "$units/multi-user.target.wants" "$units/sysinit.target.wants" "$root/etc/systemd/journald.conf.d"
    install -m 755 "$here/guest/bench" "$root/usr/local/sbin/bench"
    cp "$here/guest/bench.service" "$here/guest/machine-test.service" "$units/"
    ln -sf ../bench.service "$units/sysinit.target.wants/bench.service"
    ln -sf ../machine-test.service "$units/multi-user.target.wants/machine-test.service"
    ln -sf /lib/systemd/system/multi-user.target "$units/default.target"
    # What costs time and has nothing to do with it.
    for unit in getty.target getty@tty1.service serial-getty@ttyS0.service systemd-networkd.service \
        systemd-timesyncd.service systemd-logind.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
        e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-pstore.service; do
        ln -sf /dev/null "$units/$unit"
    done
    printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' \
        > "$root/etc/systemd/journald.conf.d/machine-test.conf"
    echo machine > "$root/etc/hostname"
    echo 0123456789abcdef0123456789abcdef > "$root/etc/machine-id"
    rm -f "$work/pristine.img"
    truncate -s 900M "$work/pristine.img"
    mke2fs -q -t ext4 -m 0 -E lazy_itable_init=1,lazy_journal_init=1 -d "$root" "$work/pristine.img"
    rm -rf "$root"
}

make_initramfs() {
    local root=$work/initramfs file
    rm -rf "$root"
    mkdir -p "$root/bin" "$root/modules"
    cp /bin/busybox "$root/bin/"
    install -m 755 "$here/init" "$root/init"
    while read -r file; do
        put_module "$file" "$root/modules/${file##*/}"
        file=${file##*/}
        echo "${file%.xz}"
    done < <(module_files virtio_pci virtio_blk crc32c_generic ext4) > "$root/modules/order"
    (cd "$root" && find . | cpio -o -H newc --quiet) | zstd -q -3 -f -o "$work/initrd.img"
    rm -rf "$root"
    iasl -p "$work/gpio-pt" "$here/gpio-pt.dsl" > "$work/iasl.log" 2>&1
}
