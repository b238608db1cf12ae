"""What the pages share: templates, signed links, safe headers."""
