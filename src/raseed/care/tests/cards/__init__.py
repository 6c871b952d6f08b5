"""Tests of the answer cards."""
