# Every target works from a fresh clone; what a target needs, it installs (Debian packages when root) or names.

CARGO ?= cargo
PERF_ARGS ?= --demo

.PHONY: help build test bench reference schema clean-results \
	perf-smoke perf-load perf-stress perf-spike perf-soak perf-reservation perf-webhook perf-clean

help:
	@echo "make test         run every test, installing what they need"
	@echo "make bench        measure speed and memory beside wrk, hey and oha"
	@echo "make reference    write docs/script-reference.md and docs/result.schema.json anew"
	@echo "make perf-smoke   run a scenario against the demo target (also: load stress spike soak reservation webhook)"
	@echo "                  PERF_ARGS='--env BASE_URL=https://… --scale 0.1' chooses another target or length"
	@echo "make perf-clean   remove results/"

build:
	$(CARGO) build --release

test:
	./tests/prepare
	$(CARGO) nextest run --all-targets --no-fail-fast

bench:
	./benches/side-by-side/run

reference:
	$(CARGO) run --quiet -- reference > docs/script-reference.md
	UPDATE_GOLDEN=1 $(CARGO) nextest run --test documents

perf-smoke perf-load perf-stress perf-spike perf-soak perf-reservation perf-webhook: perf-%:
	$(CARGO) run --release -- run scripts/$*.rhai $(PERF_ARGS)

perf-clean:
	rm -rf results
