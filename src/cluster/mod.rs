//! Station: which cluster an article belongs to, and why.
