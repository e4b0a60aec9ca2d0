//! Door: HTTP towards others; today the sample outlets of the demo.

mod samples;

pub use crate::serve::samples::{Sample, Samples};
