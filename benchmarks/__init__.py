"""Speed beside a named peer, in one run: `make bench`."""
