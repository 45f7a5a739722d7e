"""Benchmarks: our server beside its peers, the same load in the same run. See docs/benchmarks.md."""
