//! One binary of tests; every file holds one feature.
//!
//! The modules are marked as tests although all of this is one, so that the lints let their helpers `unwrap`.

#[cfg(test)]
mod fetching;
#[cfg(test)]
mod origin;
