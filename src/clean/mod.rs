//! Station: turns the HTML of entries and titles into plain text.
