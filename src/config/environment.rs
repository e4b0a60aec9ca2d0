//! Door: settings from the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::config::error::{ConfigError, Fault};
use crate::config::given::Given;
use crate::config::settings::{SETTINGS, Setting, contradictions, nearest, sections};
use crate::config::{Config, Secret, digests};

/// The largest file that a `…_FILE` variable may name.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// The variables of the process that concern us; empty ones count as unset.
pub(crate) struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// Picks them out.
    pub(crate) fn of(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Environment {
        let ours = |name: &str| name.starts_with("NEWSFOLD_") || name == "XDG_CONFIG_HOME";
        let named = variables.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Environment(named.filter(|(name, value)| ours(name) && !value.is_empty()).collect())
    }

    /// A variable that holds a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.0.get(name).map(PathBuf::from)
    }

    /// Names the variable beside a missing file that it, and not the command line, has named.
    pub(crate) fn blame(&self, error: ConfigError, explicit: Option<&Path>) -> ConfigError {
        let is_of_variable = explicit.is_none() && self.0.contains_key("NEWSFOLD_CONFIG");
        match error {
            ConfigError::Missing { .. } if is_of_variable => {
                ConfigError::Wrong(vec![Fault { place: "NEWSFOLD_CONFIG".to_owned(), message: error.to_string() }])
            }
            error => error,
        }
    }

    /// Sets what the variables say.
    pub(crate) fn apply(&self, config: &mut Config) -> Result<(), ConfigError> {
        let mut faults = Vec::new();
        for (name, value) in &self.0 {
            if let Err(message) = apply(config, name, value) {
                faults.push(Fault { place: name.clone(), message });
            }
        }
        if faults.is_empty() {
            let wrong = contradictions(config);
            faults.extend(wrong.into_iter().map(|(setting, message)| Fault { place: setting.variable(), message }));
        }
        if faults.is_empty() { Ok(()) } else { Err(ConfigError::Wrong(faults)) }
    }
}

fn apply(config: &mut Config, name: &str, value: &OsString) -> Result<(), String> {
    let Some(words) = name.strip_prefix("NEWSFOLD_").filter(|words| *words != "CONFIG") else {
        return Ok(());
    };
    let value = || value.to_str().ok_or_else(|| "is not UTF-8 text".to_owned());
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == name) {
        return (setting.set)(config, Given::Bare(value()?));
    }
    let of_file = name.strip_suffix("_FILE");
    let secret = SETTINGS.iter().find(|setting| setting.is_secret && Some(setting.variable().as_str()) == of_file);
    if let Some(setting) = secret {
        return (setting.set)(config, Given::Bare(read_secret(value()?)?.reveal()));
    }
    unknown(words)
}

/// A variable in one of our sections, or a few letters from a setting, is a mistake. Any other is not ours: an orchestrator
/// that runs a service called newsfold sets `NEWSFOLD_PORT` and `NEWSFOLD_SERVICE_HOST` in every container.
fn unknown(words: &str) -> Result<(), String> {
    let variables: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
    let known = variables.iter().filter_map(|variable| variable.strip_prefix("NEWSFOLD_"));
    let is_in_section = sections().iter().any(|section| words.starts_with(&format!("{}_", section.to_uppercase())));
    let is_of_digest = words.strip_prefix("DIGEST_").is_some_and(|rest| {
        digests::KEYS
            .iter()
            .any(|key| rest == key.to_uppercase() || rest.ends_with(&format!("_{}", key.to_uppercase())))
    });
    if is_of_digest {
        return Err("is no setting: digests are written in the config file, as [digest.NAME]".to_owned());
    }
    match nearest(words, known.chain(["CONFIG"])) {
        Some(meant) => Err(format!("is no setting; did you mean NEWSFOLD_{meant}?")),
        None if is_in_section => Err(format!("is no setting; the settings are {}", variables.join(", "))),
        None => Ok(()),
    }
}

/// A secret that stands in a file.
pub(crate) fn read_secret(path: &str) -> Result<Secret, String> {
    let unreadable = |why: &dyn std::fmt::Display| format!("cannot read the file `{path}`: {why}");
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(SECRET_BYTES_MAX + 1).read_to_string(&mut text))
        .map_err(|error| unreadable(&error))?;
    if text.len() as u64 > SECRET_BYTES_MAX {
        return Err(unreadable(&"it is too large for a secret"));
    }
    Ok(Secret(text.trim().to_owned()))
}
