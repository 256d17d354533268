# SPDX-License-Identifier: GPL-2.0
#
# Builds and tests mbox; "make help" says what there is. All that is generated
# goes below build/:
#
#	build/KERNEL/module-src	the module for KERNEL, which is the name of one of
#				build/kernels or the release of the tree in KDIR
#	build/KERNEL/floor-src	what bench measures it beside, likewise
#	build/libmbox, build/tools, build/demo, build/bench, build/selftests
#	build/kernels/KERNEL	kernels to test on, see scripts/kernel
#	build/linux		what we use of the kernel's sources

MAKEFLAGS += --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

V ?= 0
ifneq ($(V),1)
Q := @
MAKEFLAGS += -s
endif

BUILD := $(CURDIR)/build

# The kernel that the module is built for: the running one, or, where there are
# no headers of that, Debian's newest 6.1
default_kdir := /lib/modules/$(shell uname -r)/build
ifeq ($(wildcard $(default_kdir)/Makefile),)
default_kdir = $(lastword $(shell printf '%s\n' /usr/src/linux-headers-6.1*-amd64 | sort -V))
endif
KDIR ?= $(default_kdir)
have_kdir = $(wildcard $(KDIR)/Makefile)
release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h)

# The kernel that a guest runs, see scripts/kernel
KERNEL ?= 6.1
guest_kdir = $(BUILD)/kernels/$(KERNEL)/kdir

PREFIX ?= /usr/local
DESTDIR ?=
override DESTDIR := $(if $(DESTDIR),$(abspath $(DESTDIR)))

# for the harness of the tests, and checkpatch
LINUX_SOURCE := /usr/src/linux-source-6.1.tar.xz
LINUX := $(CURDIR)/build/linux
KSELFTEST := $(LINUX)/tools/testing/selftests/mbox

all:

help:
	@sed -n 's/^## \?//p' Makefile

## Targets:
##   all           the module for the kernel in KDIR, the library, mboxctl
##   module        the module alone: build/mbox.ko
##   lib, tools    libmbox and mboxctl
##   selftests     the test programs
##   check         run the tests in a guest on the kernel KERNEL
##   check-debug   the same on a kernel built to find mistakes
##   demo          see it work, in a guest, on real files
##   bench         measure it beside its peers, in guests (some minutes)
##   bench-check   has it become slower than in the run that was accepted last?
##   bench-profile where the instructions of a CASE of bench go, by function
##   bench-accept  accept the last full run of bench
##   lint          what compilers, sparse, checkpatch and shellcheck find
##   install       into DESTDIR, under PREFIX; the module for KDIR
##   clean         remove what was built, but not the kernels to test on
##   distclean     remove build/, but not the kernel cache (MBOX_CACHE)
##
## Variables:
##   KDIR=dir          kernel tree to build the module for (default: that of
##                     the running kernel, or Debian's newest 6.1)
##   KERNEL=name       kernel of the guest: 6.1 (default), 6.1-debug, 6.12, 6.12-rt
##   TESTS="a b"       run these tests only
##   V=1               show commands, and all output of the tests
##   ACCEL=kvm|tcg     how qemu runs the guest (default: kvm where it works)
##   GUEST_TIMEOUT=s   seconds that a guest may take, TEST_TIMEOUT=s a program
##   GUEST_ENV="A=b"   environment of the tests, such as MBOX_CALLS=100000
##   DEMO_INPUT=dir    files for the demo
##   CASE="a b"        bench these only: oneway, batch, roundtrip, priority, type,
##                     mailboxes, receivers, memory, pairs, pingpong, or one of a
##                     size (roundtrip-64). KERNEL then is 6.1 and 6.12, if not given
##   TRANSPORT=name    of bench-profile: pipe, sysv, ... (default mbox)
##   CGROUP=memory     of bench-profile (default root)
##   PREFIX, DESTDIR   for install (default /usr/local)

# --- building ----------------------------------------------------------------
#
# What people call sees to the packages first; what ends in -build needs them.

