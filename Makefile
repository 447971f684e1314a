# Everything starts here. Needs make and Python 3.11; the rest is installed into .venv.
.DEFAULT_GOAL := help
bin := .venv/bin
export PYTHON

.PHONY: help setup run demo test test-long check fix bench agent-score docs packages site openapi lock changelog clean

help: ## Print this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install everything into .venv (at once when nothing changed)
	@scripts/setup

run: setup ## Start the server on 127.0.0.1:8080 and let it send itself a code
	@$(bin)/watchword-server serve --selfcheck

demo: setup ## Send, deliver and verify one code against a throw-away server, step by step
	@$(bin)/watchword-server demo

test: setup ## Run the tests
	@scripts/services
	@$(bin)/pytest -n 2 --dist loadfile

test-long: setup ## Run the tests that take minutes
	@scripts/services large
	@scripts/vendors
	@$(bin)/pytest -m long

check: setup ## Check format, lint, types, import contracts, docs and generated files
	@$(bin)/ruff format --check --quiet
	@$(bin)/ruff check --quiet
	@$(bin)/mypy --no-error-summary
	@$(bin)/lint-imports --no-logo
	@$(bin)/python scripts/check_docs.py
	@$(bin)/watchword-server openapi --check spec/openapi.json
	@$(bin)/watchword-server openapi --errors --check spec/errors.json
	@$(bin)/watchword-server openapi --events --check spec/events
	@$(bin)/watchword-server openapi --tools --check spec/tools.json
	@$(bin)/watchword-server openapi --tools --check sdk/python/src/watchword/tools.json
	@$(bin)/python scripts/node_sdk.py --check

fix: setup ## Format, and mend what the linter can
	@$(bin)/ruff check --quiet --fix-only
	@$(bin)/ruff format --quiet

bench: setup ## Run the benchmarks against their floors
	@scripts/services
	@$(bin)/python -m bench

agent-score: setup ## Score how agents get along with docs, SDKs, MCP, skills and tools
	@scripts/services large
	@scripts/vendors
	@$(bin)/python -m bench.agent_score

docs: setup ## Check the documentation: links, anchors, code fences
	@$(bin)/python scripts/check_docs.py

packages: setup ## Build every Python package into dist/
	@$(bin)/python scripts/packages.py

site: setup ## Build the documentation as a static site into build/site
	@$(bin)/python scripts/static_site.py

openapi: setup ## Write spec/ from the tables, and from it the operations of sdk/node
	@$(bin)/watchword-server openapi --output spec/openapi.json
	@$(bin)/watchword-server openapi --errors --output spec/errors.json
	@$(bin)/watchword-server openapi --events --output spec/events
	@$(bin)/watchword-server openapi --tools --output spec/tools.json
	@$(bin)/watchword-server openapi --tools --output sdk/python/src/watchword/tools.json
	@$(bin)/python scripts/node_sdk.py

lock: ## Write requirements.lock anew (needs uv; newest releases: make lock UPGRADE=--upgrade)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --exclude-newer '1 week' --group build --group test --group check --group site $(UPGRADE) --custom-compile-command 'make lock' \
	  --no-emit-package watchword --no-emit-package watchword-server \
	  server/pyproject.toml sdk/python/pyproject.toml mcp/pyproject.toml --output-file requirements.lock > /dev/null

changelog: setup ## Print what changelog.d holds (release: make changelog RELEASE=0.1.0)
	@$(bin)/python scripts/changelog.py $(RELEASE)

clean: ## Remove .venv and every cache
	@rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
