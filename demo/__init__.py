"""`make demo`: two organizations, two workers, ten jobs on real rows, watched through the public API."""
