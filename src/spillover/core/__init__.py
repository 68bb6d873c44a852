"""What every room speaks: errors, keys, seeds, prompts, the table of scores, published tables, atomic files.

This floor imports nothing of ours and nothing heavier than numpy and pyarrow.
"""
