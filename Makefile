# The only commands to remember; `make` alone lists them. Logic longer than a few lines is in scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN := .venv/bin
PY := $(BIN)/python
PYTEST := $(PY) -m pytest
READY := .venv/.ready

# With this, even a kill -9 of make itself ends the product (Linux; elsewhere Ctrl-C and TERM do).
WITH_MAKE = $(shell command -v setpriv >/dev/null && echo setpriv --pdeathsig TERM)

.PHONY: help
help: ## List these commands
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do printf '  make %-20s %s\n' "$$name" "$$text"; done

# --- use it -------------------------------------------------------------------------------------------

.PHONY: setup run demo demo-alertmanager
setup: $(READY) ## Make or renew the environment in .venv, build the screens and install the git hook
	@scripts/build-screens.sh

$(READY): uv.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh && touch $@

run: setup ## Start Faultline here: gateway, worker, Valkey, Flower (Ctrl-C stops all)
	@$(WITH_MAKE) $(BIN)/faultline up

demo: setup ## Send sample alerts to the running product
	@$(BIN)/faultline demo

demo-alertmanager: setup ## Fire a real Prometheus and Alertmanager into a product of its own
	@scripts/system-packages.sh prometheus prometheus-alertmanager
	@$(PY) -m tests.e2e.demo_alertmanager

# --- in containers --------------------------------------------------------------------------------------

COMPOSE = $(shell docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)

.PHONY: up down logs
up: ## Build the images and run Faultline in containers; http://127.0.0.1:8080. PROFILE=observability adds Prometheus and Grafana
	@export FAULTLINE_REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown); \
		$(COMPOSE) $(if $(PROFILE),--profile $(PROFILE)) up -d --build --wait && echo "http://127.0.0.1:$${FAULTLINE_PORT:-8080}, the admin token:" && $(COMPOSE) exec -T gateway cat /data/admin-token

down: ## Stop the containers; what they keep stays in their volumes
	@$(COMPOSE) --profile observability down

logs: ## Follow what the containers say
	@$(COMPOSE) --profile observability logs -f --tail 100

# --- check it -----------------------------------------------------------------------------------------

.PHONY: test check static format lint types imports deps check-docs check-isolation check-deploy hook
test: setup ## Run every test: isolation, unit, contract, integration, end to end, chaos (short), fuzzing
	@scripts/system-packages.sh prometheus prometheus-alertmanager chromium || true
	$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder tests

check: setup static check-docs check-isolation test-unit test-contract ## Every check but the long tests: about two minutes in sum

static: setup lint types imports deps ## What can be said without running anything: format, style, types, arrows, dependencies

format: setup ## Format the code and fix what can be fixed by itself
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: setup ## Check format and style
	$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: setup ## Check types: mypy strict, and those of the screens' scripts where they could be built
	$(BIN)/mypy
	@cd services/gateway/ui/web && { [ ! -d node_modules ] || ../../../../scripts/node.sh node_modules/typescript/bin/tsc --noEmit; }

imports: setup ## Check the arrows between packages
	$(BIN)/lint-imports

deps: setup ## Check declared dependencies: all together, then each service against its own extra
	$(PY) -m scripts.check_deps

check-docs: setup ## Check that docs name every setting, error code, command and endpoint
	$(PYTEST) -q tests/docs

check-isolation: setup ## Import each service with nothing but its own extra; prove where packages come from
	$(PYTEST) -q tests/architecture

check-deploy: setup ## Check what a deployment is made of: Compose file, Dockerfiles, Prometheus, Alertmanager, alerts and their tests
	@scripts/check-deploy.sh

hook: setup ## Check what is staged as the git hook does: no change of behaviour without its docs
	$(PY) -m scripts.docs_hook

# --- tests, one kind at a time ------------------------------------------------------------------------

.PHONY: test-unit test-contract test-integration e2e chaos fuzz-api coverage
test-unit: setup ## Tests without any I/O
	$(PYTEST) -q tests/unit

test-contract: setup ## One behaviour suite a port, run on every implementation
	$(PYTEST) -q tests/contract

test-integration: setup ## A real store, broker and worker
	$(PYTEST) tests/integration

e2e: setup ## Stories over HTTP against the whole product
	$(PYTEST) tests/e2e

.PHONY: test-cluster
test-cluster: setup ## Read-only suite against any cluster: KUBECONFIG=path, CONTEXT=name where it is not the current one
	@test -r "$(KUBECONFIG)" || { echo "KUBECONFIG=path names the cluster to test; there is no file '$(KUBECONFIG)'" >&2; exit 2; }
	CLUSTER_UNDER_TEST="$(KUBECONFIG)" CONTEXT_UNDER_TEST="$(CONTEXT)" $(PYTEST) -o addopts=--import-mode=importlib \
		-p no:cacheprovider -p no:randomly --force-enable-socket tests/cluster

