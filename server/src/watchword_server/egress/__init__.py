"""Posting to destinations that callers choose: `ports.Poster`, guarded against SSRF."""
