"""Tests that belong to no single package."""
