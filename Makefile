# The commands need a POSIX system's tools and bash; on Windows, Git Bash has them.
SHELL := bash
SYSTEM := $(shell uname -s)
ARCH := $(patsubst arm64,aarch64,$(shell uname -m))
WINDOWS := $(filter MINGW% MSYS% CYGWIN%,$(SYSTEM))

# What to build for. On Linux a static binary, which runs with any libc; elsewhere, by default, the machine itself.
ifeq ($(SYSTEM),Linux)
TARGET = $(ARCH)-unknown-linux-musl
endif
# What Azure runs.
AZURE := x86_64-unknown-linux-musl

# A binary for musl is linked by the linker that comes with Rust, so that any machine can build it. The rest saves a third of its
# size: no_backtraces.rs in src/server/tuning 219 KB, inlining less than by default 30 (with as many instructions a request), a fixed
# address 20, frame pointers, with which the tables for unwinding are shorter, 5, and --icf=all (functions of equal code are one)
# 4. In .cargo/config.toml these would break a plain `cargo build` on Alpine.
MUSL_FLAGS := -C linker=rust-lld -C link-arg=--icf=all -C relocation-model=static -C force-frame-pointers=yes \
    -C llvm-args=-inline-threshold=50 -C llvm-args=-inlinehint-threshold=200 --cfg release_binary -C link-arg=-zmuldefs
NO_MUSL_C := a package here compiles C code, and there is no C compiler for musl: install musl-tools (apt), musl-gcc (dnf), \
    or on macOS filosottile/musl-cross/musl-cross (brew)

EXE := $(if $(WINDOWS),$(if $(findstring linux,$(TARGET)),,.exe))
# The binary's name is host.json's. Lines that are comments do not count, and a path is for make check to refuse.
NAMED := $(shell sed -e 's,^[[:space:]]*//.*,,' host.json | tr '\r\n\t' '   ' | \
    sed -nE 's/.*"defaultExecutablePath" *: *"([^"]*)".*/\1/p')
NAMED := $(or $(notdir $(NAMED)),handler)
BINARY := $(patsubst %.exe.exe,%.exe,$(NAMED)$(EXE))
INTO := $(BINARY)
FUNCTIONS := $(patsubst %/function.json,%,$(wildcard */function.json))

# `make start DEBUG=1`: with what a debugger needs. Only from the command line: many a shell has a DEBUG of its own.
RELEASE := $(if $(filter command,$(origin DEBUG)),,--release)
ifeq ($(RELEASE),)
TARGET =
endif

# For the shell: how the release binary is compiled, as `target` and RUSTFLAGS.
AS_RELEASE = target="$(TARGET)"; flags="$(if $(findstring musl,$(TARGET)),$(MUSL_FLAGS))"; \
    if [ -n "$$target" ] && [ ! -d "$$(rustc --print sysroot)/lib/rustlib/$$target/lib" ] && ! rustup target add $$target 2>/dev/null; then \
        if [ "$(SYSTEM) $$target" != "Linux $(ARCH)-unknown-linux-musl" ]; then \
            echo "rustup cannot add $$target: is rustup installed (https://rustup.rs), and is there a network?" >&2; exit 1; \
        fi; \
        echo "rustup cannot add $$target: building a static binary with this machine's glibc"; \
        target=$(ARCH)-unknown-linux-gnu; flags="-C target-feature=+crt-static"; \
    fi; \
    if [ -n "$$flags" ]; then export RUSTFLAGS="$$RUSTFLAGS $$flags"; fi

# The tests of the user's functions, and where this is the template itself those of the machinery.
TESTS := --test functions $(if $(wildcard tests/template/machinery),--test machinery)
# They wait most of the time.
AT_ONCE := RUST_TEST_THREADS=$${RUST_TEST_THREADS:-6}

AZURITE := $(or $(shell command -v azurite),npx --yes --prefer-offline --package azurite@3.37.0 azurite)
FUNC := $(or $(shell command -v func),npx --yes --prefer-offline --package azure-functions-core-tools@4 func)
LISTENS := node -e 'require("net").connect(10001,"127.0.0.1").on("connect",()=>process.exit(0)).on("error",()=>process.exit(1))'

# What the user has written after `make`: an environment may hold a NAME of its own.
written = $(if $(filter command,$(origin $(1))),$($(1)))

.PHONY: help build run mine new remove check test test-release lint bench fuzz start publish package clean rust node azure

help: ## Show this list
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

# Out goes the old binary, so that none is copied which this build did not make. `cp`, because a host that watches the file
# (make start) does not see a `mv` over it.
build: rust ## Build the release binary, ./handler
	@$(AS_RELEASE); \
	build() { cargo build $(RELEASE) --target-dir target $${target:+--target $$target} "$$@"; }; \
	built=target/$${target:+$$target/}$(if $(RELEASE),release,debug)/handler$(EXE); rm -f "$$built"; \
	if ! build; then \
	    if build --quiet 2>&1 | grep -qE 'failed to find tool.*musl'; then echo "$(NO_MUSL_C)" >&2; fi; exit 1; \
	fi; \
	if [ ! -f "$$built" ]; then echo "cargo built no $$built: [[bin]] in Cargo.toml has to say name = \"handler\"" >&2; exit 1; fi; \
	rm -f "$(INTO)" && cp "$$built" "$(INTO)"

