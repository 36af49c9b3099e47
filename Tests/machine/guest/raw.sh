# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# vivid, the kernel's own camera: raw pictures, and errors that its controls inject. It shows a test pattern, no part,
# so what its pictures are good for is a verdict that is bad, and not a fault.

modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0
udevadm settle
vivid=$(find /dev/v4l/by-path -name '*vivid*index0' | head -n1)
check "vivid is there" [ -n "$vivid" ]
v4l2-ctl -d "$vivid" --set-fmt-video=width=640,height=480,pixelformat=YUYV > /dev/null
for format in yuyv nv12 rgb; do
    recipe=raw-$format configure "  kind: camera
  device: $vivid
  trigger: rate
  rate: 4"
    systemctl reload jidokad
    check "$format: the camera delivers, the line starts" within 20 three_acts
    check "$format: the picture is judged, and is no good part" within 10 state_is stopped
    check "$format: no fault" reason_has "above threshold"
done
seq=$(field seq)
v4l2-ctl -d "$vivid" -c disconnect=1 > /dev/null 2>&1
check "a raw camera that is disconnected is a lost source" within 20 event_since "$seq" source_lost
modprobe -r vivid
configure "$by_rate"
systemctl reload jidokad
check "back with the first camera it runs" to_running
