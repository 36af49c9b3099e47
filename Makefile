# SPDX-License-Identifier: Apache-2.0

# Everything is built once, optimised: numeric code without optimisation is too slow to test.
SWIFT_BUILD = swift build -c release
PACKAGES = pkg-config libopenblas-dev libjpeg-dev libpng-dev libv4l-dev libsystemd-dev libsqlite3-dev libmd-dev
DEB_PACKAGES = $(PACKAGES) debhelper dpkg-dev fakeroot lintian python3
SYSTEMD_PACKAGES = mmdebstrap systemd-container

.PHONY: help setup setup-deb setup-systemd build demo bench-accuracy test test-faults deb test-systemd test-vm lint
.PHONY: format clean

help:
	@echo "make demo    learn synthetic parts, run a line, stop it on a defect (under 3 minutes after the build)"
	@echo "make bench-accuracy  every detector on every data set below JIDOKA_DATA; ARGS=\"--mvtec DIR\" for MVTec AD"
	@echo "make test    every test that needs no special machine"
	@echo "make test-faults  every fault again and again, as a table; JIDOKA_THOROUGH=1: over 1,000 kills (all as root)"
	@echo "make lint    format check"
	@echo "make deb     the Debian package, in .build/deb"
	@echo "make test-systemd  the package and its units under a real systemd, in a container (as root)"
	@echo "make test-vm the package in a virtual machine: kernel, camera, GPIO, power cut (as root)"
	@echo "make setup   install missing Debian packages: $(PACKAGES)"

# Installs what is missing: says what, and asks first when somebody is there to answer.
setup: needed = $(PACKAGES)
setup-deb: needed = $(DEB_PACKAGES)
setup-systemd: needed = $(SYSTEMD_PACKAGES)
setup setup-deb setup-systemd:
	@missing=""; for p in $(needed); do \
	    dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ]; then sudo=""; elif command -v sudo >/dev/null; then sudo=sudo; \
	else echo "missing Debian packages:$$missing; install them as root: apt-get install$$missing" >&2; exit 1; fi; \
	echo "missing Debian packages, to be installed with apt-get:$$missing"; \
	if [ -t 0 ] && [ -t 1 ]; then printf 'go on? [Y/n] '; read -r answer; \
	    case "$$answer" in ''|[Yy]*) ;; *) echo "nothing installed" >&2; exit 1;; esac; fi; \
	$$sudo apt-get update -q && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing

build: setup
	$(SWIFT_BUILD)

demo: build
	.build/release/jidoka demo

# Finished runs are kept: the same command goes on after an interruption.
bench-accuracy: build
	.build/release/jidoka bench accuracy --out .build/bench-accuracy $(ARGS)

# Nothing here needs '@testable': with it everything would be compiled twice.
test: setup
	swift test -c release --disable-testable-imports

# The table is printed whether or not the tests pass.
test-faults: setup
	mkdir -p .build
	rm -f .build/faults.jsonl .build/faults*.xml
	JIDOKA_FAULT_TABLE=$(CURDIR)/.build/faults.jsonl swift test -c release --disable-testable-imports \
	    --xunit-output .build/faults.xml --filter 'FaultTests|ReconnectTests|GPIOFailureTests'; status=$$?; \
	Tests/faults/table.py .build/faults.jsonl .build/faults*.xml || status=1; exit $$status

# dpkg-buildpackage would put its files beside the checkout.
deb: setup-deb
	mkdir -p .build/deb
	DEB_DESTDIR=$(CURDIR)/.build/deb dpkg-buildpackage -b -us -uc \
	    --buildinfo-file=.build/deb/jidoka.buildinfo --buildinfo-option=-u$(CURDIR)/.build/deb \
	    --changes-file=.build/deb/jidoka.changes --changes-option=-u$(CURDIR)/.build/deb
	debian/rules clean
	lintian --fail-on error --info .build/deb/jidoka.changes

test-systemd: deb setup-systemd
	Tests/systemd/run.sh

# Exit status 2 of the script (no verdict) is lost in make's own: who needs it calls the script.
test-vm: deb
	Tests/machine/run.sh .build/deb/jidoka_*.deb

lint:
	swift format lint --strict --recursive Package.swift Sources Tests

format:
	swift format --in-place --recursive Package.swift Sources Tests

clean:
	rm -rf .build demo-out
