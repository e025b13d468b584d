# make run    installs what is missing, builds, and runs a real command under a tie
# make test   the same set-up, then every test, on this kernel and on Debian kernels in QEMU
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

# In CI a warning is an error.
WERROR = $(if $(CI),ON,OFF)

TO_BUILD = g++ cmake libcli11-dev libfmt-dev nlohmann-json3-dev
TO_TEST = $(TO_BUILD) doctest-dev rapidjson-dev qemu-system-x86 busybox-static cpio \
  redis-tools daemonize tini dumb-init catatonit bubblewrap zsh fish bash-completion mandoc man-db \
  lintian file python3 nodejs
TO_README = $(TO_TEST) tmux jq procps librsvg2-bin fonts-dejavu-core \
  pngquant
TO_LINT = $(TO_TEST) clang clang-format clang-tidy

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
configure = cmake -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release -DTETHER_WERROR=$(WERROR)

# `make -j test` would have two installations by apt at once.
.NOTPARALLEL:

.PHONY: all run build completions test test-build test-vm survivors survivors-vm bench lint sanitize \
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

test-build:
	$(call need,$(TO_TEST))
	@$(configure) -DTETHER_TESTS=ON -DTETHER_SANITIZED=$(CURDIR)/build/sanitize
	@cmake --build $(BUILD) -j $(JOBS) -- --no-print-directory

test: test-build sanitize
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

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
	@git ls-files 'src/*.[ch]pp' 'tests/*.[ch]pp' | xargs clang-format --dry-run --Werror
	@cmake --preset clang -DTETHER_TESTS=ON >/dev/null
	@git ls-files 'src/*.cpp' 'tests/*.cpp' | \
	  xargs -P $(JOBS) -n 1 clang-tidy --quiet -p build/clang

sanitize:
	$(call need,$(TO_TEST))
	@cmake --preset sanitize >/dev/null
	@cmake --build build/sanitize -j $(JOBS) -- --no-print-directory

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

# The parts of README.md that are made from real runs, or some: PARTS="picture costs".
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
