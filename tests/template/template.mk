.PHONY: test-template e2e

test-template: build ## Test what only this template promises, on ./handler
	HANDLER=./$(BINARY) cargo test --test template

e2e: build node ## Test with func and Azurite, or with the host at HOST=http://127.0.0.1:7071
	@node tests/template/e2e.mjs
