"""Networks that pick: what they take and give, their weights and where these come from. PyTorch, nothing else."""
