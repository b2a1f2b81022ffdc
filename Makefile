# Every target works from a fresh clone; what a target needs, it installs (Debian packages when root) or names.

CARGO ?= cargo
PERF_ARGS ?= --demo
CHAOS_ARGS ?= --demo
BASELINE ?= load
BENCH_ARGS ?=
VALIDATE_ARGS ?=
FUZZ_SECONDS ?= 600

.PHONY: help build test bench reference screenshot observability dashboards \
	perf-smoke perf-load perf-stress perf-spike perf-soak perf-reservation perf-webhook perf-baseline perf-validate perf-clean fuzz \
	chaos-list chaos-bandwidth chaos-cache-down chaos-cache-slow chaos-connection-resets chaos-database-down chaos-database-hangs chaos-database-slow chaos-garbage chaos-network-latency chaos-packet-loss chaos-partial-errors chaos-retry-storm chaos-service-restart chaos-thundering-herd chaos-cpu chaos-memory chaos-process-killed chaos-redis-down chaos-redis-slow chaos-kubernetes-pods

help:
	@echo "make build        the release binary: target/release/rhaid"
	@echo "make test         run every test, installing what they need"
	@echo "make bench        measure speed and memory beside wrk, hey, oha and HAProxy, installing them"
	@echo "                  BENCH_ARGS='--quick --only requests' tries one part; see docs/performance.md"
	@echo "make reference    write the generated parts of the guide anew"
	@echo "make screenshot   draw the pictures of the summary anew (needs tmux and python3)"
	@echo "make perf-smoke   run a scenario against the demo target (also: load stress spike soak reservation webhook)"
	@echo "                  PERF_ARGS='--env BASE_URL=https://… --scale 0.1' chooses another target or length"
	@echo "make perf-baseline  run the load scenario and keep it as the baseline of this branch"
	@echo "                  BASELINE=smoke chooses another scenario; then: rhaid run … --baseline smoke"
	@echo "make perf-validate  judge the newest result in results/, or RESULT=FILE; VALIDATE_ARGS='--slo slo.toml --strict'"
	@echo "make chaos-list   the experiments of docs/chaos.md, each with its question; make chaos-NAME runs one of them against"
	@echo "                  the demo target:"
	@echo "                  chaos-bandwidth chaos-cache-down chaos-cache-slow chaos-connection-resets chaos-database-down"
	@echo "                  chaos-database-hangs chaos-database-slow chaos-garbage chaos-network-latency chaos-packet-loss"
	@echo "                  chaos-partial-errors chaos-retry-storm chaos-service-restart chaos-thundering-herd chaos-cpu chaos-memory chaos-process-killed"
	@echo "                  chaos-redis-down chaos-redis-slow; chaos-kubernetes-pods, against your cluster"
	@echo "                  CHAOS_ARGS='--demo --scale 0.25' makes it shorter"
	@echo "make observability  start Prometheus and Alertmanager with the files of observability/, without containers, until Ctrl-C"
	@echo "make dashboards   write Grafana's dashboards anew from observability/grafana/source"
	@echo "make perf-clean   remove results/"
	@echo "make fuzz         feed the importers what nobody would write, FUZZ_SECONDS each (installs cargo-fuzz)"

build:
	$(CARGO) build --release

test:
	./tests/prepare
	$(CARGO) nextest run --all-targets --features parquet,kafka,kubernetes --no-fail-fast

bench:
	CARGO=$(CARGO) ./benches/side-by-side/run $(BENCH_ARGS)

reference:
	$(CARGO) run --quiet -- reference > docs/script-reference.md
	$(CARGO) run --quiet -- reference result-schema > docs/result.schema.json

screenshot: build
	docs/images/screenshot target/release/rhaid

perf-smoke perf-load perf-stress perf-spike perf-soak perf-reservation perf-webhook: perf-%:
	$(CARGO) run --release -- run scripts/$*.rhai $(PERF_ARGS)

# What an experiment breaks beside its own traffic has to be allowed by name.
ALLOW_cpu = =machine
ALLOW_memory = =machine
ALLOW_process-killed = =process
ALLOW_redis-down = =proxy,process
ALLOW_redis-slow = =proxy,process
ALLOW_kubernetes-pods = =kubernetes
# What takes another build.
FEATURES_kubernetes-pods = --features kubernetes
chaos-redis-down chaos-redis-slow: CHAOS_ARGS = --env BASE_URL=http://127.0.0.1:8098 --env RHAID=target/release/rhaid
chaos-process-killed: CHAOS_ARGS = --env BASE_URL=http://127.0.0.1:8097 --env RHAID=target/release/rhaid
# The demo is in no cluster: BASE_URL is to be set.
chaos-kubernetes-pods: CHAOS_ARGS =

chaos-list:
	@for script in scripts/chaos/*.rhai; do \
		printf '%-24s %s\n' "chaos-$$(basename $$script .rhai)" "$$(head -n 1 $$script | sed 's,^// ,,')"; \
	done

chaos-bandwidth chaos-cache-down chaos-cache-slow chaos-connection-resets chaos-database-down chaos-database-hangs chaos-database-slow chaos-garbage chaos-network-latency chaos-packet-loss chaos-partial-errors chaos-retry-storm chaos-service-restart chaos-thundering-herd chaos-cpu chaos-memory chaos-process-killed chaos-redis-down chaos-redis-slow chaos-kubernetes-pods: chaos-%:
	$(CARGO) run --release $(FEATURES_$*) -- run --allow-faults$(ALLOW_$*) scripts/chaos/$*.rhai $(CHAOS_ARGS)

perf-baseline:
	$(CARGO) run --release -- run scripts/$(BASELINE).rhai $(PERF_ARGS) --result results/baseline.json
	$(CARGO) run --release -- baseline promote results/baseline.json --name $(BASELINE)

perf-validate:
	@newest="$(RESULT)"; \
	[ -n "$$newest" ] || newest=$$(ls -t results/*.json 2>/dev/null | xargs -r grep -L '"chaoslib-version"' | head -n 1); \
	if [ -z "$$newest" ]; then echo "there is no result in results/: run a test first, such as make perf-smoke" >&2; exit 66; fi; \
	$(CARGO) run --quiet --release -- validate "$$newest" $(VALIDATE_ARGS)

# What is found goes to fuzz/found, which git does not see; fuzz/corpus is the least of it that covers as much (cargo fuzz cmin).
fuzz:
	@command -v cargo-fuzz >/dev/null || $(CARGO) install cargo-fuzz --locked
	@if rustup toolchain list 2>/dev/null | grep -q nightly; then toolchain=+nightly; else export RUSTC_BOOTSTRAP=1; fi; \
	for target in importers result; do \
		mkdir -p fuzz/found/$$target; \
		$(CARGO) $$toolchain fuzz run $$target fuzz/found/$$target fuzz/corpus/$$target fuzz/seeds/$$target tests/validate/data -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=65536 -rss_limit_mb=2048 -timeout=20 || exit 1; \
	done

observability:
	@./observability/start

dashboards:
	./observability/grafana/generate.py

perf-clean:
	rm -rf results
