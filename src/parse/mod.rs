//! Station: bytes of a feed to entries and warnings.
