"""What anybody may read: the documentation as HTML and as Markdown, and what agents look for."""
