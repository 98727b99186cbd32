# bk: PostgreSQL backups that are proven to restore.
#
#   make demo    a million rows through the whole pipeline, on real servers
#   make check   the tests; both install what they need (contrib/install-deps.sh)
#   make check-all   with every example, server and major, and clang-tidy
#   make unit    the unit tests alone
#   make         the tools, into build/bin
#   make check-on SUITE=trixie   both, in a bare root of another Debian (as root)
#   make fuzz    the parsers of what comes from outside (FUZZ_SECONDS=60 each)
#   make bench   speed, side by side with the tools you would use instead
#   make torture 10,000 kills, damage, faults, wrong clocks; t/torture/run
#   make install PREFIX=/usr/local DESTDIR=   make uninstall takes it away;
#                also BINDIR=, DATADIR=, MANDIR=
#   make static  every tool as a file that runs anywhere, into build/static
#   SAN=1: AddressSanitizer and UBSan; TSAN=1: ThreadSanitizer; CC=clang;
#   ISAL=: without ISA-L.  HACKING.md has more.

CC = gcc
PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
DATADIR = $(PREFIX)/share
MANDIR = $(DATADIR)/man
JOBS := $(shell nproc 2>/dev/null || echo 2)

ifdef SAN
B = build/san
MODE = -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
else ifdef TSAN
B = build/tsan
MODE = -O1 -fsanitize=thread
else ifdef COVER
B = build/cover
MODE = -O0 --coverage -DBK_COVERAGE
COVER_OBJ = $B/obj/t/support/cover.o
COVER_LDFLAGS = -Wl,--wrap=_exit,--wrap=raise,--wrap=execve,--wrap=execl \
	-Wl,--wrap=unshare,--wrap=open
else
B = build
MODE = -O2 -D_FORTIFY_SOURCE=2
endif

HARDEN = -fstack-protector-strong -fstack-clash-protection -fPIE
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Werror=switch
ISAL := $(shell echo '\#include <isa-l.h>' | $(CC) -E - >/dev/null 2>&1 && echo 1)
PGINC := $(shell pg_config --includedir 2>/dev/null || echo /usr/include/postgresql)
INCLUDE = -I$(PGINC)
# Files beyond 2 GiB and times after 2038, on 32-bit systems too.
LARGE = -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
ALL_CFLAGS = -std=c11 -g $(MODE) $(HARDEN) $(WARN) -D_POSIX_C_SOURCE=200809L $(LARGE) \
	$(if $(ISAL),-DBK_HAVE_ISAL) -iquote lib -iquote bin $(INCLUDE) -pthread $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed -pthread $(MODE) \
	$(COVER_LDFLAGS) $(LDFLAGS)

# What build-aux/static-deps.sh has put there, see build-aux/static.sh.
ifdef STATIC
INCLUDE = -isystem $(STATIC)/include
ALL_CFLAGS += -DCURL_STATICLIB '-ffile-prefix-map=$(CURDIR)=.' \
	-ffunction-sections -fdata-sections
ALL_LDFLAGS = -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections \
	-Wl,-z,pack-relative-relocs,--build-id=none -pthread $(MODE) $(LDFLAGS) \
	-L$(STATIC)/lib $(STATIC)/lib/staticfix.o
endif

