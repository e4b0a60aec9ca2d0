//! Station: the list of newsfold's modules; see `ARCHITECTURE.md` for what each may know.

pub mod app;
pub mod clean;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod daemon;
pub mod dates;
pub mod digest;
pub mod features;
pub mod fetch;
pub mod identify;
pub mod ingest;
pub mod listing;
pub mod model;
pub mod news;
pub mod opml;
pub mod parse;
pub mod prepare;
pub mod quarantine;
pub mod rank;
pub mod schedule;
pub mod score;
pub mod serve;
pub mod store;
pub mod writer;
