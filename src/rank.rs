//! Station: the order of clusters, and the article that speaks for each.