# Kbuild writes next to the sources. So it gets a tree of links for each kernel,
# in which files that come and go are followed. BTF would need a vmlinux.
# $(call build_module,NAME,KDIR,ARGUMENTS)
define build_module
	@echo "Building the module for $(1)"
	$(Q)mkdir -p $(BUILD)/$(1)/module-src/module
	$(Q)ln -sfn $(CURDIR)/Kbuild $(CURDIR)/uapi $(BUILD)/$(1)/module-src/
	$(Q)ln -sf $(CURDIR)/module/*.[ch] $(BUILD)/$(1)/module-src/module/
	$(call kbuild,$(BUILD)/$(1)/module-src,$(2),$(3))
endef

# What mbox is measured beside, likewise; for guests alone.
define build_floor
	$(Q)mkdir -p $(BUILD)/$(1)/floor-src
	$(Q)ln -sfn $(CURDIR)/uapi $(CURDIR)/module $(BUILD)/$(1)/floor-src/
	$(Q)ln -sf $(CURDIR)/bench/floor/* $(BUILD)/$(1)/floor-src/
	$(call kbuild,$(BUILD)/$(1)/floor-src,$(2),$(3))
endef

# $(call kbuild,DIRECTORY,KDIR,ARGUMENTS)
define kbuild
	$(Q)find $(1) -xtype l -delete
	+$(Q)$(MAKE) -C $(2) M=$(1) CONFIG_DEBUG_INFO_BTF_MODULES= $(3) modules
endef

# More than one make may be at work in a clone: one at a time builds.
locked = mkdir -p $(BUILD) && flock $(BUILD)/lock $(MAKE)

all module:
	$(Q)scripts/packages module $(if $(have_kdir),,headers) $(if $(filter all,$@),tools)
	+$(Q)$(locked) module-build $(if $(filter all,$@),tools-build)

lib tools selftests:
	$(Q)scripts/packages $@
	+$(Q)$(locked) $@-build

module-build:
	$(if $(have_kdir),,$(error There is no kernel tree in KDIR='$(KDIR)'))
	$(call build_module,$(release),$(KDIR))
	$(Q)ln -sf $(release)/module-src/mbox.ko $(BUILD)/mbox.ko
	$(if $(filter $(release),$(shell uname -r)),,@echo "Note: build/mbox.ko is for $(release), not for the running kernel")

lib-build:
	$(Q)$(MAKE) -C libmbox O=$(BUILD)/libmbox all

tools-build: lib-build
	$(Q)$(MAKE) -C tools O=$(BUILD)/tools LIBMBOX=$(BUILD)/libmbox all

demo-build: lib-build
	$(Q)$(MAKE) -C demo O=$(BUILD)/demo LIBMBOX=$(BUILD)/libmbox all

bench-build: lib-build
	$(Q)$(MAKE) -C bench O=$(BUILD)/bench LIBMBOX=$(BUILD)/libmbox all

selftests-build: $(LINUX)/complete
	$(Q)mkdir -p $(BUILD)/selftests
	$(Q)$(MAKE) -C selftests OUTPUT=$(BUILD)/selftests KSELFTEST=$(KSELFTEST) all

# Headers do not have these, the sources do. To read the archive to its end
# takes a while: done once for each version of it.
$(LINUX)/complete: $(LINUX_SOURCE)
	@echo "Unpacking the test harness from $<"
	$(Q)rm -rf $(LINUX)
	$(Q)mkdir -p $(KSELFTEST)
	$(Q)tar -x -f $< -C $(LINUX) --strip-components=1 --wildcards \
		'*/tools/testing/selftests/kselftest*.h' \
		'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
		'*/scripts/const_structs.checkpatch'
	$(Q)touch $@

# --- running -----------------------------------------------------------------

check demo:
	$(Q)scripts/packages $@ $(KERNEL)
	+$(Q)$(locked) guest-$@-build
	$(Q)selftests/qemu/run $@ $(KERNEL)

# on both of these, unless told
bench_kernels = $(if $(filter file,$(origin KERNEL)),6.1 6.12,$(KERNEL))

bench bench-check:
	$(Q)scripts/packages bench $(bench_kernels)
	+$(Q)for kernel in $(bench_kernels); do \
		$(locked) guest-bench-build KERNEL=$$kernel || exit 1; \
	done
	$(Q)bench/run $(if $(filter bench,$@),full,check) $(bench_kernels)

bench-profile:
	$(Q)scripts/packages bench $(KERNEL)
	+$(Q)$(locked) guest-bench-build
	$(Q)bench/profile/run $(KERNEL)

bench-accept:
	$(Q)bench/run accept

check-debug:
	$(Q)$(MAKE) check KERNEL=6.1-debug

guest-module-build: guest-kernel
	$(call build_module,$(KERNEL),$(guest_kdir))

guest-floor-build: guest-kernel
	$(call build_floor,$(KERNEL),$(guest_kdir))

guest-kernel:
	$(Q)scripts/kernel $(KERNEL)

guest-check-build: guest-module-build tools-build selftests-build
guest-demo-build: guest-module-build demo-build
guest-bench-build: guest-module-build guest-floor-build bench-build

lint:
	$(Q)scripts/packages lint $(KERNEL)
	+$(Q)status=0; \
	$(locked) -k lint-build || status=1; \
	scripts/lint $(LINUX)/scripts/checkpatch.pl || status=1; \
	exit $$status

lint_kbuild = W=1 C=2 KCFLAGS=-Werror CF=-Wsparse-error

# Always from nothing: what was compiled before would not be looked at again.
lint-build: $(LINUX)/complete guest-kernel
	$(Q)rm -rf $(BUILD)/lint
	$(call build_module,lint,$(guest_kdir),$(lint_kbuild))
	$(call build_floor,lint,$(guest_kdir),$(lint_kbuild))
	$(Q)$(MAKE) lib-build tools-build demo-build bench-build \
		selftests-build \
		BUILD=$(BUILD)/lint CFLAGS='-O2 -g -Werror'

install: all
	$(Q)$(MAKE) -C libmbox O=$(BUILD)/libmbox DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) install
	$(Q)$(MAKE) -C tools O=$(BUILD)/tools LIBMBOX=$(BUILD)/libmbox \
		DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) install
	$(Q)install -D -m 644 $(BUILD)/mbox.ko \
		$(DESTDIR)/lib/modules/$(release)/extra/mbox.ko
	$(if $(DESTDIR),,$(Q)depmod $(release) && ldconfig)

clean:
	$(Q)find build -mindepth 1 -maxdepth 1 ! -name kernels ! -name linux \
		-exec rm -rf {} + 2>/dev/null || true

distclean:
	$(Q)rm -rf build

.PHONY: all help module lib tools selftests check check-debug demo bench \
	bench-check bench-profile bench-accept lint install clean distclean module-build lib-build \
	tools-build demo-build bench-build selftests-build lint-build guest-kernel \
	guest-module-build guest-floor-build guest-check-build guest-demo-build guest-bench-build
