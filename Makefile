# SPDX-License-Identifier: MIT
#
# make            everything, under build/: the programs in build/bin; OPENMP= builds for one core
# make check      the tests on that build, but for exhaustive ones; only TESTS=tests/noisemask.bats, say
# make asan       the tests on a sanitized build
# make asan-clang the same with clang, which checks more
# make lint       checks of the sources        make bench    speed and memory beside other programs
# make fuzz       fuzz targets for clang's libFuzzer, in build/fuzz/bin; scripts/fuzz runs them
# make cross-arm64, cross-armhf, cross-s390x: for other architectures; scripts/check-cross runs them
# make install    PREFIX (/usr/local) and DESTDIR as usual; uninstall, clean
# make dist       what is committed as build/stackpbm-VERSION.tar.gz
# make deb        Debian packages of that, in build/deb; DEB_BUILD_OPTIONS as usual

VERSION = 0.2.0
PREFIX = /usr/local
CFLAGS = -O3 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
LDFLAGS = -pie -Wl,-z,relro -Wl,-z,now
PKG_CONFIG = pkg-config

BINDIR = $(PREFIX)/bin
LIBEXECDIR = $(PREFIX)/libexec/stackpbm
MANDIR = $(PREFIX)/share/man
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
SANITIZE = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
DEFINES = -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -DSTACKPBM_VERSION='"$(VERSION)"'
# The first two let compilers vectorise loops with square roots or conditions, and change no result.
# The third makes results the same on machines that can multiply and add in one step.
ARITHMETIC = -fno-math-errno -fno-trapping-math -ffp-contract=off $(SSE)
# On 32-bit x86 the SSE registers do so, because they round each operation.
SSE := $(shell $(CC) -E -dM -x c /dev/null | sed -n 's/^\#define __i386__ .*/-msse2 -mfpmath=sse/p')
# framealign and framefuse use all cores where the compiler has OpenMP.
openmp = $(shell echo 'int main(void) { return 0; }' | $(1) -fopenmp -o /dev/null -x c - 2>/dev/null && echo -fopenmp)
OPENMP := $(call openmp,$(CC))
# Which headers a source can include: a module of lib/ those of its own folder and of lib/base, so that
# numerics cannot depend on streams, and lib/photo also those of lib/stream and lib/noise; programs,
# test tools and fuzz targets all of them.
INCLUDES = $(if $(filter lib/%,$<),-Ilib/base $(if $(filter lib/photo/%,$<),-Ilib/stream -Ilib/noise),$(addprefix -I,$(sort $(dir $(wildcard lib/*/*.h)))))
COMPILE = $(CC) -std=c11 -fPIE $(ARITHMETIC) -MMD -MP $(INCLUDES) $(DEFINES) $(WARNINGS) \
          $(or $(OPENMP),-Wno-unknown-pragmas) $(CPPFLAGS)
LIBRARIES := $(shell $(PKG_CONFIG) --libs libpng) -lz -lnetpbm -lm -pthread

PROGRAMS := $(basename $(notdir $(wildcard cmd/*.c)))
# A tool is a source in tests/tools, or a directory of sources that has the tool's name.
TOOLS := $(basename $(notdir $(wildcard tests/tools/*.c))) \
         $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard tests/tools/*/*.c)))))
