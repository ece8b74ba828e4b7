//! Bodies of requests, bounded in size and in time; and what of them nobody has read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::EXPECT;
use axum::middleware::Next;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::app::App;
use crate::problem::Problem;

/// For how long nothing may arrive of what is thrown away.
const PAUSE: Duration = Duration::from_millis(500);

/// Bounds each request's body. What nobody reads of it is thrown away before the answer is sent: a connection that is closed
/// with something unread is reset, and its peer may never see why.
pub(crate) async fn bounded(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let most = app.settings.most_body_bytes;
    let time = Duration::from_millis(app.settings.body_timeout_ms);
    let (head, body) = request.into_parts();
    let body = Bounded::new(body, most, time);
    // Who waits for a word before it sends the body sends none to an answer.
    let is_waiting = head.headers.contains_key(EXPECT);
    if is_waiting && body.is_thrown_away {
        return Err(BodyError::TooLarge(most).into());
    }
    let (body, unread) = body.lend();
    let response = next.run(Request::from_parts(head, Body::new(body))).await;
    if !is_waiting {
        unread.throw_away().await;
    }
    Ok(response)
}

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error("the body has more than {0} bytes")]
    TooLarge(usize),
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body broke off: {0}")]
    Broken(axum::Error),
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let code = match error {
            BodyError::TooLarge(_) => "too-large",
            BodyError::TooSlow => "too-slow",
            BodyError::Broken(_) => "malformed",
        };
        Problem::of(code, error.to_string())
    }
}

/// A body of at most so many bytes, which arrives within so much time. One that is too large is thrown away within the same
/// time: most senders read nothing before they have sent all.
struct Bounded {
    body: Body,
    most: usize,
    left: usize,
    is_thrown_away: bool,
    end: Instant,
    wait: Pin<Box<Sleep>>,
}

impl Bounded {
    fn new(body: Body, most: usize, time: Duration) -> Bounded {
        let end = Instant::now() + time;
        let is_too_large = body.size_hint().lower() > most as u64;
        let mut bounded = Bounded {
            body,
            most,
            left: most,
            is_thrown_away: false,
            end,
            wait: Box::pin(sleep_until(end)),
        };
        if is_too_large {
            bounded.throw_away();
        }
        bounded
    }

    /// From now on, nothing of it is handed on.
    fn throw_away(&mut self) {
        self.is_thrown_away = true;
        let pause = Instant::now() + PAUSE;
        self.wait.as_mut().reset(self.end.min(pause));
    }

    fn lend(self) -> (Lent, Unread) {
        let unread = Unread::default();
        let lent = Lent {
            body: Some(self),
            unread: unread.clone(),
        };
        (lent, unread)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let too_large = BodyError::TooLarge(self.most);
        loop {
            if self.wait.as_mut().poll(context).is_ready() {
                let error = match self.is_thrown_away {
                    true => too_large,
                    false => BodyError::TooSlow,
                };
                return Poll::Ready(Some(Err(error)));
            }
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            let frame = match frame {
                None if self.is_thrown_away => return Poll::Ready(Some(Err(too_large))),
                None => return Poll::Ready(None),
                Some(frame) => frame.map_err(BodyError::Broken)?,
            };
            let size = frame.data_ref().map_or(0, Bytes::len);
            match self.left.checked_sub(size) {
                Some(left) if !self.is_thrown_away => {
                    self.left = left;
                    return Poll::Ready(Some(Ok(frame)));
                }
                _ => self.throw_away(),
            }
        }
    }
}

/// A bounded body in the hands of a route, which comes back if it was not read to its end.
struct Lent {
    body: Option<Bounded>,
    unread: Unread,
}

/// What is left of a body that was lent.
#[derive(Clone, Default)]
struct Unread(Arc<Mutex<Option<Bounded>>>);

impl Unread {
    async fn throw_away(self) {
        let unread = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut body) = unread {
            body.throw_away();
            // It ends with an error, whatever comes.
            std::future::poll_fn(|context| body.poll(context).map(drop)).await;
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let unread = self.body.take().filter(|body| !body.body.is_end_stream());
        *self.unread.0.lock().unwrap_or_else(PoisonError::into_inner) = unread;
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(body.poll(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let is_at_end = |body: &Bounded| !body.is_thrown_away && body.body.is_end_stream();
        self.body.as_ref().is_none_or(is_at_end)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.body.as_ref().map(|body| body.body.size_hint());
        hint.unwrap_or_else(|| SizeHint::with_exact(0))
    }
}
