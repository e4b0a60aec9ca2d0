//! Conductor: due feeds to fetch to prepare to the writer.
