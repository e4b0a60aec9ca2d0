//! Station: canonical URLs, article keys, what makes two entries one article, and whose site a URL is.

pub mod canonical;
pub mod keys;
pub mod likeness;
pub mod outlet;
pub mod recognise;
pub mod voice;

pub use crate::identify::canonical::{Canonical, canonical, is_proxy, resolve};
pub use crate::identify::keys::{Keyed, Keys, code, keys};
pub use crate::identify::outlet::{outlet_name, site};
