.PHONY: test-template e2e

test-template: build ## Test what only this template promises, and the samples of ./handler
	cargo test --test template
	HANDLER=./$(BINARY) cargo test --test machinery documented::

e2e: build node ## Test with func and Azurite, or with the host at HOST=http://127.0.0.1:7071
	@node tests/template/e2e.mjs