TOOLS := $(patsubst bin/%.c,$B/bin/%,$(wildcard bin/bk-*.c))
LIBOBJ := $(patsubst %.c,$B/obj/%.o,$(wildcard lib/*/*.c))
UNITS := $(patsubst t/unit/%.c,$B/t/%.t,$(wildcard t/unit/*.c))
MAN := $(wildcard man/*.[1-8])

# What the shells complete, of the tools' tables of options.
COMPLETIONS = $B/completions/bk.bash
# Where bk-run in $B/bin finds them, as it does when they are installed.
JOB_FILES := $(patsubst contrib/jobs/%,$B/share/bk/jobs/%,$(wildcard contrib/jobs/*))
all: $(TOOLS) $(COMPLETIONS) $(JOB_FILES)
$(JOB_FILES): $B/share/bk/jobs/%: contrib/jobs/%
	@mkdir -p $(@D)
	cp $< $@
$(COMPLETIONS): build-aux/completions.pl $(TOOLS)
	@mkdir -p $(@D)
	perl build-aux/completions.pl $B/bin $(@D)

# A row for each tool: the sources in bin that it has in addition to its own and
# those of all tools, and the outside libraries.  It links these and no others,
# which t/house.bats holds against the binary; -lmd is for the seal.
ISA = $(if $(ISAL),-lisal)
GZ = -ldeflate $(ISA) -lz
S3 = -lcurl -lcrypto -lexpat -ljansson
PG = -lpq -ljansson -lxxhash
bk-age = tool/receipts tool/own_tool -ljansson -lcrypto -lmd
bk-audit = audit_list audit_report audit_verify tool/zone \
	-ljansson -lcrypto -lmd
bk-base = tool/ca_file -lpq -ljansson $(ISA) -lcrypto -lmd
bk-check = check_findings check_rehearse check_settings tool/run_env \
	tool/run_job tool/run_tell
bk-crypt = -lcrypto -lmd
bk-dump = tool/ca_file tool/programs -lpq -lxxhash -lmd
bk-gz = tool/filter $(GZ) -lmd
bk-keygen = -lcrypto
bk-ls = -lmd
bk-notify = tool/ca_file -lcurl -ljansson -lmd
bk-pitr = pitr_input pitr_options pitr_place pitr_report tool/programs -lpq \
	-ljansson $(ISA) -lcrypto -lmd
bk-prune = tool/receipts tool/own_tool tool/zone -ljansson -lcrypto
bk-restore = restore_accept restore_old restore_swap tool/ca_file \
	tool/programs $(PG) -lmd
bk-rm = tool/approved -lcrypto -lmd
bk-run = run_each run_pipeline tool/own_tool tool/run_env tool/run_job \
	tool/run_tell tool/zone -ljansson
bk-s3get = tool/s3args tool/ca_file $(S3) -lmd
bk-s3ls = tool/s3args tool/ca_file $(S3)
bk-s3put = tool/s3args tool/ca_file tool/names $(S3) -lmd
bk-s3rm = tool/s3args tool/ca_file tool/approved $(S3)
bk-save = tool/names -lmd
bk-seal = seal_input -lmd
bk-stat = tool/ca_file -lpq -ljansson -lmd
bk-tee = -lmd
bk-verify = verify_levels tool/ca_file tool/programs $(PG) $(GZ) -lzstd -lcrypto \
	-lmd
bk-walget = $(ISA) -lmd
bk-walput = $(ISA) -lcrypto -lmd
bk-walrecv = tool/ca_file -lpq $(ISA) -lcrypto -lmd
bk-zst = tool/filter -lzstd -lmd
ALL_TOOLS = tool/tool tool/tool_options tool/audit_line tool/own_dir \
	tool/progress_line tool/rehearsal tool/settings tool/signals \
	tool/sandbox_tool

sources = $(filter-out -l%,$($1)) $(ALL_TOOLS)
libraries = $(filter -l%,$($1))
objects = $(patsubst %,$B/obj/bin/%.o,$(call sources,$1))
.SECONDEXPANSION:
$(TOOLS): $B/bin/%: $B/obj/bin/%.o $$(call objects,$$(@F)) $(COVER_OBJ) \
    $B/libbk.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $B/libbk.a \
	    $(call libraries,$(@F))

$(UNITS): LDLIBS = $(GZ) -lzstd $(PG) $(S3) -lssl -lcrypto
# Calls that t/unit/starve.h makes fail go by way of its object.
STARVE = $B/obj/t/support/starve.o
$(UNITS): $B/t/%.t: $B/obj/t/unit/%.o $(STARVE) $(COVER_OBJ) $B/libbk.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lmd \
	    $$(nm $(STARVE) | sed -n 's/.* T __wrap_/-Wl,--wrap=/p')

TORTURE := $B/torture/streams $B/torture/small_base
$(TORTURE): LDLIBS = $(GZ) -lzstd $(PG) $(S3)
$(TORTURE): $B/torture/%: $B/obj/t/torture/%.o $B/libbk.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS) -lmd

# Targets of fuzzing, each compiled twice: all into one TAP program, which runs
# the seeds, and alone for a fuzzer, by t/fuzz/run.sh.
FUZZERS := $(patsubst t/fuzz/%.c,%,$(wildcard t/fuzz/*.c))
FUZZLIB = $(addprefix $B/obj/t/fuzz/support/,fuzz.o heap.o answers.o) $B/libbk.a
FUZZWRAP = -Wl,--wrap=read,--wrap=__read_chk,--wrap=bk_s3_place,--wrap=bk_s3_do,--wrap=bk_cred_http,--wrap=bk_sql_result,--wrap=bk_sql_exec,--wrap=bk_sql_send,--wrap=PQserverVersion,--wrap=PQgetCopyData
FUZZLINK = mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) $(FUZZWRAP) -o $@ \
	$(filter %.o %.a,$^) $(GZ) -lzstd $(PG) $(S3) -lssl -lcrypto -lmd
$B/obj/t/fuzz/%.o: ALL_CFLAGS += -DFUZZ_NAME=$(basename $(@F)) \
	-DFUZZ_TARGETS="$(patsubst %,X(%),$(FUZZERS))"
$B/obj/t/fuzz/support/main.o: $(FUZZERS:%=t/fuzz/%.c)
UNITS += $B/t/fuzz.t
$B/t/fuzz.t: $(FUZZERS:%=$B/obj/t/fuzz/%.o) $B/obj/t/fuzz/support/main.o \
    $(FUZZLIB) $(COVER_OBJ)
	@$(FUZZLINK)
$(FUZZERS:%=$B/fuzz/%): $B/fuzz/%: $B/obj/t/fuzz/%.o $(FUZZLIB)
	@$(FUZZLINK) $(ENGINE_LIB)
fuzz: deps
	t/fuzz/run.sh

$B/libbk.a: $(LIBOBJ)
	rm -f $@
	ar rcs $@ $^

$B/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $B/obj -name '*.d' 2>/dev/null)

deps:
	sh contrib/install-deps.sh

# A second make, which sees the libraries that the first has just installed.
# Signals as they should be: nohup and such ignore some, the tests send them.
# TESTS='t/dump*.bats': those, and the units.  What is the same on each major
# of PostgreSQL is tried on BK_MAJORS; BK_MAJORS= is all of them.  A file that
# hangs is ended after 40 minutes, and has failed.  LONG is what takes minutes
# and finds little: what stands in contrib, the same on further servers, a
# gigabyte in a segment.  make check-all has that, too, and with BK_LONG the
# tests that begin with "long", and all rounds of loops of which make check runs
# each third.  All have as few descriptors as a login has: a leak is found.
LONG := $(wildcard $(patsubst %,t/%.bats,contrib_* *_versions *_servers \
    s3servers pitr_chaos))
TESTS = $(filter-out $(LONG),$(wildcard t/*.bats))
BK_MAJORS ?= 15,18
check: deps
	$(MAKE) -s -j$(JOBS) all units $(TORTURE)
	$(MAKE) -s lint
	scratch=$$(t/support/scratch.sh); ulimit -S -n 1024; \
	env --default-signal BK_BIN="$(CURDIR)/$B/bin" BK_MAJORS="$(BK_MAJORS)" \
	    PATH="$(CURDIR)/$B/bin:$$PATH" BK_TMP="$$scratch" TMPDIR="$$scratch" \
	    perl -It/support -S prove --harness Skips -j$$(($(JOBS) * 2)) --timer --failures \
	    --comments --exec 'timeout -k 30 2400' --ext .bats $(UNITS) $(TESTS)

# Which lines make check runs, and why not the others.  Servers run our tools as
# another user, who has to write down his counts as well.  Where files may not
# grow, memory is short or a sandbox is tried, the counts themselves fail a few
# tests.
cover:
	rm -rf build/cover
	-umask 0; BK_LONG=1 $(MAKE) COVER=1 check
	t/support/cover.py build/cover t/support/cover.reasons

# Do the tests notice small mistakes?  A sample of MUTANTS of them.
mutate: deps
	t/mutate/mutate.py

check-all: deps
	$(MAKE) -s -j$(JOBS) all gate
	BK_LONG=1 $(MAKE) check TESTS=t BK_MAJORS=

units: $(UNITS)

unit: units
	ulimit -S -n 1024; TMPDIR=$$(t/support/scratch.sh) prove -j$(JOBS) --failures --comments $(UNITS)

lint:
	mandoc -Tlint -W warning $(MAN)

# .clang-tidy says what is looked for.  A file is looked at again when its
# object is newer: the compiler knows its headers.  What another version of
# clang-tidy thinks fails nobody's make check: Debian 12's is the gate.
TIDY := $(shell clang-tidy --version 2>/dev/null | grep -q 'version 14\.' && echo 1)
analyze: $(patsubst %.c,$B/analyze/%.ok,$(wildcard lib/*/*.c bin/*.c bin/tool/*.c))

gate: $(if $(TIDY),analyze)
	$(if $(TIDY),,@echo "analyze: not run, as clang-tidy is not version 14")

$B/analyze/%.ok: %.c $B/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	clang-tidy --quiet $< -- $(filter-out -f% -g -O%,$(ALL_CFLAGS)) \
	    -Xclang -analyzer-config -Xclang max-nodes=40000 \
	    >$@.log 2>&1 || { cat $@.log >&2; exit 1; }
	@touch $@

demo:
	sh contrib/install-deps.sh demo
	$(MAKE) -s -j$(JOBS) all
	BK_BIN="$(CURDIR)/$B/bin" t/support/demo.sh

# MIRROR= and COMPONENTS=, if given, are in the environment.
check-on:
	t/support/check-on.sh $(SUITE)

bench: deps
	$(MAKE) -s -j$(JOBS) all
	BK_BIN="$(CURDIR)/$B/bin" t/support/bench.sh

# PARTS="kills streams", KILLS=N, SEED=N: in the environment.
torture: deps
	$(MAKE) -s -j$(JOBS) all $(TORTURE)
	BK_BIN="$(CURDIR)/$B/bin" t/torture/run

# The figures of the latest make torture, for a release.
.PHONY: figures
figures:
	@mkdir -p build/dist
	t/torture/page >build/dist/FIGURES.new
	mv build/dist/FIGURES.new build/dist/FIGURES

# The pages as HTML, into build/html.
.PHONY: html
html:
	build-aux/html.sh build/html

DIRS = "$(DESTDIR)" "$(BINDIR)" "$(DATADIR)" "$(MANDIR)"
install: all
	build-aux/install.sh install $(DIRS) $B/completions $(TOOLS)

uninstall:
	build-aux/install.sh uninstall $(DIRS)

# STATIC_MAJORS="17 18": in the environment.
static:
	CC="$(CC)" JOBS=$(JOBS) build-aux/static.sh

# As root, for chroot(2).
STATIC_TESTS = t/static
check-static: deps static
	BK_BIN="$(CURDIR)/$B/static" PATH="$(CURDIR)/$B/static:$$PATH" \
	    perl -It/support -S prove --harness Skips --timer --failures \
	    --comments --ext .bats $(STATIC_TESTS)

# Of HEAD, in build/dist: what is released, signed by SIGN_KEY, if given; its
# source alone; Debian's package.
.PHONY: dist source deb
dist:
	SIGN_KEY="$(SIGN_KEY)" CC="$(CC)" JOBS=$(JOBS) build-aux/dist.sh

source:
	build-aux/source.sh

deb:
	sh contrib/install-deps.sh deb
	build-aux/deb.sh

clean:
	rm -rf build

.PHONY: all deps check check-all units unit lint analyze gate cover mutate demo check-on bench static check-static install uninstall clean torture fuzz
