//! Station: canonical URLs, article keys, and whose site a URL is.