.PHONY: test-cluster-actions
test-cluster-actions: setup ## Changes a throw-away namespace and one node of a cluster: KUBECONFIG=path CONTEXT=name; IMAGE, NODE, WAIT
	@test -r "$(KUBECONFIG)" || { echo "KUBECONFIG=path names the cluster to change; there is no file '$(KUBECONFIG)'" >&2; exit 2; }
	@test -n "$(CONTEXT)" || { echo "CONTEXT=name says which cluster is changed: nothing takes a default context" >&2; exit 2; }
	CLUSTER_TO_CHANGE="$(KUBECONFIG)" CONTEXT_TO_CHANGE="$(CONTEXT)" IMAGE_TO_RUN="$(IMAGE)" NODE_TO_CORDON="$(NODE)" \
		SECONDS_TO_WAIT="$(WAIT)" $(PYTEST) -o addopts=--import-mode=importlib \
		-p no:cacheprovider -p no:randomly --force-enable-socket tests/cluster_actions

.PHONY: test-ui screenshots
test-ui: setup ## The screens in a real browser, against the whole product (part of `make test` too)
	@scripts/system-packages.sh chromium || true
	$(PYTEST) tests/ui tests/unit/gateway/ui

screenshots: setup ## Write pictures of every screen, both themes, wide and narrow, to FOLDER (default: .screenshots)
	@scripts/system-packages.sh chromium
	@$(PY) -m tests.ui.screenshots $(or $(FOLDER),.screenshots)

.PHONY: compose-test
compose-test: setup ## Build the images, run and kill them on a real container engine; says so where there is none
	$(PYTEST) -s -p no:randomly tests/compose

chaos: setup ## 5,000 deliveries while everything is killed at random (under 5 minutes); prints the counts
	$(PY) -m tests.chaos.run

fuzz-api: setup ## Schemathesis against every operation of the running gateway; EXAMPLES=20 for more as each role
	FUZZ_EXAMPLES=$(EXAMPLES) $(PYTEST) tests/fuzz

coverage: setup ## Unit and contract tests with branch coverage
	$(PYTEST) -q tests/unit tests/contract --cov --cov-report=term

# --- measure it ---------------------------------------------------------------------------------------

.PHONY: bench bench-store bench-intake bench-grouping bench-api bench-graph bench-rules bench-ui bench-dx
bench: bench-store bench-intake bench-grouping bench-api bench-graph bench-rules bench-ui ## Every benchmark but bench-dx

bench-store: setup ## The store at 1,000, 10,000 and 100,000 incidents
	@$(PY) -m tests.bench.bench_store

bench-intake: setup ## Alertmanager bodies through gateway, broker and worker
	@$(PY) -m tests.bench.bench_intake

bench-grouping: setup ## What rules cost a signal, at 10 to 200 rules and 100 to 10,000 open incidents
	@$(PY) -m tests.bench.bench_grouping

bench-api: setup ## Read, search, patch and append over HTTP at 10,000 and 100,000 incidents
	@$(PY) -m tests.bench.bench_api

bench-dx: setup ## Diagnose a dumped cluster whose faults are known: DATA=path of a folder or tar.gz
	@$(PY) -m tests.bench.bench_dx $(DATA)

bench-graph: setup ## Read clusters of 1,000 to 20,000 pods and draw their graphs, beside plain orjson and the official client
	@$(PY) -m tests.bench.bench_graph

bench-ui: setup ## Scripts a page loads, the inbox over 100,000 incidents, the layout of a graph of 500 entities
	@scripts/system-packages.sh chromium
	@$(PY) -m tests.bench.bench_inbox
	@$(PY) -m tests.bench.bench_layout

bench-rules: setup ## All rules on namespaces of 2,500 and 10,000 pods of which half are broken
	@$(PY) -m tests.bench.bench_rules

# --- generated pages ----------------------------------------------------------------------------------

.PHONY: docs openapi clean
docs: setup ## Write the generated pages anew: settings table, CLI reference, OpenAPI, surface
	$(PY) -m scripts.docs_pages
	$(PY) -m tests.docs.examples

openapi: setup ## Write docs/openapi.json anew
	$(PY) -m services.gateway.openapi > docs/openapi.json

clean: ## Remove the environment, the built screens and all caches; data/ stays
	rm -rf services/gateway/ui/assets services/gateway/ui/web/node_modules .node .tools
	rm -rf .venv .make .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .schemathesis .coverage
	find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +
