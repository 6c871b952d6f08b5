# Thin over ./raseed, which needs nothing but Python 3.11 or newer with its venv module.
.PHONY: run test check

run:
	@./raseed run $(ARGS)

test:
	@./raseed test $(ARGS)

check:
	@./raseed check $(ARGS)
