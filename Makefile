# Every entrance to the project. `make` alone says what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Each recipe starts from the checkout's own tools and test data.
ENV := source scripts/env.sh;
# Tests that take longer hang: this makes an error of it, and the last lines say where.
TEST_TIME_MAX := 30m
# Seconds a fuzz target runs.
FUZZ_SECS ?= 600
# Libraries of the operator's benchmark, each number in a cluster of its own.
LIBRARIES ?= 500 2000
FUZZ_TARGETS := usda usdc usdz inspect materialx gltf
# Test files called elasticsearch*.rs or cluster*.rs, in whichever crate, need a server; all others need none.
LOCAL_TESTS := $(sort $(filter-out elasticsearch% cluster%,$(basename $(notdir $(wildcard */tests/*.rs */*/tests/*.rs)))))

# The bindings of Vulkan and of OpenCV take minutes to build: `make test-gpu` and `make test-video` have them.
CRATES := --workspace --exclude vitrine-render-gpu --exclude vitrine-video

.PHONY: help programs setup demo demo-kubernetes contact-sheet crds demo-library build test test-local test-elasticsearch test-cluster test-torch test-gpu test-video build-video chart lint bench bench-media bench-operator fuzz fuzz-short eval-pose oracle-usd clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-19s %s\n", $$1, $$2}'

setup: ## Install what is missing: Rust, a C linker, ONNX Runtime
	@scripts/setup.sh

build: setup ## Build the program, optimised: target/release/vitrine
	@$(ENV) cargo build --release --package vitrine

build-video: ## Build the decoder of videos beside it: target/release/vitrine-media, minutes the first time
	@scripts/setup.sh video
	@$(ENV) cargo build --release --package vitrine-video

demo: ## Catalogue the demo library and search it by meaning
	@scripts/demo.sh

demo-kubernetes: ## The same on a throw-away Kubernetes, by the operator: root only
	@scripts/demo-kubernetes.sh

contact-sheet: ## Draw every asset of the demo library, and of the real files where they are: demo/out/*.png
	@scripts/contact-sheet.sh

crds: ## Write the definitions of the resources from their types
	@$(ENV) cargo run --quiet --package vitrine-operator -- crds --out crds/yaml
	@$(ENV) cargo run --quiet --package vitrine-operator -- crds --out charts/vitrine/files/crds

demo-library: ## Make the demo library anew from its generator
	@$(ENV) scripts/demo-library.sh

# The last two wait more than they compute: side by side they take the time of one.
test: test-local test-video ## Run every test that this machine can run
	@$(MAKE) --jobs 2 --output-sync=target test-elasticsearch test-cluster

# What tests run: clips are decoded by a program of its own, which lies beside the others.
programs:
	@scripts/setup.sh tests
	@$(ENV) cargo build $(CRATES) --bins --quiet
	@$(ENV) cargo build --package vitrine-video --quiet

test-local: programs ## Run the tests that need no server
	@$(ENV) cargo test $(CRATES) --lib --bins --examples $(LOCAL_TESTS:%=--test %) --no-run --quiet
	@$(ENV) timeout --foreground $(TEST_TIME_MAX) cargo test $(CRATES) --lib --bins --examples $(LOCAL_TESTS:%=--test %)
	@$(ENV) cargo test $(CRATES) --doc --quiet

test-elasticsearch: programs ## Run the tests that need Elasticsearch, on 9.5.3 and 9.1.10 in turn
	@$(ENV) cargo test $(CRATES) --test 'elasticsearch*' --no-run --quiet
	@$(ENV) for version in $$VITRINE_TEST_ELASTICSEARCH_VERSIONS; do \
	  echo "== Elasticsearch $$version"; \
	  scripts/elasticsearch.sh run "$$version" -- \
	    timeout --kill-after=30 $(TEST_TIME_MAX) cargo test $(CRATES) --test 'elasticsearch*'; done

# Of several programs of tests each has the cluster to itself. Builds come first: there is no network inside.
test-cluster: programs ## Run the tests that need Kubernetes, with Elasticsearch 9.5.3: root only
	@$(ENV) cargo test $(CRATES) --test 'cluster*' --no-run --quiet
	@$(ENV) scripts/test-cluster.sh timeout --kill-after=30 $(TEST_TIME_MAX) cargo test $(CRATES) --test 'cluster*'

test-torch: ## Run the suite of dual encoders on every runtime, libtorch too: downloads 0.6 GB
	@scripts/setup.sh torch
	@$(ENV) export LD_LIBRARY_PATH="$$LIBTORCH/lib:$$LIBTORCH/../nvidia/cu13/lib$${LD_LIBRARY_PATH:+:$$LD_LIBRARY_PATH}"; \
	cargo test --package vitrine --features pure,torch --test conformance

test-gpu: ## Lint and run the tests of pictures by Vulkan, on a GPU or on software: builds for minutes
	@scripts/setup.sh tests
	@$(ENV) cargo clippy --package vitrine-render-gpu --package vitrine --features vitrine/gpu --all-targets --quiet -- --deny warnings
	@$(ENV) cargo test --package vitrine-render-gpu
	@$(ENV) cargo test --package vitrine --features gpu --bin vitrine --test drawn_by_gpu
	@$(ENV) cargo test --package vitrine --features gpu --lib extract::easel

test-video: ## Lint the decoder of videos and run its tests, on OpenCV: builds for minutes
	@scripts/setup.sh video
	@$(ENV) cargo clippy --package vitrine-footage --package vitrine-video --all-targets --quiet -- --deny warnings
	@$(ENV) cargo test --package vitrine-footage --package vitrine-video

chart: ## Check the Helm chart: lint, snapshots, what it must refuse, its rights, its health check
	@scripts/chart.sh check

lint: chart ## Check format, lints, licences, and that generated files are current
	@$(ENV) cargo fmt --all --check
	@$(ENV) cargo clippy $(CRATES) --all-targets --quiet -- --deny warnings
	@$(ENV) if command -v cargo-deny >/dev/null; then cargo deny --offline check --hide-inclusion-graph bans licenses sources; \
	  else echo 'lint: cargo-deny is not installed: licences were not checked'; fi
	@if command -v shellcheck >/dev/null; then shellcheck -x scripts/*.sh images/*.sh tests/cluster/*.sh .ci/run; fi

bench: ## Measure, against peers in the same run: benches/out/report.md
	@$(ENV) benches/run.sh

bench-media: ## Measure clips to vectors against a Python pipeline: benches/out/media.json, builds for minutes
	@$(ENV) benches/run.sh media

bench-operator: ## Measure the operator with LIBRARIES (500 2000) against a real API server: minutes, root only
	@scripts/setup.sh cluster
	@$(ENV) benches/operator.sh $(LIBRARIES)

fuzz: ## Fuzz the reader, FUZZ_SECS (600) seconds a target
	@scripts/setup.sh fuzz
	@$(ENV) scripts/fuzz.sh $(FUZZ_SECS) $(FUZZ_TARGETS)

fuzz-short: ## Fuzz the reader, 20 seconds a target
	@$(MAKE) fuzz FUZZ_SECS=20

eval-pose: ## Measure how well the vectors of poses find clips of the same motion
	@$(ENV) cargo run --release --quiet --package vitrine-pose --example eval_pose

oracle-usd: ## Compare our reading of real files with pxr's: docs/usd-agreement.md
	@$(ENV) [ -n "$${VITRINE_TEST_DATA:-}" ] || { echo 'set VITRINE_TEST_DATA to the folder of real files' >&2; exit 2; }; \
	cargo run --release --quiet --package vitrine-usd --example oracle -- \
	  "$$VITRINE_TEST_DATA/usd" "$$VITRINE_TEST_DATA/usd/oracle.json" --markdown docs/usd-agreement.md

clean: ## Remove what was built and generated; installed tools stay
	@rm -rf target demo/out benches/out $(foreach part,target corpus artifacts,sidecar/*/fuzz/$(part))
