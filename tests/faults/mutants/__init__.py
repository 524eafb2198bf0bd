"""A test of the tests: Paceline broken on purpose, in one place each, and the scenario that has to notice."""
