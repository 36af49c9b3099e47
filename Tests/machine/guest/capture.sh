# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Pictures for a new recipe, with the camera that the daemon uses.

# Its socket too: whoever asks for the status would start it again.
systemctl stop jidokad.socket jidokad
# take COUNT SECONDS: within which it has to be through.
take() { timeout -s INT "$2" jidoka capture fresh --device "$camera" --count "$1" --rate 4 > /share/capture.txt 2>&1; }
camera_does show assorted
fresh=/var/lib/jidoka/recipes/fresh
check "capture takes as many pictures as it is asked for" take 5 20
cp /share/capture.txt /share/capture-good.txt
check "they are there" [ "$(find $fresh/good -type f | wc -l)" = 5 ]
check "so is what the camera was set to" grep -q '^format: mjpeg' $fresh/camera.yaml
shown() { sha256sum /share/show/assorted/* | cut -d' ' -f1 | sort -u; }
taken() { sha256sum $fresh/good/* | cut -d' ' -f1 | sort -u; }
check "each is what the camera sent, byte for byte" [ -z "$(comm -13 <(shown) <(taken))" ]
camera_does show dark
check "dark pictures are refused" not take 3 15
check "and it says why" grep -qi dark /share/capture.txt
check "no refused picture was kept" [ -z "$(comm -13 <(shown) <(taken))" ]
camera_does show still
check "a frozen camera's pictures are refused" not take 3 15
camera_does show good
systemctl start jidokad.socket jidokad
check "the line runs afterwards" to_running
