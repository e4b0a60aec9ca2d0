//! Station: clusters, articles and reasons as tables, lines, JSON, CSV and Markdown.
