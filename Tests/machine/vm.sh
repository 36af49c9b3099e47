# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The virtual machine: QEMU without KVM, the host's eye on the GPIO registers, and the switch of its power.

memory_mib=1024

# run_vm NAME DISK [LOG]: until the guest is off. How it ends a boot the guest says in $share/then: poweroff, reboot, or
# cut, which is to take its power away at once. With LOG, all writes and flushes of the disk go there too.
# Sets: ending (poweroff, cut, or none when the guest did not get so far).
run_vm() {
    local name=$1 ram=/dev/shm/jidoka-machine.$$ eye
    # The registers outlive a reboot, as hardware does.
    rm -f "$ram"
    truncate -s "${memory_mib}M" "$ram"
    # In the order of the chip's lines.
    "$work/ramgpio" "$ram" "$registers" stop andon heartbeat permit > "$share/wires" &
    eye=$!
    [ -z "${3:-}" ] || : > "$3"
    ending=reboot
    # QEMU is started anew for each boot: after a reset in place it emulates at half the speed.
    while [ "$ending" = reboot ]; do boot_vm "$name" "$ram" "$2" "${3:-}"; done
    kill "$eye"
    wait "$eye" 2>/dev/null || true
    rm -f "$ram"
    cp "$share/wires" "$work/wires-$name.log"
    say "$name run of the machine: $ending"
}

boot_vm() {
    local name=$1 ram=$2 drive append='' qemu limit=$((SECONDS + ${JIDOKA_VM_SECONDS:-1300}))
    drive=(-blockdev "driver=file,filename=$3,node-name=file" -blockdev driver=raw,file=file,node-name=image)
    if [ -n "$4" ]; then
        [ ! -s "$4" ] || append=,log-append=on
        drive+=(-blockdev "driver=file,filename=$4,node-name=log"
            -blockdev "driver=blklogwrites,file=image,log=log,node-name=disk$append")
    else
        drive+=(-blockdev driver=raw,file=image,node-name=disk)
    fi
    echo none > "$share/then"
    qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
        -machine q35,memory-backend=ram -accel "${JIDOKA_VM_ACCEL:-tcg,thread=multi}" -cpu max -smp 2 -m "$memory_mib" \
        -object "memory-backend-file,id=ram,size=${memory_mib}M,mem-path=$ram,share=on" \
        -kernel "$kernel/boot/vmlinuz-$release" -initrd "$work/initrd.img" -append "console=ttyS0 quiet loglevel=4 \
memmap=64K\$$registers mitigations=off no_timer_check random.trust_cpu=on systemd.show_status=0 panic=-1" \
        "${drive[@]}" -device virtio-blk-pci,drive=disk \
        -fsdev "local,id=share,path=$share,security_model=none" -device virtio-9p-pci,fsdev=share,mount_tag=share \
        -device virtio-rng-pci -acpitable "file=$work/gpio-pt.aml" \
        -chardev "file,id=console,path=$work/console-$name.log,append=on" -serial chardev:console \
        >> "$work/qemu-$name.log" 2>&1 &
    qemu=$!
    # It may be killed, and nobody has to be told.
    disown
    while kill -0 "$qemu" 2>/dev/null; do
        if [ "$(cat "$share/then")" = cut ]; then
            # What is not flushed now is lost: QEMU has no time to write anything.
            kill -KILL "$qemu"
        elif [ "$SECONDS" -ge "$limit" ]; then
            say "no end of this boot within ${JIDOKA_VM_SECONDS:-1300} s"
            echo none > "$share/then"
            kill -KILL "$qemu"
        fi
        sleep 0.05
    done
    ending=$(cat "$share/then")
}
