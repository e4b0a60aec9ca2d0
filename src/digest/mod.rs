//! Station: clusters rendered for a reader.
