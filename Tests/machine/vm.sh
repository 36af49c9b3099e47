# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# One run of the virtual machine: QEMU without KVM, the host's eye on the GPIO registers, and the power cut.

memory_mib=1024

# run_vm NAME DISK [LOG]: until the guest powers off (or the power is cut, when it asks for that by $share/cut-power).
# With LOG, every write and flush of the disk goes there too. Sets: status (ended or cut).
run_vm() {
    local name=$1 disk=$2 log=${3:-} ram drive qemu eye limit=$((SECONDS + ${JIDOKA_VM_SECONDS:-600}))
    ram=/dev/shm/jidoka-machine.$$
    truncate -s "${memory_mib}M" "$ram"
    drive=(-blockdev "driver=file,filename=$disk,node-name=file" -blockdev driver=raw,file=file,node-name=image)
    if [ -n "$log" ]; then
        : > "$log"
        drive+=(-blockdev "driver=file,filename=$log,node-name=log"
            -blockdev driver=blklogwrites,file=image,log=log,log-sector-size=512,node-name=disk)
    else
        drive+=(-blockdev driver=raw,file=image,node-name=disk)
    fi
    rm -f "$share/cut-power"
    qemu-system-x86_64 -nodefaults -no-user-config -display none \
        -machine q35,memory-backend=ram -accel "${JIDOKA_VM_ACCEL:-tcg,thread=multi}" -cpu max -smp 2 -m "$memory_mib" \
        -object "memory-backend-file,id=ram,size=${memory_mib}M,mem-path=$ram,share=on" \
        -kernel "$kernel/boot/vmlinuz-$release" -initrd "$work/initrd.img" -append "console=ttyS0 quiet loglevel=4 \
memmap=64K\$$registers mitigations=off no_timer_check random.trust_cpu=on systemd.show_status=0 panic=-1" \
        "${drive[@]}" -device virtio-blk-pci,drive=disk \
        -fsdev "local,id=share,path=$share,security_model=none" -device virtio-9p-pci,fsdev=share,mount_tag=share \
        -device virtio-rng-pci -acpitable "file=$work/gpio-pt.aml" \
        -serial "file:$work/console-$name.log" > "$work/qemu-$name.log" 2>&1 &
    qemu=$!
    # It may be killed, and nobody has to be told.
    disown
    # In the order of the chip's lines.
    "$work/ramgpio" "$ram" "$registers" stop andon heartbeat permit > "$share/wires" &
    eye=$!
    status=
    while kill -0 "$qemu" 2>/dev/null; do
        if [ -e "$share/cut-power" ]; then
            # What is not flushed now is lost: QEMU has no time to write anything.
            kill -KILL "$qemu"
            status="cut"
        elif [ "$SECONDS" -ge "$limit" ]; then
            say "no end within ${JIDOKA_VM_SECONDS:-600} s"
            kill -KILL "$qemu"
        fi
        sleep 0.05
    done
    kill "$eye"
    wait "$eye" 2>/dev/null || true
    rm -f "$ram"
    cp "$share/wires" "$work/wires-$name.log"
    status=${status:-ended}
    say "$name run of the machine: $status"
}
