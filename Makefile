# make run    installs what is missing, builds, and runs a real command under a tie
# make test   the same set-up, then every test, on this kernel and on Debian kernels in QEMU
# make check  for whoever changes something: builds what changed and tests it on this kernel
#
# ROUNDS=10 with one of the tests: that many times the rounds in which races show, for a long night.
# `make check` takes a fifth of them, if nothing else is asked for.
#
# The rest: build, completions, test-vm KERNEL=..., survivors, survivors-vm KERNEL=..., bench, lint,
# sanitize, coverage, readme, install PREFIX=... DESTDIR=..., package, clean.

BUILD = build/release
SUITE = $(BUILD)/suite
TETHER = $(BUILD)/tether
PREFIX = /usr/local
DESTDIR ?=
JOBS = $(shell nproc)
BENCH_FLAGS =
PARTS =
KERNEL = newest
USER_IN_VM = root
CPUS = 1

# What waits is cheap: one test more at once than processors. Two more cost the virtual machines more
# than they gain.
TEST_JOBS = $(shell echo $$(($(JOBS) + 1)))

# What is written is checked in CI, too.
CLANG = clang clang-format clang-tidy
TO_BUILD = g++ cmake libcli11-dev libfmt-dev nlohmann-json3-dev
TO_TEST = $(TO_BUILD) doctest-dev rapidjson-dev qemu-system-x86 busybox-static cpio \
  redis-tools daemonize tini dumb-init catatonit bubblewrap zsh fish bash-completion mandoc man-db \
  lintian file python3 nodejs $(if $(CI),$(CLANG))
TO_README = $(TO_TEST) tmux jq procps librsvg2-bin fonts-dejavu-core \
  pngquant
TO_LINT = $(TO_TEST) $(CLANG)

# $(call need,PACKAGES): installs those that are missing; says nothing if none is, or where there is
# no dpkg and they come by other means.
need = @command -v dpkg-query >/dev/null || exit 0; missing=; for package in $(1); do \
	  dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q ' installed$$' || \
	    missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing"; \
	  root=; [ "$$(id -u)" = 0 ] || root=sudo; \
	  $$root apt-get update -q && \
	  $$root env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -q -y --no-install-recommends $$missing || exit 1; \
	fi

# A folder that was configured with tests keeps them.
without_tests = $(if $(wildcard $(BUILD)/CMakeCache.txt),,-DTETHER_TESTS=OFF)
# In CI a warning is an error whatever the compiler; with the one that CI has, it is one everywhere.
configure = cmake -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release $(if $(CI),-DTETHER_WERROR=ON)

# `make -j test` would have two installations by apt at once.
.NOTPARALLEL:

.PHONY: all run build completions test check test-build test-vm survivors survivors-vm bench lint sanitize \
  coverage readme install package clean

all: build

build:
	$(call need,$(TO_BUILD))
	@mkdir -p $(BUILD)
	@$(configure) $(without_tests) >$(BUILD)/configure.log 2>&1 || \
	  { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) --target tether -j $(JOBS) -- --no-print-directory

run: build
	@echo; echo '$$ tether --autokill --nnp --json -- uname -sr'
	@$(TETHER) --autokill --nnp --json -- uname -sr
	@echo; echo '$$ tether --features'
	@$(TETHER) --features

# How long building took is said at the end of the tests.
test-build:
	$(call need,$(TO_TEST))
	@mkdir -p $(BUILD); date +%s >$(BUILD)/began
	@$(configure) -DTETHER_TESTS=ON >$(BUILD)/configure.log 2>&1 || \
	  { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) -j $(JOBS) -- --no-print-directory
	@echo $$(($$(date +%s) - $$(cat $(BUILD)/began))) >$(BUILD)/building

test: test-build
	@tests/report/run $(BUILD) "$$(cat $(BUILD)/building)" -j $(TEST_JOBS)

