# SPDX-License-Identifier: MIT
#
# make            everything, under build/: the programs in build/bin
# make check      the tests on that build      make asan     the tests on a sanitized build
# make asan-clang the same with clang, which checks more
# make lint       checks of the sources        make bench    speed and memory beside other programs
# make fuzz       fuzz targets for clang's libFuzzer, in build/fuzz/bin; scripts/fuzz runs them
# make install    PREFIX (/usr/local) and DESTDIR as usual; uninstall, clean

VERSION = 0.1.0
PREFIX = /usr/local
CFLAGS = -O3 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
LDFLAGS = -pie -Wl,-z,relro -Wl,-z,now
PKG_CONFIG = pkg-config

BINDIR = $(PREFIX)/bin
LIBEXECDIR = $(PREFIX)/libexec/stackpbm
MANDIR = $(PREFIX)/share/man
COMPLETIONDIR = $(PREFIX)/share/bash-completion/completions

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
SANITIZE = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
DEFINES = -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 -DSTACKPBM_VERSION='"$(VERSION)"'
# The first two let compilers vectorise loops with square roots or conditions, and change no result.
# The third makes results the same on machines that can multiply and add in one step.
ARITHMETIC = -fno-math-errno -fno-trapping-math -ffp-contract=off $(SSE)
# On 32-bit x86 the SSE registers do so, because they round each operation.
SSE := $(shell $(CC) -E -dM -x c /dev/null | sed -n 's/^\#define __i386__ .*/-msse2 -mfpmath=sse/p')
# Which headers a source can include: a module of lib/ those of its own folder and of lib/base, so that
# numerics cannot depend on streams; programs, test tools and fuzz targets all of them.
INCLUDES = $(if $(filter lib/%,$<),-Ilib/base,$(addprefix -I,$(sort $(dir $(wildcard lib/*/*.h)))))
COMPILE = $(CC) -std=c11 -fPIE $(ARITHMETIC) -MMD -MP $(INCLUDES) $(DEFINES) $(WARNINGS) $(CPPFLAGS)
LIBRARIES := $(shell $(PKG_CONFIG) --libs libpng) -lnetpbm -lm

PROGRAMS := $(basename $(notdir $(wildcard cmd/*.c)))
# A tool is a source in tests/tools, or a directory of sources that has the tool's name.
TOOLS := $(basename $(notdir $(wildcard tests/tools/*.c))) \
         $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard tests/tools/*/*.c)))))
