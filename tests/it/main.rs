//! One binary of tests; every file holds one feature.

mod fetching;
mod house;
mod origin;
