"""`make demo`: two organizations, two workers, jobs and flows on real data, seen through the public API."""
