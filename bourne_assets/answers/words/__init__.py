"""The answers in words, in English and Portuguese."""
