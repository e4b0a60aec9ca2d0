//! The shipped binary in a folder of its own, as a user runs it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a config that may ask loopback, and the binary to run in it. It goes away with this value.
pub struct Home {
    folder: TempDir,
}

/// How a run ended and what it said.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    /// A home whose config allows loopback and names no feeds.
    pub fn new() -> Home {
        Home::with_config("[fetch]\nallow_private_addresses = true\n")
    }

    pub fn with_config(config: &str) -> Home {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("config.toml"), config).expect("the config can be written");
        Home { folder }
    }

    /// A home without a config.
    pub fn bare() -> Home {
        Home { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command, ready for more settings; no variable of the developer's own reaches it.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_newsfold"));
        command.args(args).current_dir(self.folder.path()).env_clear().env("TZ", "UTC").env("HOME", self.folder.path());
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().expect("the binary starts");
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// Runs it and expects success.
    pub fn good(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "newsfold {args:?}\n{}\n{}", ran.stdout, ran.stderr);
        ran
    }

    /// Runs it, expects success, and reads what it printed as JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        let ran = self.good(args);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}\n{}", ran.stdout))
    }

    /// Every cluster that is stored.
    pub fn clusters(&self) -> Vec<Value> {
        self.json(&["clusters", "--format", "json"])["clusters"].as_array().expect("a list of clusters").clone()
    }

    pub fn spawn(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts")
    }
}

/// Text of a JSON value.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("`{key}` is no text in {value}"))
}

/// The articles of a cluster.
pub fn articles(cluster: &Value) -> &Vec<Value> {
    cluster["articles"].as_array().expect("a list of articles")
}

/// Whether tests that take long are wanted as well.
pub fn is_slow_wanted() -> bool {
    std::env::var_os("SLOW_TESTS").is_some_and(|value| value == "1")
}

/// A folder of third-party test data beside the checkout; `None`, and a line that says so, where it is not there.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}
