"""The command line: `perfkit demo|import|record|summary|attribution|report|verify|reconcile`."""

from __future__ import annotations

from perfkit.cli.app import app, main

__all__ = ["app", "main"]
