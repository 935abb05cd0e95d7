# `make` lists the targets. Everything that .ci/run checks can be run here one by one.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO ?= go
FUZZTIME ?= 30s
BENCHFLAGS ?=
CHAOSFLAGS ?=
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
IMAGE ?= logcar:$(VERSION)

# The linter is built from source once per version; TOOLS may point at a folder that outlives the checkout.
TOOLS ?= $(CURDIR)/bin
GOLANGCI_VERSION := v2.15.0
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)/golangci-lint

# What `make ci` runs, in this order.
CI_STEPS := check build check-benchmarks check-deploy race model conformance e2e

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: ## run logcar against an in-process Kafka and watch it work
	$(GO) run ./demo

.PHONY: build
build: ## build the static binary ./logcar
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o logcar ./cmd/logcar

.PHONY: image
image: ## build the container image with docker, podman or buildah
	@if docker buildx version >/dev/null 2>&1; then engine=docker; \
	elif command -v podman >/dev/null; then engine=podman; \
	elif command -v buildah >/dev/null; then engine=buildah; \
	else echo "make image: needs docker with buildx, podman or buildah" >&2; exit 1; fi; \
	set -x; $$engine build --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) --tag $(IMAGE) .

.PHONY: sbom
sbom: build ## print the SBOM of ./logcar as SPDX
	@cd deploy/tests && $(GO) run ./cmd/sbom -version $(VERSION) ../../logcar

.PHONY: test
test: ## run the tests, conformance goldens included
	$(GO) test ./...

.PHONY: race
race: ## run the tests under the race detector
	@$(call strict,CGO_ENABLED=1 $(GO) test -json -race ./...)

.PHONY: model
model: ## run thousands of random programmes against the models of the tailer and of the whole pipeline
	@$(call strict,$(GO) test -json -count=1 -run 'TestModel$$' ./tailer -model.seeds=3000)
	@$(call strict,$(GO) test -json -count=1 -run 'TestModel$$' ./pipeline -model.seeds=300)

.PHONY: conformance
conformance: ## compare with the goldens that a real Filebeat wrote
	@$(call strict,$(GO) test -json -count=1 -run Conformance ./...)

.PHONY: e2e
e2e: ## run the end-to-end tests against a real Kafka (needs Java and Maven)
	@$(call strict,$(GO) test -json -tags e2e -count=1 -timeout 20m ./e2e/...)
	@cd deploy/tests && $(call strict,$(GO) test -json -tags e2e -count=1 -timeout 10m ./e2e)

.PHONY: chaos
chaos: ## break brokers and logcar for 10 minutes and count; arguments in CHAOSFLAGS (needs Java and Maven)
	$(GO) run ./e2e/chaos $(CHAOSFLAGS)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (30s)
	@$(GO) test -list '^Fuzz' ./... | \
	awk '/^Fuzz/ { name[++n] = $$1 } /^ok/ { while (n) print $$2, name[n--] }' | \
	while read -r package name; do \
		echo "$$package $$name"; \
		$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$package" </dev/null; \
	done

.PHONY: bench
bench: ## measure throughput and cost; arguments in BENCHFLAGS
	cd benchmarks && $(GO) run . $(BENCHFLAGS)

BASE ?= HEAD
BENCHED := ./output ./output/kafka ./tailer ./match ./multiline ./parser ./processor ./registry
.PHONY: benchcmp
benchcmp: ## compare the micro-benchmarks with those of BASE (a commit; default HEAD)
	@tmp=$$(mktemp -d); trap 'git worktree remove --force "$$tmp/base"; rm -rf "$$tmp"' EXIT; \
	git worktree add --quiet --detach "$$tmp/base" $(BASE); \
	for i in 1 2 3 4 5 6; do \
		(cd "$$tmp/base" && $(GO) test -run '^$$' -bench . -benchtime 200ms -benchmem $(BENCHED)) >>"$$tmp/old" || exit; \
		$(GO) test -run '^$$' -bench . -benchtime 200ms -benchmem $(BENCHED) >>"$$tmp/new" || exit; \
	done; \
	$(GO) run golang.org/x/perf/cmd/benchstat@latest "$$tmp/old" "$$tmp/new"

