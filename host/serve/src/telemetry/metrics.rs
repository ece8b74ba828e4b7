//! Metrics: counters, durations and gauges, in the text format of OpenMetrics.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use memhost::live::{Host, SlotStanding};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::{Call, Via};

/// The media type of metrics.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What all names begin with.
const PREFIX: &str = "memhost";

/// Upper bounds of durations, in seconds: from what a search takes to what a model takes.
const SECONDS: [f64; 15] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// What is counted and timed while the server runs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Meters(Arc<Metrics>);

struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    call_seconds: Family<CallLabels, Histogram, fn() -> Histogram>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    under_way: Gauge,
}

/// A finished call. What callers make up, such as the names of slots that are not there, is no label: each would be kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CallLabels {
    /// Empty where there is no such slot.
    pub slot: String,
    /// The generation that answered; empty where none did.
    pub generation: Option<u32>,
    pub call: Call,
    pub via: Via,
    /// `ok`, `degraded`, `hung-up`, or a problem's code.
    pub outcome: &'static str,
}

/// A finished request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    /// 0 where nobody waited for the answer.
    status: u16,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct RouteLabels {
    /// In capitals, or `other`.
    pub method: &'static str,
    /// As it is declared, without what stands in it; empty where there is none.
    pub route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SlotLabels {
    slot: String,
}

impl Default for Meters {
    fn default() -> Self {
        let durations = || Histogram::new(SECONDS);
        let mut metrics = Metrics {
            registry: Registry::with_prefix(PREFIX),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(durations),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(durations),
            under_way: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("calls", "Calls of agents", metrics.calls.clone());
        registry.register_with_unit(
            "call_duration",
            "How long calls of agents took",
            Unit::Seconds,
            metrics.call_seconds.clone(),
        );
        registry.register("http_requests", "HTTP requests", metrics.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "How long HTTP requests took until their answer began",
            Unit::Seconds,
            metrics.request_seconds.clone(),
        );
        registry.register(
            "http_requests_under_way",
            "HTTP requests that are not answered yet",
            metrics.under_way.clone(),
        );
        Meters(Arc::new(metrics))
    }
}

impl Meters {
    pub(super) fn count_call(&self, labels: &CallLabels, took: Duration) {
        self.0.calls.get_or_create(labels).inc();
        let seconds = self.0.call_seconds.get_or_create(labels);
        seconds.observe(took.as_secs_f64());
    }

    pub(super) fn request_begins(&self) {
        self.0.under_way.inc();
    }

    pub(super) fn request_ends(&self, route: RouteLabels, status: u16, took: Duration) {
        self.0.under_way.dec();
        let seconds = self.0.request_seconds.get_or_create(&route);
        seconds.observe(took.as_secs_f64());
        drop(seconds);
        let RouteLabels { method, route } = route;
        let labels = RequestLabels {
            method,
            route,
            status,
        };
        self.0.requests.get_or_create(&labels).inc();
    }

    /// Everything that is measured, and how the host's slots stand now.
    ///
    /// # Errors
    /// None that is known: it is written to memory.
    pub(crate) async fn page(&self, host: &Host) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode_registry(&mut page, &self.0.registry)?;
        text::encode_registry(&mut page, &gauges(&host.standing().await))?;
        text::encode_eof(&mut page)?;
        Ok(page)
    }
}

/// A gauge of each slot: its name, what it says, and its value.
type SlotGauge = (&'static str, &'static str, fn(&SlotStanding) -> u64);

/// Gauges that are asked for, not kept: a slot that is gone leaves none behind. Tenants are added up.
fn gauges(slots: &[SlotStanding]) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    let number = Gauge::<u64, AtomicU64>::default();
    number.set(slots.len() as u64);
    registry.register("slots", "Slots", number);
    let gauges: [SlotGauge; 7] = [
        (
            "active_generation",
            "The generation that answers at a slot",
            |slot| slot.generation.number.into(),
        ),
        ("slot_frozen", "Whether a slot learns no more", |slot| {
            slot.is_frozen.into()
        }),
        ("open_seats", "Seats that are open", |slot| {
            slot.seats.len() as u64
        }),
        (
            "memory_rows",
            "Rows of the memories of open seats, with their keys and links",
            |slot| slot.seats.iter().map(|seat| seat.rows).sum(),
        ),
        (
            "learner_lag_entries",
            "Entries that the learner furthest behind has still to learn",
            |slot| {
                let seats = slot.seats.iter();
                let lag = seats.map(|seat| seat.entries.saturating_sub(seat.learner.learnt));
                lag.max().unwrap_or(0)
            },
        ),
        (
            "learners_waiting",
            "Learners that wait for a model that is down, or a disk that is full",
            |slot| {
                let seats = slot.seats.iter();
                let waiting = seats.filter(|seat| seat.learner.waiting.is_some());
                waiting.count() as u64
            },
        ),
        (
            "lessons_skipped",
            "Lessons given up since the seats were opened, because the strategy failed on them",
            |slot| slot.seats.iter().map(|seat| seat.learner.skipped).sum(),
        ),
    ];
    for (name, help, value) in gauges {
        let gauge = Family::<SlotLabels, Gauge<u64, AtomicU64>>::default();
        for standing in slots {
            let slot = standing.slot.clone();
            gauge
                .get_or_create(&SlotLabels { slot })
                .set(value(standing));
        }
        registry.register(name, help, gauge);
    }
    registry
}
