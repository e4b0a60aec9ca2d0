//! Door: sample feeds on loopback, served as a well-behaved outlet serves them, with validators.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// One document of the sample outlets.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Its file name, which is its path on the server.
    pub name: &'static str,
    /// Its media type.
    pub media_type: &'static str,
    /// Its bytes.
    pub body: &'static [u8],
}

/// A server on a free loopback port; it ends when this value is dropped.
#[derive(Debug)]
pub struct Samples {
    address: SocketAddr,
    _running: DropGuard,
}

impl Samples {
    /// Serves these documents until the value is dropped.
    ///
    /// # Errors
    /// When no loopback port can be had.
    pub async fn start(samples: &'static [Sample]) -> io::Result<Samples> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut router = Router::new();
        for (number, sample) in samples.iter().enumerate() {
            let answer = move |headers: HeaderMap| async move { answer(sample, number, &headers) };
            router = router.route(&format!("/{}", sample.name), get(answer));
        }
        let token = CancellationToken::new();
        let ended = token.clone().cancelled_owned();
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(ended).await {
                tracing::warn!("the sample outlets stopped: {error}");
            }
        });
        Ok(Samples { address, _running: token.drop_guard() })
    }

    /// Where a document is to be had.
    pub fn url(&self, sample: &Sample) -> String {
        format!("http://{}/{}", self.address, sample.name)
    }
}

/// The documents never change while the server lives, so their place and length name a version well enough.
fn answer(sample: &'static Sample, number: usize, asked: &HeaderMap) -> Response {
    let etag = format!("\"{number}-{}\"", sample.body.len());
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == etag.as_bytes());
    let headers = [(header::ETAG, etag), (header::CONTENT_TYPE, sample.media_type.to_owned())];
    if known { (StatusCode::NOT_MODIFIED, headers).into_response() } else { (headers, sample.body).into_response() }
}
