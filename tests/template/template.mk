# The make targets and tests that only the template's own repository has.

TESTS := --workspace
TEMPLATE_KNOWN := FUZZ_ROUNDS HOST HANDLER

.PHONY: bench fuzz test-release e2e

bench: build ## Measure size, start, memory, latency and throughput on this machine
	@$(AS_RELEASE); HANDLER="./$$BINARY" cargo bench --quiet "$${as_release[@]}" --bench bench

fuzz: rust ## Run the fuzz tests for longer
	@set -o pipefail; FUZZ_ROUNDS="$${FUZZ_ROUNDS:-200000}" cargo test --release --test machinery fuzz:: | tee /dev/stderr | \
	    grep '^test result: ok\. [1-9]' >/dev/null || { echo "the fuzz tests failed, or there were none" >&2; exit 1; }

test-release: rust ## Run the machinery's tests, compiled as the release binary is
	@$(AS_RELEASE); $(AT_ONCE) cargo test --release "$${as_release[@]}" --test machinery

e2e: node ## Test under the real host at HOST, http://127.0.0.1:7071 by default, with Azurite
	@node tests/template/e2e.mjs
