//! Station: the lenient reader's cases.
