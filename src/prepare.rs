//! Station: a feed's bytes to drafts, cleaned and keyed.
