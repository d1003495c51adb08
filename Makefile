# make: what there is to make. The commands need a POSIX shell (on Windows: Git Bash).

SYSTEM := $(shell uname -s)
ARCH := $(patsubst arm64,aarch64,$(shell uname -m))
WINDOWS := $(filter MINGW% MSYS% CYGWIN%,$(SYSTEM))

# What to build for: on Linux a static binary, which runs whatever the machine's libc; elsewhere the machine itself.
ifeq ($(SYSTEM),Linux)
TARGET = $(ARCH)-unknown-linux-musl
endif
# What Azure runs.
AZURE := x86_64-unknown-linux-musl

HANDLER := handler$(if $(WINDOWS),$(if $(findstring linux,$(TARGET)),,.exe))
FUNCTIONS := $(patsubst %/function.json,%,$(wildcard */function.json))
AZURITE_PORT := 10001

help: ## Show this list
	@grep -E '^[a-z0-9]+:.*## ' Makefile | sed -E 's/^([a-z0-9]+):.*## /\1	/' | awk -F'	' '{ printf "make %-9s %s\n", $$1, $$2 }'

build: rust ## Build the release binary, ./handler
	@rm -f $(HANDLER)
	@if [ -z "$(TARGET)" ]; then \
	    cargo build --release && cp target/release/$(HANDLER) $(HANDLER); \
	elif [ -d "$$(rustc --print sysroot)/lib/rustlib/$(TARGET)/lib" ] || rustup target add $(TARGET) 2>/dev/null; then \
	    cargo build --release --target $(TARGET) && cp target/$(TARGET)/release/handler $(HANDLER); \
	elif [ "$(TARGET)" = "$(ARCH)-unknown-linux-musl" ] && [ "$(SYSTEM)" = Linux ]; then \
	    echo "rustup cannot add $(TARGET): building against this machine's glibc, statically"; \
	    RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --target $(ARCH)-unknown-linux-gnu && \
	        cp target/$(ARCH)-unknown-linux-gnu/release/handler $(HANDLER); \
	else \
	    echo "rustup cannot add $(TARGET): is it installed (https://rustup.rs), and is there a network?" >&2; exit 1; \
	fi

run: build ## Build, and start the handler alone, without Azure, on port 8080
	@./$(HANDLER)

test: rust ## Run the tests
	cargo test

lint: rust ## Check the formatting, and the code with clippy
	@cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	@cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

bench: build ## Measure size, start, memory, latency and throughput on this machine (a minute)
	@HANDLER=$(HANDLER) cargo bench --quiet --bench bench

fuzz: rust ## Run the fuzz tests for longer
	FUZZ_ROUNDS=200000 cargo test --release --test it fuzz

start: build node ## Build, and run the function app under func, with Azurite for its queues
	@func=$$(command -v func || echo "npx --yes --package azure-functions-core-tools@4 func"); \
	if ! $(LISTENS) $(AZURITE_PORT); then \
	    echo "starting Azurite, its data in .azurite"; \
	    npx --yes azurite@3 --silent --skipApiVersionCheck --location .azurite & azurite=$$!; \
	    trap 'kill $$azurite 2>/dev/null' EXIT; trap 'exit 130' INT TERM; \
	    until $(LISTENS) $(AZURITE_PORT); do kill -0 $$azurite || exit 1; sleep 0.2; done; \
	fi; \
	$$func start

publish: need-func ## Build for Azure and publish to the function app APP: make publish APP=name
	@[ -n "$(APP)" ] || { echo "which app? make publish APP=name" >&2; exit 1; }
	@$(MAKE) --no-print-directory azure
	@func azure functionapp publish $(APP); status=$$?; $(MAKE) --no-print-directory build && exit $$status

package: ## Build for Azure and pack deploy.zip, for az functionapp deployment source config-zip
