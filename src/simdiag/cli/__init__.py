"""Command line: options in, one call of the api, output; the only home of click and rich."""
