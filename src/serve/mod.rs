//! Door: HTTP towards others: the running service, watched; and the sample outlets of the demo.

mod door;
mod guard;
mod samples;
mod watched;

pub use crate::serve::door::{Bound, Door, Params, ServeError};
pub use crate::serve::samples::{Sample, Samples};
pub use crate::serve::watched::Watched;
