//! Station: lists of feeds as OPML, read and written.