# ATTACH=8080 uses the handler that listens there, in a debugger for one.
run: rust ## Run the whole app here, without Azure: http://localhost:7071, or PORT=7072; it reloads
	@echo "This is a stand-in for the Functions host, for development only. Ctrl-C ends it."
	@$(if $(ATTACH),,cargo build --workspace --bins --example table)
	@cargo run --quiet -p stand-in -- run $(if $(PORT),--port $(PORT)) $(if $(ATTACH),--attach $(ATTACH))

check: rust ## Check that folders, functions and settings fit together
	@cargo run --quiet -p stand-in -- check

new: rust ## Add a function: make new NAME=ingest TRIGGER=queue OUT=blob
	@cargo run --quiet -p stand-in -- new "$(call written,NAME)" "$(call written,TRIGGER)" "$(call written,OUT)"

remove: rust ## Take a function away: make remove NAME=ingest
	@cargo run --quiet -p stand-in -- remove "$(call written,NAME)"

mine: rust ## Make this template your own app: make mine NAME=my-app
	@cargo run --quiet -p stand-in -- mine "$(call written,NAME)"

test: rust ## Run the tests
	$(AT_ONCE) cargo test --lib $(TESTS)
	cargo test --doc
	cargo test --package stand-in

test-release: rust ## Run the machinery's tests, compiled as the release binary is
	@$(AS_RELEASE); $(AT_ONCE) cargo test --release --target-dir target $${target:+--target $$target} --test machinery

lint: rust ## Check the formatting, and the code with clippy
	@cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	@cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings

bench: build ## Measure size, start, memory, latency and throughput on this machine
	@$(AS_RELEASE); HANDLER="./$(BINARY)" cargo bench --quiet --target-dir target $${target:+--target $$target} --bench bench

fuzz: rust ## Run the fuzz tests for longer
	@set -o pipefail; FUZZ_ROUNDS=$(or $(FUZZ_ROUNDS),200000) cargo test --release --test machinery fuzz:: | tee /dev/stderr | \
	    grep '^test result: ok\. [1-9]' >/dev/null || { echo "the fuzz tests failed, or there were none" >&2; exit 1; }

start: check build node ## Build, and run the app under func, with Azurite for its queues
	@if ! $(LISTENS); then \
	    echo "starting Azurite, with its data in .azurite"; \
	    set -m; $(AZURITE) --silent --skipApiVersionCheck --disableTelemetry --location .azurite & azurite=$$!; set +m; \
	    trap 'kill -- -$$azurite 2>/dev/null; sleep 1; kill -9 -- -$$azurite 2>/dev/null' EXIT; trap 'exit 130' INT TERM; \
	    until $(LISTENS); do kill -0 $$azurite 2>/dev/null || { echo "Azurite does not start" >&2; exit 1; }; sleep 0.2; done; \
	fi; \
	export AzureFunctionsJobHost__watchFiles__0=$(BINARY); \
	$(if $(EXE),export AzureFunctionsJobHost__customHandler__description__defaultExecutablePath=$(BINARY);) $(FUNC) start

publish: rust ## Build for Azure, and publish to an app there: make publish APP=name
	@[ -n "$(call written,APP)" ] || { echo "say which app: make publish APP=name" >&2; exit 1; }
	@command -v func >/dev/null || { echo "func is missing: npm i -g azure-functions-core-tools@4" >&2; exit 1; }
	@$(MAKE) --no-print-directory azure
	@cd target/publish && FUNCTIONS_WORKER_RUNTIME=custom func azure functionapp publish $(call written,APP)

# On Windows zip loses the executable bit, without which the host cannot start the handler.
package: azure ## Build for Azure, and pack deploy.zip for az functionapp deployment source config-zip
	@rm -f deploy.zip && cd target/publish && \
	if [ -z "$(WINDOWS)" ] && command -v zip >/dev/null; then zip -qrD ../../deploy.zip .; \
	elif command -v func npx >/dev/null; then \
	    FUNCTIONS_WORKER_RUNTIME=custom $(FUNC) pack --output .. && mv ../publish.zip ../../deploy.zip; \
	else \
	    echo "nothing to pack with: install zip (not on Windows), or func: npm i -g azure-functions-core-tools@4" >&2; exit 1; \
	fi
	@cargo run --quiet -p stand-in -- check-zip deploy.zip

# What is packed and published, and nothing else, in a folder of its own: a host may be running ./handler. Refused where it
# would not run in Azure: not an ELF file for x86-64, or one that needs a libc.
azure: check
	@rm -rf target/publish && mkdir -p target/publish && cp -R host.json $(FUNCTIONS) target/publish
	@$(MAKE) --no-print-directory build TARGET=$(AZURE) "INTO=target/publish/$(NAMED)" && chmod +x "target/publish/$(NAMED)"
	@cd target/publish && [ "$$(od -An -tx1 -j0 -N4 "$(NAMED)" | tr -d ' ') $$(od -An -tx1 -j18 -N2 "$(NAMED)" | tr -d ' ')" = "7f454c46 3e00" ] && \
	    ! grep -aqE '/ld-(linux|musl)' "$(NAMED)" || { echo "the handler would not run in Azure: it is no static x86-64 binary" >&2; exit 1; }

clean: rust ## Delete what was built
	@cargo clean
	@rm -rf deploy.zip .azurite && rm -f "$(BINARY)"

rust:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
	@[ -n "$(WINDOWS)" ] || command -v cc >/dev/null || { echo "a linker is missing: install gcc or clang" >&2; exit 1; }

node:
	@command -v npx >/dev/null || { echo "Node.js is missing, for Azurite: install 22 or later from https://nodejs.org" >&2; exit 1; }

# What only the template's own repository promises.
-include tests/template/template.mk
