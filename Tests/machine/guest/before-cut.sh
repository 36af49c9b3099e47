# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# The line runs, and things are being written: events (each refused command is one) and the recipe's calibration, over
# and over. A reader notes on the host what has been told to it as recorded. Then the power goes.

train=$(cat /share/train-folder)
mkdir -p "$(dirname "$train")"
ln -s /share/train "$train"
jidoka events --follow --json > /share/events-before-cut.txt 2> /dev/null &
(while :; do /share/bin/ask "$control" '{"cmd":"reset"}' > /dev/null; done) &
(while :; do
    for alpha in 0.05 0.1; do
        jidoka calibrate vm --alpha "$alpha" > /share/calibrate.txt 2>&1 && echo >> /share/calibrations
    done
done) &
check "events are being written" within 20 sh -c '[ "$(wc -l < /share/events-before-cut.txt)" -ge 40 ]'
check "a calibration was written" within 240 [ -s /share/calibrations ]
check "running before the cut" state_is running
check "the permit is on before the cut" permit_is 1
journalctl -b -o short-precise --no-pager > "/share/journal-$boot.txt"
dmesg > "/share/kernel-$boot.txt"
kernel_is_well
say "END of boot $boot"
echo cut > /share/then
sleep 60
check "the power goes when it is asked to" false