MODULES := $(basename $(wildcard lib/*/*.c))
MANPAGES := $(wildcard man/*.[157])
SCRIPTS := $(notdir $(wildcard scripts/stackjob))
LIBEXEC := $(notdir $(wildcard scripts/libexec/*))
COMPLETION := completion/stackpbm.bash
COMMANDS := $(PROGRAMS) $(SCRIPTS)

all: $(PROGRAMS:%=build/bin/%) $(TOOLS:%=build/tools/%) $(SCRIPTS:%=build/bin/%) \
     $(LIBEXEC:%=build/libexec/stackpbm/%)

sanitized: $(PROGRAMS:%=build/asan/bin/%) $(TOOLS:%=build/asan/tools/%) \
           $(SCRIPTS:%=build/asan/bin/%) $(LIBEXEC:%=build/asan/libexec/stackpbm/%)

sanitized-clang: $(PROGRAMS:%=build/asan-clang/bin/%) $(TOOLS:%=build/asan-clang/tools/%)

build/asan-clang/%: CC = clang

# One set of rules for all builds: $(1) is the build's directory, $(2) its flags.
define BUILD
$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(COMPILE) $(2) -c -o $$@ $$<

$(1)/lib/libstack.a: $$(MODULES:%=$(1)/%.o)
	$$(AR) rcs $$@ $$^

$(1)/bin/%: $(1)/cmd/%.o $(1)/lib/libstack.a
	@mkdir -p $$(@D)
	$$(CC) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LIBRARIES)

$$(SCRIPTS:%=$(1)/bin/%): $(1)/bin/%: scripts/%
	@mkdir -p $$(@D)
	install -m 755 $$< $$@

$$(LIBEXEC:%=$(1)/libexec/stackpbm/%): $(1)/libexec/stackpbm/%: scripts/libexec/%
	@mkdir -p $$(@D)
	install -m 755 $$< $$@

-include $$(wildcard $(1)/*/*.d $(1)/*/*/*.d $(1)/tests/*/*/*.d)
endef

# The rule for tool $(3) of that build.
define TOOL
$(1)/tools/$(3): $(patsubst %.c,$(1)/%.o,$(wildcard tests/tools/$(3).c tests/tools/$(3)/*.c)) \
                 $(1)/lib/libstack.a
	@mkdir -p $$(@D)
	$$(CC) $(2) $$(LDFLAGS) -o $$@ $$^ $$(LIBRARIES)
endef

$(eval $(call BUILD,build,$$(CFLAGS)))
$(eval $(call BUILD,build/asan,$$(SANITIZE)))
$(eval $(call BUILD,build/asan-clang,$$(SANITIZE)))
$(foreach tool,$(TOOLS),$(eval $(call TOOL,build,$$(CFLAGS),$(tool))))
$(foreach tool,$(TOOLS),$(eval $(call TOOL,build/asan,$$(SANITIZE),$(tool))))
$(foreach tool,$(TOOLS),$(eval $(call TOOL,build/asan-clang,$$(SANITIZE),$(tool))))

build/bin/framealign build/asan/bin/framealign build/asan-clang/bin/framealign: LIBRARIES += -lfftw3f

check: all
	sh scripts/test build

asan: sanitized
	sh scripts/test build/asan

asan-clang: sanitized-clang
	sh scripts/test build/asan-clang $(PROGRAMS:%=tests/%.bats) tests/pipeline.bats

lint:
	sh scripts/lint

bench: all
	sh scripts/bench

# A fuzz target is a source in tests/fuzz; fuzz.c is part of each. It wraps the functions that would
# end the program, so that they only end a run.
FUZZERS := $(filter-out fuzz,$(basename $(notdir $(wildcard tests/fuzz/*.c))))
FUZZ = $(SANITIZE) -O2 -DSIMD_PORTABLE -fsanitize=fuzzer-no-link
FUZZ_WRAPPED = exit fopen fopen64 fdopen fclose
FUZZ_LINK = -fsanitize=fuzzer,address,undefined $(FUZZ_WRAPPED:%=-Wl,--wrap=%)

$(eval $(call BUILD,build/fuzz,$$(FUZZ)))
build/fuzz/%: CC = clang

$(FUZZERS:%=build/fuzz/bin/%): build/fuzz/bin/%: build/fuzz/tests/fuzz/%.o \
                               build/fuzz/tests/fuzz/fuzz.o build/fuzz/lib/libstack.a
	@mkdir -p $(@D)
	$(CC) $(FUZZ_LINK) $(LDFLAGS) -o $@ $^ $(LIBRARIES) -lfftw3f -lz

.PHONY: fuzz
fuzz: $(FUZZERS:%=build/fuzz/bin/%)

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(COMPLETIONDIR) \
	           $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
	           $(DESTDIR)$(MANDIR)/man7
	install $(COMMANDS:%=build/bin/%) $(DESTDIR)$(BINDIR)
	install $(LIBEXEC:%=build/libexec/stackpbm/%) $(DESTDIR)$(LIBEXECDIR)
	for page in $(MANPAGES); do \
	    install -m 644 "$$page" "$(DESTDIR)$(MANDIR)/man$${page##*.}" || exit 1; done
	for command in $(COMMANDS); do \
	    install -m 644 $(COMPLETION) "$(DESTDIR)$(COMPLETIONDIR)/$$command" || exit 1; done

uninstall:
	cd $(DESTDIR)$(BINDIR) && rm -f $(COMMANDS)
	cd $(DESTDIR)$(COMPLETIONDIR) && rm -f $(COMMANDS)
	rm -rf $(DESTDIR)$(LIBEXECDIR)
	for page in $(MANPAGES); do \
	    rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}" || exit 1; done

clean:
	rm -rf build

.PHONY: all sanitized sanitized-clang check asan asan-clang lint bench install uninstall clean
.SECONDARY:
