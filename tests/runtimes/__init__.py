"""Where the tests run: on benchless, or on a site of a real bench. Both give the same interface."""
