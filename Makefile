# One line a target; every target sets up what it needs by itself. `make help` lists them.
# The Python that the image has, where it can make environments here: what pyenv compiles is a tenth slower.
PYTHON ?= $(if $(wildcard /usr/lib/python3.11/ensurepip/__init__.py),/usr/bin/python3.11,python3)
VENV ?= .venv
PY := $(VENV)/bin/python
ENV := PYTHONPATH="$(CURDIR)/operator:$(CURDIR)"
NODES ?= gpu-1=NVIDIA-L4:4
NAME ?= dev
SERVICE ?=
ITEM ?=
ENGINE ?=
WORLD ?= small
SEQUENCES ?= 300
SEED ?=
OUTPUT ?= text
VERSION ?=
# Compiled once, beside the tree and not in it: a lane starts hundreds of interpreters.
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/.build/bytecode
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help setup check test unit vllm sglang conformance house apiserver e2e demo demo-down cluster cluster-light cluster-down cluster-status expose release artifacts compiled image image-vllm-cpu image-sglang-cpu image-lm-eval bench bench-engine bench-operator bench-router bench-clients bench-autoscaler bench-levers campaign prove evidence generated crds chart docs lock format

help: ## list the targets
	@if [ -t 1 ]; then on=$$(printf '\033[1m'); off=$$(printf '\033[0m'); fi; \
	awk -F ':.*## ' -v on="$$on" -v off="$$off" '/^[a-z-]+:.*## / {printf "  %s%-16s%s %s\n", on, $$1, off, $$2}' $(MAKEFILE_LIST)

setup: ## make the virtual environment from the hashed lock
	@if [ "$(VENV)" = .venv ]; then $(PYTHON) house/venv.py; fi

check: setup ## style, types, contracts, sizes and the pure tests, in under 30 s
	@$(ENV) $(PY) -m house.check

test: setup ## all tests that need no GPU: pure, conformance, house, API server, cluster
	@$(ENV) $(PY) -m house.lanes

unit: setup ## only the pure tests
	@$(ENV) $(PY) -m house.lanes pure

vllm: setup ## only the tests that ask real vLLM on CPU (6 GB in the cache)
	@$(ENV) $(PY) -m house.lanes vllm

sglang: setup ## only the tests that ask real SGLang on CPU (7 GB in the cache)
	@$(ENV) $(PY) -m house.lanes sglang

conformance: setup ## the suite that `fairlead engine` is held to, on real vLLM on CPU (6 GB in the cache)
	@$(ENV) $(PY) -m house.conformance

house: setup ## only the tests that copy the tree and break its rules
	@$(ENV) $(PY) -m house.lanes house

apiserver: setup ## only the tests against etcd and a kube-apiserver; no root needed
	@$(ENV) $(PY) -m house.lanes apiserver operated faults rights

e2e: setup ## only the tests on a real node
	@$(ENV) $(PY) -m house.lanes leaks rollouts serving canaries scaling demo node long gates

demo: setup ## a cluster with GPUs, our image on it, traffic, and what to look at; ENGINE=vllm: real vLLM on CPU
	@$(ENV) $(PY) -m demo $(if $(ENGINE),--engine $(ENGINE))

demo-down: setup ## end what `make demo` started
	@$(ENV) $(PY) -m devcluster down --name demo

cluster: setup ## a real Kubernetes here: NODES="a=NVIDIA-L4:4 b=NVIDIA-A100-SXM4-80GB:8"
	@$(ENV) $(PY) -m devcluster up --name $(NAME) $(foreach node,$(NODES),--node $(node))

cluster-light: setup ## only etcd and an API server; no root needed
	@$(ENV) $(PY) -m devcluster up --light --name light

cluster-down: setup ## end it, and look for anything it left; NAME=… for one that is not `dev`
	@$(ENV) $(PY) -m devcluster down --name $(NAME)

cluster-status: setup ## which clusters run here, whose, since when, and what died
	@$(ENV) $(PY) -m devcluster status

expose: setup ## a door on 127.0.0.1: SERVICE=default/web:80
	@$(ENV) $(PY) -m devcluster expose --name $(NAME) $(SERVICE)

