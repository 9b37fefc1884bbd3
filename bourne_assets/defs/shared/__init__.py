"""What every chapter uses: names, metadata, rules of checks, settings of a run."""
