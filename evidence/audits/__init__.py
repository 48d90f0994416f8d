"""What shows the audit: sound catalogues, faults planted into them, runs ranked, real data."""
