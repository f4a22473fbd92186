"""The promises about cost, measured as ratios within one run; `make benchmarks` rewrites the table in README.md."""