check:
	$(call need,$(TO_TEST))
	@mkdir -p $(BUILD); date +%s >$(BUILD)/began
	@$(configure) -DTETHER_TESTS=ON >$(BUILD)/configure.log 2>&1 || \
	  { cat $(BUILD)/configure.log; exit 1; }
	@cmake --build $(BUILD) --target check-programs -j $(JOBS) -- --no-print-directory
	@ROUNDS=$${ROUNDS:-0.2} TETHER_PART=check tests/report/run $(BUILD) \
	  $$(($$(date +%s) - $$(cat $(BUILD)/began))) \
	  -j $$((2 * $(JOBS))) -L '^(unit|host|unprivileged|drift)$$'

# One kernel by hand, with the same report as on the host.
test-vm: test-build
	@tests/vm/run-vm --kernel=$(KERNEL) --user=$(USER_IN_VM) --cpus=$(CPUS) --suite-dir=$(SUITE)

# The table of those who live on after a wrapper is gone, from this kernel or from another one.
survivors: test-build
	@$(SUITE)/survivors

survivors-vm: test-build
	@tests/survivors/in-vm survivors --kernel=$(KERNEL) --user=$(USER_IN_VM) --timeout=1200 \
	  --suite-dir=$(SUITE)

bench:
	$(call need,$(TO_TEST))
	@$(configure) -DTETHER_TESTS=ON
	@cmake --build $(BUILD) --target tether tether-bench -j $(JOBS) -- --no-print-directory
	@$(BUILD)/bench/tether-bench --tether=$(TETHER) $(BENCH_FLAGS)

lint:
	$(call need,$(TO_LINT))
	@tests/lint/check format . build/lint
	@tests/lint/check tidy-all . build/lint

# The tests of the sanitized tether alone.
sanitize: test-build
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) -L sanitizers

# No verdict: where a test takes descriptors or the disk away, the counters' files fail as well.
coverage:
	$(call need,$(TO_TEST) gcovr)
	@cmake --preset coverage >/dev/null
	@cmake --build build/coverage -j $(JOBS) -- --no-print-directory
	@ctest --test-dir build/coverage -j $(JOBS) -LE vm -E unprivileged >/dev/null || true
	@gcovr --root . --filter src/ build/coverage

# What of the completions follows from the option table; to be committed with it.
completions:
	$(call need,$(TO_TEST))
	@$(configure) -DTETHER_TESTS=ON >/dev/null
	@cmake --build $(BUILD) --target option-rows -j $(JOBS) -- --no-print-directory
	@$(BUILD)/tests/option-rows >$(BUILD)/option-rows.tsv
	@completions/update $(BUILD)/option-rows.tsv completions

# The parts of README.md and docs that are made from real runs, or some: PARTS="picture costs".
readme: test-build
	$(call need,$(TO_README))
	@cmake --build $(BUILD) --target tether-bench -j $(JOBS) -- --no-print-directory
	@tests/readme/update $(BUILD) $(PARTS)

# Under sudo what is built is not built again: root would own it.
install: $(if $(and $(SUDO_USER),$(wildcard $(TETHER))),,build)
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD) --prefix $(PREFIX)

# A .deb and a static tarball, the same bytes from the same commit and compiler.
commit_time = $(shell git log -1 --format=%ct 2>/dev/null || date +%s)
package: export SOURCE_DATE_EPOCH := $(or $(SOURCE_DATE_EPOCH),$(commit_time))
package: build
	@cmake --build $(BUILD) --target package-files -- --no-print-directory
	@rm -rf $(BUILD)/packages
	@umask 022; cpack --config $(BUILD)/CPackConfig.cmake -B $(BUILD)/packages >$(BUILD)/package.log 2>&1 || \
	  { cat $(BUILD)/package.log; exit 1; }
	@rm -rf $(BUILD)/packages/_CPack_Packages
	@ls $(BUILD)/packages/*

clean:
	rm -rf build
