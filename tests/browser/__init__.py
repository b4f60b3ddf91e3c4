"""The pages in a real browser: Debian's Chromium, asked through playwright."""
