"""The test case class that apps use."""
