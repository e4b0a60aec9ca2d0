//! Station: how well a clustering agrees with labels.
