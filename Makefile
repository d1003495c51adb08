# The commands need a POSIX system's tools and bash; on Windows, Git Bash has them.
SHELL := bash
SYSTEM := $(shell uname -s)
ARCH := $(patsubst arm64,aarch64,$(shell uname -m))
WINDOWS := $(filter MINGW% MSYS% CYGWIN%,$(SYSTEM))

.DEFAULT_GOAL := help
# What only the template's own repository has; `make mine` removes it.
-include tests/template/template.mk

# What to build for: on Linux a static binary, which runs with any libc, elsewhere the machine itself.
TARGET := $(if $(filter Linux,$(SYSTEM)),$(ARCH)-unknown-linux-musl)
# What Azure runs.
AZURE := x86_64-unknown-linux-musl

# A binary for musl is linked by the linker that comes with Rust, so that any machine can build it.
# The other flags save a third of its size: no backtraces (release_binary, muldefs; no_backtraces.rs in
# src/server/tuning) 219 KB, less inlining, with as many instructions per request, 30 KB, a fixed
# address 20 KB, frame pointers, which shorten the tables for unwinding, 5 KB, --icf=all 4 KB. In
# .cargo/config.toml they would break a plain `cargo build` on Alpine.
MUSL_FLAGS := -C linker=rust-lld -C link-arg=--icf=all -C relocation-model=static -C force-frame-pointers=yes \
    -C llvm-args=-inline-threshold=50 -C llvm-args=-inlinehint-threshold=200 --cfg release_binary -C link-arg=-zmuldefs
NO_MUSL_C := a package here compiles C code, and there is no C compiler for musl: install musl-tools (apt), musl-gcc (dnf), \
    or on macOS filosottile/musl-cross/musl-cross (brew)
