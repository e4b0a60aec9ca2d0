//! Door: feeds that lie in files, read with the same limits as the web's.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::Instant;
use url::Url;
use xxhash_rust::xxh3::xxh3_128;

use crate::fetch::error::FetchError;
use crate::fetch::{Answer, Fetch, Params, Place, Request, Response, place};
use crate::model::Validators;

/// Reads feeds from regular files. A file's validator is made from what it holds, so that touching it changes nothing.
#[derive(Clone, Debug)]
pub struct FileFetch {
    body_bytes_max: usize,
    timeout: Duration,
}

impl FileFetch {
    /// A reader with these limits.
    pub fn new(params: &Params) -> FileFetch {
        FileFetch { body_bytes_max: params.body_bytes_max, timeout: params.timeout }
    }

    /// Reads one file, off the async threads: a network drive may take its time, and is given the deadline of the web.
    pub(crate) async fn fetch_path(&self, request: &Request, path: PathBuf) -> Result<Response, FetchError> {
        let began = Instant::now();
        let shown = path.display().to_string();
        let body_bytes_max = self.body_bytes_max;
        let reading = tokio::task::spawn_blocking(move || read(&path, body_bytes_max));
        let (body, final_url) = match tokio::time::timeout(self.timeout, reading).await {
            Ok(Ok(read)) => read?,
            Ok(Err(stopped)) => return Err(FetchError::File { path: shown, source: io::Error::other(stopped) }),
            Err(_) => return Err(FetchError::Timeout { url: shown, what: "timed out", after: self.timeout }),
        };
        if body.trim_ascii().is_empty() {
            return Err(FetchError::Empty { url: shown });
        }
        let etag = etag(&body);
        let is_unchanged = request.validators.etag.as_deref() == Some(&etag);
        let answer = Answer {
            validators: Validators { etag: Some(etag), last_modified: None },
            final_url,
            moved_permanently_to: None,
            fresh_for: None,
            status: if is_unchanged { 304 } else { 200 },
            elapsed: began.elapsed(),
            redirects: Vec::new(),
        };
        Ok(if is_unchanged {
            Response::NotModified(answer)
        } else {
            Response::Fetched { answer, body: Bytes::from(body), content_type: None }
        })
    }
}

impl Fetch for FileFetch {
    async fn fetch(&self, request: &Request, _now: Timestamp) -> Result<Response, FetchError> {
        match place(&request.url)? {
            Place::File(path) => self.fetch_path(request, path).await,
            Place::Web(url) => Err(FetchError::scheme(&request.url, url.scheme())),
        }
    }
}

/// The file's bytes, and its URL.
fn read(path: &Path, body_bytes_max: usize) -> Result<(Vec<u8>, Url), FetchError> {
    let shown = || path.display().to_string();
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FetchError::FileMissing { path: shown() },
        _ => FetchError::File { path: shown(), source },
    };
    // Before it is opened: opening a pipe waits for its writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(FetchError::FileKind { path: shown() });
    }
    let mut body = Vec::new();
    let limit = u64::try_from(body_bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path).map_err(failed)?.take(limit).read_to_end(&mut body).map_err(failed)?;
    if body.len() > body_bytes_max {
        return Err(FetchError::TooLarge { url: shown(), body_bytes_max });
    }
    let absolute = std::path::absolute(path).map_err(failed)?;
    let url = Url::from_file_path(absolute).map_err(|()| FetchError::FileHost { url: shown() })?;
    Ok((body, url))
}

/// A strong validator: the hash of the bytes, by an algorithm that never changes, for it is stored.
fn etag(body: &[u8]) -> String {
    format!("\"{:032x}\"", xxh3_128(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_validator_is_its_content() {
        // The published value of XXH3, 128 bits, for nothing: one that was stored years ago must still be right.
        assert_eq!(etag(b""), "\"99aa06d3014798d86001c324468d497f\"");
        assert_ne!(etag(b"a"), etag(b"b"));
    }
}
