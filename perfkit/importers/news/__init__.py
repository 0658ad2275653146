"""Importers of news: calendars of events and headlines."""

from __future__ import annotations

from perfkit.importers.news.news_files import read_news
from perfkit.importers.news.news_import import NewsImport

__all__ = ["NewsImport", "read_news"]
