"""Use cases, without a terminal: values in, frozen records out. Whoever shows them is another room."""