NO_OPENSSL := openssl-sys needs an OpenSSL built for musl: use rustls instead, which most packages have as a feature \
    (reqwest = { version = ..., default-features = false, features = [ \"rustls\" ] })

EXE := $(if $(WINDOWS),$(if $(findstring linux,$(TARGET)),,.exe))
# The binary's name is host.json's, where comments do not count. A path is for make check to refuse.
NAMED := $(shell sed -E 's,^(([^"/]|"([^"\]|\\.)*"|/[^/"])*)//.*,\1,' host.json 2>/dev/null | tr '\r\n\t' '   ' | \
    sed -nE 's,/\*([^*]|\*[^/])*\*/, ,g; s/.*"defaultExecutablePath" *: *"([^"]*)".*/\1/p')
NAMED := $(or $(notdir $(NAMED)),handler)
BINARY := $(patsubst %.exe.exe,%.exe,$(NAMED)$(EXE))
INTO := $(BINARY)

# What the user has written after `make`; a NAME in the environment does not count. The values reach
# commands as environment variables, never as a part of a line for the shell.
WRITTEN := $(foreach name,$(.VARIABLES),$(if $(findstring command,$(origin $(name))),$(name)))
WRITTEN := $(filter-out CARGO% RUST%,$(WRITTEN))
KNOWN := APP ATTACH AUTH DEBUG FIX IN INTO METHODS NAME OUT PORT ROUTE SCHEDULE TARGET TIMERS TRIGGER VERBOSE
OTHERS := $(filter-out $(KNOWN) $(TEMPLATE_KNOWN),$(WRITTEN))
ifneq ($(OTHERS),)
$(error there is no variable $(OTHERS) here; there are $(KNOWN))
endif
export WRITTEN TARGET BINARY INTO

# `make start DEBUG=1` builds with what a debugger needs. Many environments have a DEBUG too.
RELEASE := $(if $(filter command,$(origin DEBUG)),,--release)
ifeq ($(RELEASE),)
TARGET =
endif

# For the shell: how the release binary is compiled, as `target` and `as_release`. Cargo joins flags
# for `cfg(all())` with those of .cargo/config.toml, but for its `build.rustflags`. RUSTFLAGS in the
# environment would replace all of these.
AS_RELEASE = target="$$TARGET"; flags="$(if $(findstring musl,$(TARGET)),$(MUSL_FLAGS))"; \
    if [ -n "$$target" ] && [ ! -d "$$(rustc --print sysroot)/lib/rustlib/$$target/lib" ] && ! rustup target add "$$target" 2>/dev/null; then \
        if [ "$(SYSTEM) $$target" != "Linux $(ARCH)-unknown-linux-musl" ]; then \
            echo "rustup cannot add $$target: is rustup installed (https://rustup.rs), and is there a network?" >&2; exit 1; \
        fi; \
        echo "rustup cannot add $$target: building a static binary with this machine's glibc"; \
        target=$(ARCH)-unknown-linux-gnu; flags="-C target-feature=+crt-static"; \
    fi; \
    as_release=(--target-dir target $${target:+--target "$$target"}); \
    if [ -n "$$flags" ] && [ -n "$$RUSTFLAGS" ]; then export RUSTFLAGS="$$RUSTFLAGS $$flags"; \
    elif [ -n "$$flags" ]; then unset RUSTFLAGS; \
        as_release+=(--config "target.'cfg(all())'.rustflags=[$$(printf '"%s",' $$flags)]"); \
    fi

# Tests mostly wait, so six of them run at once.
AT_ONCE := RUST_TEST_THREADS=$${RUST_TEST_THREADS:-6}

AZURITE := $(if $(shell command -v azurite),azurite,npx --yes --prefer-offline --package azurite@3.37.0 azurite)
FUNC := $(if $(shell command -v func),func,npx --yes --prefer-offline --package azure-functions-core-tools@4 func)
LISTENS := node -e 'require("net").connect(10001,"127.0.0.1").on("connect",()=>process.exit(0)).on("error",()=>process.exit(1))'

.PHONY: help build run mine new remove check test lint start publish package clean rust node azure

help: ## Show this list
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

# The old binary is removed first, so that only what this build made is copied. It is `cp`, because
# a host that watches the file (make start) does not notice a `mv` over it.
build: rust ## Build the release binary, ./handler
	@if [ "$$(head -c 2 "$$INTO" 2>/dev/null | tr -d '\0')" = '#!' ]; then \
	    echo "host.json names $$INTO as the handler, and that is a script: make build would overwrite it" >&2; exit 1; \
	fi; $(AS_RELEASE); \
	build() { cargo build $(RELEASE) "$${as_release[@]}" "$$@"; }; \
	built=target/$${target:+$$target/}$(if $(RELEASE),release,debug)/handler$(EXE); rm -f "$$built"; \
	if ! build; then \
	    case "$$(build --quiet 2>&1)" in \
	        *openssl-sys*) echo "$(NO_OPENSSL)" >&2 ;; \
	        *"failed to find tool"*musl*) echo "$(NO_MUSL_C)" >&2 ;; \
	    esac; exit 1; \
	fi; \
	if [ ! -f "$$built" ]; then echo "cargo built no $$built: [[bin]] in Cargo.toml has to say name = \"handler\"" >&2; exit 1; fi; \
	rm -f "$$INTO" && cp "$$built" "$$INTO"

# ATTACH=8080 uses the handler that listens there, such as one in a debugger.
run: rust ## Run the whole app here, without Azure: http://localhost:7071, or PORT=7072; it reloads
	@echo "This is a stand-in for the Functions host, for development only. Ctrl-C ends it."
	@$(if $(ATTACH),,cargo build --workspace --bins --example table)
	@cargo run --quiet -p stand-in -- run $(if $(PORT),--port "$$PORT") $(if $(ATTACH),--attach "$$ATTACH") \
	    $(if $(TIMERS),--timers "$$TIMERS") $(if $(VERBOSE),--verbose "$$VERBOSE")

check: rust ## Check that folders, functions and settings fit together; FIX=1 brings each tool.json into its function.json
	@cargo run --quiet -p stand-in -- check

new: rust ## Add a function: make new NAME=ingest TRIGGER=queue OUT=blob
	@cargo run --quiet -p stand-in -- new

remove: rust ## Take a function away: make remove NAME=ingest
	@cargo run --quiet -p stand-in -- remove

mine: rust ## Make this template your own app: make mine NAME=my-app
	@cargo run --quiet -p stand-in -- mine

test: rust ## Run the tests
	$(AT_ONCE) cargo test $(or $(TESTS),--test functions)

lint: rust ## Check the formatting, and the code with clippy
	@cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	@cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings

# func and Azurite run in process groups of their own, so that all of it ends when make or this
# shell gets a signal.
start: check build node ## Build, and run the app under func, with Azurite for its storage
	@case "$$($(FUNC) --version 2>/dev/null)" in \
	    [5-9].*) echo "this func runs no custom handlers: npm i -g azure-functions-core-tools@4" >&2; exit 1 ;; \
	esac; \
	groups=; \
	end() { \
	    trap '' INT TERM HUP; \
	    for group in $$groups; do kill -- -$$group 2>/dev/null; done; \
	    for i in 1 2 3 4 5 6 7 8 9; do for group in $$groups; do kill -0 -- -$$group 2>/dev/null && sleep 0.2; done; done; \
	    for group in $$groups; do kill -9 -- -$$group 2>/dev/null; done; \
	}; \
	trap end EXIT; trap 'exit 130' INT; trap 'exit 143' TERM HUP; \
	if ! $(LISTENS); then \
	    echo "starting Azurite, with its data in .azurite"; set -m; \
	    $(AZURITE) --silent --skipApiVersionCheck --disableTelemetry --location .azurite </dev/null & azurite=$$!; groups=$$!; set +m; \
	    until $(LISTENS); do kill -0 $$azurite 2>/dev/null || { echo "Azurite does not start" >&2; exit 1; }; sleep 0.2; done; \
	fi; \
	export AzureFunctionsJobHost__watchFiles__0="$$BINARY"; \
	$(if $(EXE),export AzureFunctionsJobHost__customHandler__description__defaultExecutablePath="$$BINARY";) \
	set -m; $(FUNC) start </dev/null & func=$$!; groups="$$! $$groups"; set +m; wait $$func

