//! The server: accepts connections, and ends without cutting off what is under way.
//!
//! The accept loop is our own, because `axum::serve` bounds nothing: a half-sent head would keep a connection for ever.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use memhost::live::Host;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use crate::ServeSettings;
use crate::app::{App, RequestId};
use crate::problem::{MEDIA_TYPE, Problem};
use crate::router::router;
use crate::stream::Impatient;

/// How many connections beyond the limit are told so at a time; more are closed without a word.
const MOST_REFUSALS: usize = 64;
/// How long telling one of them may take.
const REFUSAL: Duration = Duration::from_millis(200);
/// How long nobody is let in after that failed for want of something, such as descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// It would be open to everybody on the network.
    #[error(
        "{0} can be reached from other machines, and the host has no keys: create one before it listens there"
    )]
    NoKeys(SocketAddr),
    /// Nobody says what it is called there.
    #[error(
        "{0} can be reached from other machines, and `allowed_hosts` names no host by which it may be called there"
    )]
    NoAllowedHosts(SocketAddr),
    /// The address cannot be listened at.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// A server at work. One that is dropped ends in the background.
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves a host from now on.
    ///
    /// # Errors
    /// The address is not to be had, or others could reach it who must not.
    pub async fn start(host: Host, settings: ServeSettings) -> Result<Server, ServeError> {
        let listen = settings.listen;
        if !listen.ip().to_canonical().is_loopback() {
            if !host.has_keys() {
                return Err(ServeError::NoKeys(listen));
            }
            if settings.allowed_hosts.is_empty() {
                return Err(ServeError::NoAllowedHosts(listen));
            }
        }
        let not_listening = |source| ServeError::Listen {
            address: listen,
            source,
        };
        let listener = TcpListener::bind(listen).await.map_err(not_listening)?;
        let address = listener.local_addr().map_err(not_listening)?;
        let (stop, stopped) = oneshot::channel();
        let app = App::new(host, settings);
        let connections = Connections::new(&app.settings, router(app.clone()));
        Ok(Server {
            address,
            stop,
            task: tokio::spawn(connections.serve(listener, stopped)),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends: nobody is let in any more, what is under way may finish for `drain_ms`, and then no connection is left. The
    /// host is still open.
    pub async fn end(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the server was interrupted");
        }
    }
}

struct Connections {
    router: Router,
    http: http1::Builder,
    free: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    drain: Duration,
    patience: Duration,
    open: JoinSet<()>,
    graceful: GracefulShutdown,
}

impl Connections {
    fn new(settings: &ServeSettings, router: Router) -> Connections {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(Duration::from_millis(settings.head_timeout_ms));
        Connections {
            router,
            http,
            free: Arc::new(Semaphore::new(settings.most_connections)),
            refusals: Arc::new(Semaphore::new(MOST_REFUSALS)),
            drain: Duration::from_millis(settings.drain_ms),
            patience: Duration::from_millis(settings.body_timeout_ms),
            open: JoinSet::new(),
            graceful: GracefulShutdown::new(),
        }
    }

    async fn serve(mut self, listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                Some(_) = self.open.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => self.take(stream),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        let drained = tokio::time::timeout(self.drain, self.graceful.shutdown()).await;
        if drained.is_err() {
            tracing::warn!(open = self.open.len(), "connections are cut");
        }
        self.open.shutdown().await;
    }

    fn take(&mut self, stream: TcpStream) {
        // Answers are written at once: they are small, and somebody waits for each.
        let _ = stream.set_nodelay(true);
        let Ok(held) = self.free.clone().try_acquire_owned() else {
            if let Ok(held) = self.refusals.clone().try_acquire_owned() {
                self.open.spawn(async move {
                    let _ = tokio::time::timeout(REFUSAL, refuse(stream)).await;
                    drop(held);
                });
            }
            return;
        };
        let service = TowerToHyperService::new(self.router.clone());
        let stream = TokioIo::new(Impatient::new(stream, self.patience));
        let connection = self.http.serve_connection(stream, service);
        let connection = self.graceful.watch(connection);
        self.open.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(held);
        });
    }
}

/// Tells somebody that there are too many connections.
async fn refuse(mut stream: TcpStream) -> std::io::Result<()> {
    let problem = Problem::of(
        "too-many",
        "as many connections as the server takes are open",
    );
    let body = serde_json::to_string(&problem.body(&RequestId::new().0))?;
    let answer = format!(
        "HTTP/1.1 {} \r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n{body}",
        problem.kind.status.as_u16(),
        body.len(),
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // What was sent is taken in: a connection that is closed before would be reset, and the answer with it.
    let mut sink = [0; 4096];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}
