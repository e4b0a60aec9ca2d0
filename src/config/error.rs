//! Door: what can be wrong with the config, said so that it can be mended.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why there is no config. All of it is wrong usage: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named is not there.
    #[error("there is no config file `{}`; `newsfold init {}` writes one", .path.display(), .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is there and cannot be read.
    #[error("cannot read the config file `{}`", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is larger than any config.
    #[error("the config file `{}` is larger than {bytes_max} bytes", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// The file is not UTF-8.
    #[error("the config file `{}` is not UTF-8 text", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// Something in the file or in the environment is wrong.
    #[error("{}", lines(.0))]
    Wrong(
        /// The first faults, in the order of the file; never empty.
        Vec<Fault>,
    ),
}

impl ConfigError {
    /// The error for a file that could not be opened or read.
    pub(crate) fn of_io(path: &Path, source: io::Error) -> ConfigError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => ConfigError::Missing { path },
            _ => ConfigError::Unreadable { path, source },
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: `config.toml:12:1`, or the name of an environment variable.
    pub place: String,
    /// What, and what to do.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

fn lines(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
