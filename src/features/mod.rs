//! Station: what an article is compared by: its terms, names and numbers.
