"""Results from Jinja templates, with the blocks, filters and resources that nbconvert 6 and 7 defined."""
