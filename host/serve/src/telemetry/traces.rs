//! Traces: spans of requests and calls, to an OpenTelemetry collector over HTTP.
//!
//! Spans are batched and sent by threads of their own: no request waits for a collector, and the host's end waits for it no
//! longer than [`FLUSH`]. Sampling, batches and headers are set by OpenTelemetry's own variables, such as
//! `OTEL_TRACES_SAMPLER` and `OTEL_EXPORTER_OTLP_HEADERS`; the address is not.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use memhost::config::TelemetrySettings;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response, ResponseBodyTooLarge};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::{Client, redirect};
use tokio::runtime::{Handle, Runtime};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use url::{Host, Url};

use super::TRACED;

/// How long sending one batch may take.
const SENT_WITHIN: Duration = Duration::from_secs(5);
/// How long the spans that are left may take at the end.
const FLUSH: Duration = Duration::from_secs(2);
/// The most bytes of a collector's answer.
const MOST_ANSWERED: usize = 64 << 10;
/// Where a collector takes traces.
const PATH: &str = "/v1/traces";

/// Why no traces are made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The address is none.
    #[error("`otlp_endpoint` is no address of a collector: {0}")]
    Endpoint(String),
    /// There is nothing to send with.
    #[error("traces cannot be sent: {0}")]
    Setup(String),
}

/// Makes traces of what a subscriber hears.
pub type OtlpLayer<S> = Box<dyn Layer<S> + Send + Sync>;

/// Sends the spans that are left when it is dropped, for two seconds at most.
#[must_use = "traces end when it is dropped"]
pub struct OtlpGuard {
    provider: SdkTracerProvider,
    runtime: Option<Runtime>,
}

impl fmt::Debug for OtlpGuard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OtlpGuard")
    }
}

impl Drop for OtlpGuard {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH) {
            tracing::warn!(%error, "the last traces are not delivered");
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What makes and sends traces, as it is configured; `None` where no address is. It is added to the subscriber, and the guard
/// kept until the end.
///
/// # Errors
/// The address is none, or there is nothing to send with.
pub fn otlp_layer<S>(
    settings: &TelemetrySettings,
) -> Result<Option<(OtlpLayer<S>, OtlpGuard)>, TelemetryError>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let Some(endpoint) = &settings.otlp_endpoint else {
        return Ok(None);
    };
    let setup = |error: String| TelemetryError::Setup(error);
    let endpoint = traces_at(endpoint)?;
    // Of its own: the batches' thread has none, and this one ends when they are sent.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("memhost-otlp")
        .enable_all()
        .build()
        .map_err(|error| setup(error.to_string()))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(Sender::new(&endpoint, runtime.handle().clone())?)
        .with_endpoint(endpoint.as_str())
        .with_timeout(SENT_WITHIN)
        .build()
        .map_err(|error| setup(error.to_string()))?;
    let resource = Resource::builder_empty()
        .with_service_name("memhost")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("memhost"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        // What is logged within a span may hold anything: spans alone are sent, and only ours.
        .with_filter(filter_fn(|metadata| {
            metadata.is_span() && metadata.target() == TRACED
        }));
    let guard = OtlpGuard {
        provider,
        runtime: Some(runtime),
    };
    Ok(Some((layer.boxed(), guard)))
}

/// Where a collector takes traces, by its address.
fn traces_at(endpoint: &str) -> Result<Url, TelemetryError> {
    let wrong = |reason: &str| Err(TelemetryError::Endpoint(reason.to_owned()));
    let mut url = match Url::parse(endpoint) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => url,
        Ok(_) => return wrong("it must begin with `http://` or `https://`"),
        Err(error) => return wrong(&error.to_string()),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("secrets stand in no file; OTEL_EXPORTER_OTLP_HEADERS takes them");
    }
    if !url.path().ends_with(PATH) {
        let path = format!("{}{PATH}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Ok(url)
}

/// Sends batches with the HTTP client that the rest of memhost has.
struct Sender {
    client: Client,
    runtime: Handle,
    /// Whether the latest was not delivered, so that a collector that is down is told of once.
    is_failing: Arc<AtomicBool>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sender")
    }
}

impl Sender {
    fn new(endpoint: &Url, runtime: Handle) -> Result<Sender, TelemetryError> {
        let mut client = Client::builder()
            .timeout(SENT_WITHIN)
            // To the configured address, and to no other.
            .redirect(redirect::Policy::none());
        let is_local = match endpoint.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if is_local {
            client = client.no_proxy();
        }
        let client = client.build();
        Ok(Sender {
            client: client.map_err(|error| TelemetryError::Setup(error.to_string()))?,
            runtime,
            is_failing: Arc::default(),
        })
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, is_failing) = (self.client.clone(), self.is_failing.clone());
        // The thread that asks has no runtime.
        let sending = self.runtime.spawn(async move {
            let sent = send(&client, request).await;
            let problem = match &sent {
                Ok(response) if response.status().is_success() => None,
                Ok(response) => Some(response.status().to_string()),
                Err(error) => Some(error.to_string()),
            };
            let was_failing = is_failing.swap(problem.is_some(), Ordering::Relaxed);
            if let (Some(problem), false) = (problem, was_failing) {
                tracing::warn!(problem, "traces are not delivered");
            }
            sent
        });
        sending.await?
    }
}

async fn send(client: &Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let request = reqwest::Request::try_from(request)?;
    let sent = client.execute(request).await;
    let mut answer = sent.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > MOST_ANSWERED {
            return Err(ResponseBodyTooLarge::new().into());
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}