MODULES := $(basename $(wildcard lib/*/*.c))
MANPAGES := $(wildcard man/*.[157])
SCRIPTS := $(notdir $(wildcard scripts/stackjob))
LIBEXEC := $(notdir $(wildcard scripts/libexec/*))
COMMANDS := $(PROGRAMS) $(SCRIPTS)

all: $(PROGRAMS:%=build/bin/%) $(TOOLS:%=build/tools/%) $(SCRIPTS:%=build/bin/%) \
     $(LIBEXEC:%=build/libexec/stackpbm/%)

sanitized: $(PROGRAMS:%=build/asan/bin/%) $(TOOLS:%=build/asan/tools/%) \
           $(SCRIPTS:%=build/asan/bin/%) $(LIBEXEC:%=build/asan/libexec/stackpbm/%)

sanitized-clang: $(PROGRAMS:%=build/asan-clang/bin/%) $(TOOLS:%=build/asan-clang/tools/%)

build/asan-clang/%: CC = clang
build/asan-clang/%: OPENMP = $(call openmp,clang)

# One set of rules for all builds: $(1) is the build's directory, $(2) its flags.
define BUILD
$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(COMPILE) $(2) -c -o $$@ $$<

$(1)/lib/libstack.a: $$(MODULES:%=$(1)/%.o)
	$$(AR) rcs $$@ $$^

$(1)/bin/%: $(1)/cmd/%.o $(1)/lib/libstack.a
	@mkdir -p $$(@D)
	$$(CC) $(2) $$(OPENMP) -Wl,--as-needed $$(LDFLAGS) -o $$@ $$^ $$(LIBRARIES)

$$(SCRIPTS:%=$(1)/bin/%): $(1)/bin/%: scripts/%
	@mkdir -p $$(@D)
	install -m 755 $$< $$@

$$(LIBEXEC:%=$(1)/libexec/stackpbm/%): $(1)/libexec/stackpbm/%: scripts/libexec/%
	@mkdir -p $$(@D)
	install -m 755 $$< $$@

-include $$(wildcard $(1)/cmd/*.d $(1)/lib/*/*.d $(1)/tests/*/*.d $(1)/tests/*/*/*.d)
endef

# The rule for tool $(3) of that build.
define TOOL
$(1)/tools/$(3): $(patsubst %.c,$(1)/%.o,$(wildcard tests/tools/$(3).c tests/tools/$(3)/*.c)) \
                 $(1)/lib/libstack.a
	@mkdir -p $$(@D)
	$$(CC) $(2) $$(OPENMP) -Wl,--as-needed $$(LDFLAGS) -o $$@ $$^ $$(LIBRARIES)
endef

$(eval $(call BUILD,build,$$(CFLAGS)))
$(eval $(call BUILD,build/asan,$$(SANITIZE)))
$(eval $(call BUILD,build/asan-clang,$$(SANITIZE)))
$(foreach tool,$(TOOLS),$(eval $(call TOOL,build,$$(CFLAGS),$(tool))))
$(foreach tool,$(TOOLS),$(eval $(call TOOL,build/asan,$$(SANITIZE),$(tool))))
$(foreach tool,$(TOOLS),$(eval $(call TOOL,build/asan-clang,$$(SANITIZE),$(tool))))

# Two tools draw the same random numbers.
$(foreach build,build build/asan build/asan-clang,$(eval \
    $(build)/tools/makemosaic: $(build)/tests/tools/makestack/random.o))

%/bin/framealign: LIBRARIES += -lfftw3f
%/bin/framein: LIBRARIES += -ljpeg -ltiff -lraw
%/bin/frameout: LIBRARIES += -ljpeg -ltiff -lraw -lz

TESTS =
check: all
	sh scripts/test build $(TESTS)

# The tests of the filters; those of the scripts would run the same code again.
SANITIZED_TESTS = $(PROGRAMS:%=tests/%.bats) tests/files.bats tests/mosaic.bats tests/pipeline.bats
asan: sanitized
	sh scripts/test build/asan $(SANITIZED_TESTS)

asan-clang: sanitized-clang
	sh scripts/test build/asan-clang $(PROGRAMS:%=tests/%.bats) tests/pipeline.bats

lint:
	sh scripts/lint

bench: all
	sh scripts/bench

# The programs for another architecture, in build/ARCHITECTURE; its libraries are those of
# build/sysroot/ARCHITECTURE, which scripts/check-cross fetches.
define CROSS
$(call BUILD,build/$(1),$$(CFLAGS))
build/$(1)/%: OPENMP =
build/$(1)/%: CC = $(2)-gcc --sysroot=build/sysroot/$(1)
build/$(1)/%: AR = $(2)-ar
.PHONY: cross-$(1)
cross-$(1): $(PROGRAMS:%=build/$(1)/bin/%)
endef

$(eval $(call CROSS,arm64,aarch64-linux-gnu))
$(eval $(call CROSS,armhf,arm-linux-gnueabihf))
$(eval $(call CROSS,s390x,s390x-linux-gnu))

# A fuzz target is a source in tests/fuzz; fuzz.c is part of each. It wraps the functions that would
# end the program, so that they only end a run.
FUZZERS := $(filter-out fuzz,$(basename $(notdir $(wildcard tests/fuzz/*.c))))
FUZZ = $(SANITIZE) -O2 -DSIMD_PORTABLE -fsanitize=fuzzer-no-link
FUZZ_WRAPPED = exit fopen fopen64 fdopen fclose sysconf
FUZZ_LINK = -fsanitize=fuzzer,address,undefined $(FUZZ_WRAPPED:%=-Wl,--wrap=%)

$(eval $(call BUILD,build/fuzz,$$(FUZZ)))
build/fuzz/%: CC = clang
build/fuzz/%: OPENMP =

$(FUZZERS:%=build/fuzz/bin/%): build/fuzz/bin/%: build/fuzz/tests/fuzz/%.o \
                               build/fuzz/tests/fuzz/fuzz.o build/fuzz/lib/libstack.a
	@mkdir -p $(@D)
	$(CC) $(FUZZ_LINK) $(LDFLAGS) -o $@ $^ $(LIBRARIES) -lfftw3f -ljpeg -ltiff

.PHONY: fuzz
fuzz: $(FUZZERS:%=build/fuzz/bin/%)

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(BASHDIR) \
	           $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR) \
	           $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 $(DESTDIR)$(MANDIR)/man7
	install $(COMMANDS:%=build/bin/%) $(DESTDIR)$(BINDIR)
	install $(LIBEXEC:%=build/libexec/stackpbm/%) $(DESTDIR)$(LIBEXECDIR)
	for page in $(MANPAGES); do \
	    install -m 644 "$$page" "$(DESTDIR)$(MANDIR)/man$${page##*.}" || exit 1; done
	install -m 644 completion/_stackpbm $(DESTDIR)$(ZSHDIR)
	for command in $(COMMANDS); do \
	    install -m 644 completion/stackpbm.bash "$(DESTDIR)$(BASHDIR)/$$command" && \
	    install -m 644 completion/stackpbm.fish "$(DESTDIR)$(FISHDIR)/$$command.fish" || exit 1; done

uninstall:
	cd $(DESTDIR)$(BINDIR) && rm -f $(COMMANDS)
	cd $(DESTDIR)$(BASHDIR) && rm -f $(COMMANDS)
	cd $(DESTDIR)$(FISHDIR) && rm -f $(COMMANDS:%=%.fish)
	rm -f $(DESTDIR)$(ZSHDIR)/_stackpbm
	rm -rf $(DESTDIR)$(LIBEXECDIR)
	for page in $(MANPAGES); do \
	    rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}" || exit 1; done

clean:
	rm -rf build

# The bytes depend on the commit alone: files belong to root and have its time, modes leave out the
# umask, and gzip adds neither a name nor the time.
DIST = stackpbm-$(VERSION)
dist:
	@git diff --quiet HEAD || echo "dist: what is not committed is left out" >&2
	@mkdir -p build
	git -c tar.umask=0022 archive --format=tar --prefix=$(DIST)/ -o build/$(DIST).tar HEAD
	gzip -9nf build/$(DIST).tar

# The packages' build knows nothing of how this make was called.
deb: dist
	rm -rf build/deb
	mkdir -p build/deb
	tar -C build/deb -xzf build/$(DIST).tar.gz
	cd build/deb/$(DIST) && env -u MAKEFLAGS -u MAKEOVERRIDES -u MAKELEVEL dpkg-buildpackage -us -uc
	rm -rf build/deb/$(DIST)

.PHONY: all sanitized sanitized-clang check asan asan-clang lint bench install uninstall clean
.PHONY: dist deb
.SECONDARY:
