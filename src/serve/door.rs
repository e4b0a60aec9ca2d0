//! Door: the listener of a running service, with bounds on what a stranger can make it hold.
//!
//! A connection is a slot, some memory and a file. There are so many slots; who does not send a whole request in time, or lives for
//! too long, gives his back; the rest wait in the system's queue. No request is read but its head, which is bounded by hyper.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::meter::exposition;
use crate::serve::guard::{Guard, Refused};
use crate::serve::watched::Watched;

/// The bounds of a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Connections at once; more wait in the system's queue.
    pub connections_max: usize,
    /// The time for the head of a request, from the moment when one may begin: an idle connection ends after it.
    pub head_within: Duration,
    /// Bytes of the head of a request, its first line included.
    pub head_bytes_max: usize,
    /// How long a connection lives; the answer under way then has `head_within` to be taken.
    pub connection_within: Duration,
    /// How long answers under way have when the door is closed.
    pub close_within: Duration,
}

impl Default for Params {
    fn default() -> Params {
        Params {
            connections_max: 64,
            head_within: Duration::from_secs(10),
            head_bytes_max: 16 * 1024,
            connection_within: Duration::from_secs(120),
            close_within: Duration::from_millis(300),
        }
    }
}

/// Why nobody can be answered.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address is in use, or not ours, or its port is for others.
    #[error("cannot listen on `{address}` (`[serve] listen`): {}", hint(.source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

impl ServeError {
    /// Whether somebody listens there, which may be ourselves.
    pub fn is_in_use(&self) -> bool {
        let ServeError::Listen { source, .. } = self;
        source.kind() == std::io::ErrorKind::AddrInUse
    }
}

fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "another program listens there; choose another port, or stop it",
        std::io::ErrorKind::AddrNotAvailable => "no network of this machine has that address",
        std::io::ErrorKind::PermissionDenied => "the system does not allow it; ports below 1024 are for root",
        _ => "the system refuses it",
    }
}

/// A listener that answers nobody yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Takes an address; with port 0 any free one. Whoever knocks waits from here on.
    ///
    /// # Errors
    /// When the system refuses it.
    pub async fn to(address: SocketAddr) -> Result<Bound, ServeError> {
        let refused = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Bound { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Begins to answer, until the door is closed.
    pub fn open(self, watched: Arc<Watched>, token: Option<String>, params: Params) -> Door {
        let guard = Arc::new(Mutex::new(Guard { address: Some(self.address), token }));
        let router = router(watched, Arc::clone(&guard));
        let closing = CancellationToken::new();
        let answering = tokio::spawn(answer_all(self.listener, router, params, closing.clone()));
        Door { address: self.address, guard, closing, answering }
    }
}

/// A door at which requests are answered. Dropped, it goes on; see [`Door::close`].
#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    guard: Arc<Mutex<Guard>>,
    closing: CancellationToken,
    answering: JoinHandle<()>,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Guard").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Door {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks for another token from now on.
    pub fn set_token(&self, token: Option<String>) {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner).token = token;
    }

    /// Lets nobody in any more, and waits a moment for the answers under way.
    pub async fn close(self) {
        self.closing.cancel();
        if let Err(fault) = self.answering.await {
            tracing::warn!("the HTTP listener had ended by a fault of newsfold's own: {fault}");
        }
    }
}

fn router(watched: Arc<Watched>, guard: Arc<Mutex<Guard>>) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(readiness))
        .route("/metrics", get(metrics))
        .with_state(watched)
        .method_not_allowed_fallback(async || plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered"))
        .fallback(async || plain(StatusCode::NOT_FOUND, "there is nothing here"))
        .layer(middleware::from_fn_with_state(guard, admit))
}

async fn admit(State(guard): State<Arc<Mutex<Guard>>>, request: Request, next: Next) -> Response {
    let admitted = {
        let guard = guard.lock().unwrap_or_else(PoisonError::into_inner);
        guard.admit(request.uri(), request.version(), request.headers())
    };
    let mut answer = match admitted {
        Ok(()) => next.run(request).await,
        Err(Refused { status, why }) => plain(status, why),
    };
    if answer.status() == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    answer.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

async fn health(State(watched): State<Arc<Watched>>) -> Response {
    verdict(watched.health().await)
}

async fn readiness(State(watched): State<Arc<Watched>>) -> Response {
    verdict(watched.readiness().await)
}

async fn metrics(State(watched): State<Arc<Watched>>) -> Response {
    let headers = [(header::CONTENT_TYPE, exposition::MEDIA_TYPE), (header::CACHE_CONTROL, "no-store")];
    (headers, watched.metrics().await).into_response()
}

fn verdict(verdict: Result<(), String>) -> Response {
    match verdict {
        Ok(()) => plain(StatusCode::OK, "ok"),
        Err(why) => plain(StatusCode::SERVICE_UNAVAILABLE, &why),
    }
}

fn plain(status: StatusCode, line: &str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, format!("{line}\n")).into_response()
}

async fn answer_all(listener: TcpListener, router: Router, params: Params, closing: CancellationToken) {
    let slots = Arc::new(Semaphore::new(params.connections_max.max(1)));
    let mut connections = JoinSet::new();
    loop {
        // Taken before the connection: who cannot be answered is not let in, and waits where the system bounds how many do.
        let slot = tokio::select! {
            () = closing.cancelled() => break,
            slot = Arc::clone(&slots).acquire_owned() => slot.expect("this semaphore is never closed"),
        };
        let accepted = tokio::select! {
            () = closing.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => {
                let (router, closing) = (router.clone(), closing.clone());
                connections.spawn(async move {
                    let _slot = slot;
                    answer(stream, router, params, closing).await;
                });
            }
            Err(error) => {
                // Files are short, or the stranger is gone already.
                tracing::debug!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let ending = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(params.close_within, ending).await.is_err() {
        tracing::debug!("some connections were cut off");
    }
}

/// Answers one connection's requests.
async fn answer(stream: TcpStream, router: Router, params: Params, closing: CancellationToken) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(params.head_within).max_buf_size(params.head_bytes_max);
    let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let grace = tokio::select! {
        ended = connection.as_mut() => return tell(ended),
        () = closing.cancelled() => params.close_within,
        () = tokio::time::sleep(params.connection_within) => params.head_within,
    };
    connection.as_mut().graceful_shutdown();
    let ended = tokio::select! {
        ended = tokio::time::timeout(grace, connection.as_mut()) => ended,
        () = closed(&closing, params.close_within) => return,
    };
    if let Ok(ended) = ended {
        tell(ended);
    }
}

/// A moment after the door is closed.
async fn closed(closing: &CancellationToken, within: Duration) {
    closing.cancelled().await;
    tokio::time::sleep(within).await;
}

fn tell(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::debug!("a connection ended badly: {error}");
    }
}
