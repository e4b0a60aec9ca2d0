//! Station: which feeds are due, and when each is asked next.