release: setup ## write version, changelog and generated files of a release: VERSION=1.2.0
	@$(ENV) $(PY) -m release version "$(VERSION)"

artifacts: setup ## build image, chart and bill of materials of this commit into dist/, byte for byte the same anywhere
	@$(ENV) $(PY) -m release artifacts

compiled: setup ## the hottest files of router and simulator as machine code, for `docker build .` to take (gcc, three minutes)
	@$(ENV) $(PY) -m devcluster.image.compiled compiled

image: setup ## build the project's Dockerfile with buildah
	@$(ENV) $(PY) -m devcluster.image.build

image-vllm-cpu: setup ## build the image of real vLLM on CPU, from hashed locks (13 GB in the cache while it is made)
	@$(ENV) $(PY) -m devcluster.image.vllm_cpu

image-sglang-cpu: setup ## build the image of real SGLang on CPU, from hashed locks (15 GB in the cache while it is made)
	@$(ENV) $(PY) -m devcluster.image.sglang_cpu

image-lm-eval: setup ## build the image of the lm-evaluation-harness, from hashed locks (2 GB in the cache while it is made)
	@$(ENV) $(PY) -m devcluster.image.lm_eval

bench: setup ## the benchmark table
	@$(ENV) $(PY) -m bench

bench-engine: setup ## the simulated engine: against published runs, fleets on virtual time, streams on one core
	@$(ENV) $(PY) -m bench.step_times
	@$(ENV) $(PY) -m bench.engine_replay
	@$(ENV) $(PY) -m bench.simulator_speed
	@$(ENV) $(PY) -m bench.engine_server

bench-router: setup ## the router's CPU, delay and memory beside vllm-router and sglang-router (Go; some ten minutes)
	@$(ENV) $(PY) -m bench.router_cpu --page

bench-clients: setup ## other people's clients and load generators through the router, real vLLM on CPU included
	@$(ENV) $(PY) -m bench.clients --real --page

bench-operator: setup ## the operator with 1,000 deployments: convergence, edits, memory, rest
	@$(ENV) $(PY) -m bench.operator_scale

bench-levers: setup ## what each lever is worth, from a naive fleet on: docs/levers.md (long)
	@$(ENV) $(PY) -m bench.levers --write

bench-autoscaler: setup ## the autoscaler beside HPA, KEDA, static and foreknowledge, and what looking costs (long)
	@$(ENV) $(PY) -m bench.autoscaling --page docs/reference
	@$(ENV) $(PY) -m bench.autoscaler_scrape
	@$(ENV) $(PY) -m bench.autoscaler_shards
	@$(ENV) $(PY) -m bench.autoscaler_sources
	@$(ENV) $(PY) -m bench.replay_agreement

campaign: setup ## hunt: random edits and faults, judged by an observer; WORLD=small|node SEQUENCES=… SEED=…
	@$(ENV) $(PY) -m campaign --world $(WORLD) --sequences $(SEQUENCES) $(if $(SEED),--seed $(SEED)) -o $(OUTPUT)

prove: setup ## list the claims; ITEM=house.4 proves one, RECORD=1 keeps the figure
	@$(ENV) $(PY) -m prove $(ITEM) $(if $(RECORD),--record)

evidence: setup ## prove every claim and write docs/evidence.md (long)
	@$(ENV) $(PY) -m prove --all --record

generated: setup ## write anew all that is written from code: crds/, charts/, reference pages, goldens
	@$(ENV) $(PY) -m house.generated

crds: setup ## write crds/ anew from the models
	@$(ENV) $(PY) -m house.crds

chart: setup ## write charts/fairlead and what kubectl installs anew from the models
	@$(ENV) $(PY) -m house.chart

lock: setup ## write the locks anew from pyproject.toml
	@$(PY) -m uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade pyproject.toml -o locks/runtime.txt
	@$(PY) -m uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade pyproject.toml --group dev -o locks/dev.txt
	@$(PY) -m uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade --group docs -o locks/docs.txt

docs: setup ## the pages as a site in .build/site, links and anchors followed; offline once its packages are there
	@$(ENV) $(PY) -m house.site

format: setup ## let ruff lay out the code
	@$(PY) -m ruff check -q --fix-only . ; $(PY) -m ruff format -q .