publish: rust ## Build for Azure, and publish to an app there: make publish APP=name
	@case "$(if $(filter APP,$(WRITTEN)),$$APP)" in \
	    "") echo "say which app: make publish APP=name" >&2; exit 1 ;; \
	    -* | *[!a-zA-Z0-9-]*) echo "APP is not the name of an app: it has letters, digits and -" >&2; exit 1 ;; \
	esac
	@command -v func >/dev/null || { echo "func is missing: npm i -g azure-functions-core-tools@4" >&2; exit 1; }
	@$(MAKE) --no-print-directory azure
	@cd target/publish && FUNCTIONS_WORKER_RUNTIME=custom func azure functionapp publish "$$APP"

package: azure ## Build for Azure, and pack deploy.zip for az functionapp deployment source config-zip
	@mv target/publish.zip deploy.zip && echo "packed deploy.zip: $$(wc -c <deploy.zip) bytes"

# target/publish is what is published, and target/publish.zip the same: the handler, and what
# .funcignore lets through. In a folder of its own, because a host may be running ./handler.
azure: check
	@$(MAKE) --no-print-directory build TARGET=$(AZURE) INTO=target/handler-for-azure
	@cargo run --quiet -p stand-in -- azure

# target/removed, where make remove keeps functions, stays.
clean: rust ## Delete what was built
	@if [ ! -d target/removed ]; then cargo clean; \
	else find target -mindepth 1 -maxdepth 1 ! -name removed -exec rm -rf {} +; fi
	@[ "$${CARGO_TARGET_DIR:-target}" -ef target ] || cargo clean
	@rm -f deploy.zip; [ "$$(head -c 2 "$$BINARY" 2>/dev/null | tr -d '\0')" = '#!' ] || rm -f "$$BINARY"
	@for kept in target/removed .local .azurite; do \
	    [ ! -e $$kept ] || echo "$$kept stays; to empty it: rm -rf $$kept"; \
	done

rust:
	@command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
	@[ -n "$(WINDOWS)" ] || command -v cc >/dev/null || { echo "a linker is missing: install gcc or clang" >&2; exit 1; }

node:
	@command -v npx >/dev/null || { echo "Node.js is missing, for Azurite: install 22 or later from https://nodejs.org" >&2; exit 1; }

