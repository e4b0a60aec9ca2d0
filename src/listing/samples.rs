//! Station: sample clusters, written for the tests of listings and digests.
