# SPDX-License-Identifier: Apache-2.0

# Everything is built once, optimised: numeric code without optimisation is too slow to test.
SWIFT_BUILD = swift build -c release
PACKAGES = pkg-config libopenblas-dev libjpeg-dev libpng-dev libv4l-dev libsystemd-dev libsqlite3-dev libmd-dev

.PHONY: help setup build demo test lint format clean

help:
	@echo "make demo    learn synthetic parts, run a line, stop it on a defect (under 3 minutes after the build)"
	@echo "make test    every test that needs no special machine"
	@echo "make lint    format check"
	@echo "make setup   install missing Debian packages: $(PACKAGES)"

# Installs what is missing: says what, and asks first when somebody is there to answer.
setup:
	@missing=""; for p in $(PACKAGES); do \
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

test: setup
	swift test -c release

lint:
	swift format lint --strict --recursive Package.swift Sources Tests

format:
	swift format --in-place --recursive Package.swift Sources Tests

clean:
	rm -rf .build demo-out