.PHONY: bench-peers
bench-peers: ## compare with the log shippers that are installed, and draw docs/images/peers.svg
	@mkdir -p docs/images
	cd benchmarks && $(GO) run . -peers -size 128MiB -pairs 3 -timeout 1h -svg ../docs/images/peers.svg $(BENCHFLAGS)

.PHONY: fmt
fmt: ## format the Go files
	gofmt -s -w .

.PHONY: check
check: check-fmt check-tidy vet lint ## check formatting, go.mod, go vet and the linter

.PHONY: check-fmt
check-fmt:
	@files=$$(gofmt -s -l .); [[ -z $$files ]] || { printf 'not formatted (make fmt):\n%s\n' "$$files" >&2; exit 1; }

.PHONY: check-tidy
check-tidy:
	$(GO) mod tidy -diff

.PHONY: vet
vet:
	$(GO) vet ./...
	$(GO) vet -tags e2e ./e2e/...

.PHONY: lint
lint: $(GOLANGCI) ## run golangci-lint; .golangci.yml also holds the import directions
	$(GOLANGCI) run ./...

$(GOLANGCI):
	GOBIN=$(@D) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

.PHONY: check-benchmarks
check-benchmarks: ## vet and test the module in benchmarks/
	cd benchmarks && $(GO) vet ./... && $(GO) test -count=1 ./...

.PHONY: check-deploy
check-deploy: ## vet and test the module in deploy/tests/: manifests, charts, pipelines, dashboards, the image's root
	cd deploy/tests && $(GO) vet ./... && $(GO) test -count=1 ./... # they build logcar, of which the test cache knows nothing

.PHONY: ci
ci: ## run all that a change must pass, and say what ran
	@trap 'printf "\n%s" "$$report"' EXIT; report=; \
	for step in $(CI_STEPS); do \
		printf '\n== %s\n' "$$step"; start=$$SECONDS; result=ok; \
		$(MAKE) "$$step" || result=FAILED; \
		report+=$$(printf '%-18s %-7s %4ds' "$$step" "$$result" $$((SECONDS - start)))$$'\n'; \
		[[ $$result == ok ]] || exit 1; \
	done

.PHONY: clean
clean: ## remove what was built (the linter in bin/ stays)
	rm -rf logcar dist

# $(call strict,command): runs a `go test -json` command and fails also for a skipped test, because a check that
# did not run proves nothing, and when no test ran at all, because then its name or its folder has moved away.
strict = $(1) | awk "$$STRICT"

# Prints packages, and the output of the tests that did not pass.
define STRICT
function member(key,   s) {
	if (!match($$0, "\"" key "\":\"([^\"\\\\]|\\\\.)*\"")) return ""
	s = substr($$0, RSTART + length(key) + 4, RLENGTH - length(key) - 5)
	gsub(/\\\\/, "\001", s)
	gsub(/\\n/, "\n", s); gsub(/\\t/, "\t", s); gsub(/\\r/, "", s); gsub(/\\"/, "\"", s)
	gsub(/\\u003c/, "<", s); gsub(/\\u003e/, ">", s); gsub(/\\u0026/, "\\&", s)
	gsub("\001", "\\\\", s)
	return s
}
function show(key) { printf "%s", text[key]; delete text[key]; fflush() }
{ action = member("Action"); package = member("Package"); test = member("Test"); key = package SUBSEP test }
action == ""             { print; next }
action == "build-output" { printf "%s", member("Output"); next }
action == "output"       { text[key] = text[key] member("Output"); next }
action !~ /^(pass|fail|skip)$$/ { next }
test != "" {
	count[action]++
	if (action == "pass") delete text[key]; else show(key)
	next
}
{
	for (k in text) if (k != key && index(k, package SUBSEP) == 1) {
		if (action == "fail") show(k); else delete text[k]
	}
	sub(/^PASS\n/, "", text[key]); show(key)
}
END {
	printf "%d tests passed, %d failed, %d skipped\n", count["pass"], count["fail"], count["skip"]
	if (count["skip"]) { print "a skipped test counts as a failed one"; exit 1 }
	if (!count["pass"]) { print "no test ran"; exit 1 }
}
endef
export STRICT
