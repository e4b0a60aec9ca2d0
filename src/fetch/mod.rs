//! Door: bytes of a feed over HTTP or from a file, through one chokepoint.
