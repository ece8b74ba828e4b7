//! A server on 127.0.0.1 that answers as its script says, for tests.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub enum Turn {
    /// Answers with a status, extra headers and a body.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Answers after a while.
    SayLater(Duration, u16, String),
    /// Says nothing and keeps the connection.
    Hang,
    /// Closes the connection without a word.
    HangUp,
    /// Closes it in the middle of the body.
    BreakOff,
    /// Sends a byte now and then, and never ends.
    Drip,
}

impl Turn {
    /// 200 with this body.
    pub fn json(body: Value) -> Turn {
        Turn::Say(200, vec![], body.to_string())
    }

    /// This status and body.
    pub fn status(status: u16, body: &str) -> Turn {
        Turn::Say(status, vec![], body.to_owned())
    }
}

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// `POST /v1/… HTTP/1.1` and the headers, in lower case.
    pub head: String,
    /// The body.
    pub body: Value,
}

/// The server; it ends when it is dropped.
pub struct Loopback {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    busiest: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Loopback {
    /// Answers one request after the other by the script, and with 418 after its end.
    pub async fn start(script: impl IntoIterator<Item = Turn>) -> Loopback {
        let script = Mutex::new(script.into_iter().collect::<VecDeque<_>>());
        Loopback::answering(move |_| {
            let next = script.lock().unwrap().pop_front();
            next.unwrap_or_else(|| Turn::status(418, "the script is over"))
        })
        .await
    }

    /// Answers every request as the function says.
    pub async fn answering(answer: impl Fn(&Heard) -> Turn + Send + Sync + 'static) -> Loopback {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let busiest = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn({
            let (heard, busiest, busy) = (
                heard.clone(),
                busiest.clone(),
                Arc::new(AtomicUsize::new(0)),
            );
            let answer = Arc::new(answer);
            async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let (heard, busiest, busy, answer) =
                        (heard.clone(), busiest.clone(), busy.clone(), answer.clone());
                    tokio::spawn(async move {
                        let Some(request) = read(&mut stream).await else {
                            return;
                        };
                        busiest
                            .fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        heard.lock().unwrap().push(request.clone());
                        act(&mut stream, answer(&request), &busy).await;
                    });
                }
            }
        });
        Loopback {
            address,
            heard,
            busiest,
            task,
        }
    }

    /// Its address, as a configuration would give it.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Every request so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The most requests that were under way at a time.
    pub fn busiest(&self) -> usize {
        self.busiest.load(Ordering::SeqCst)
    }
}

/// An address at which nobody listens.
pub async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/v1", listener.local_addr().unwrap())
}

async fn read(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    while bytes.len() < end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Heard {
        head,
        body: serde_json::from_slice(&bytes[end + 4..]).unwrap_or(Value::Null),
    })
}

async fn act(stream: &mut TcpStream, turn: Turn, busy: &AtomicUsize) {
    let (status, headers, length, sent) = match turn {
        Turn::Say(status, headers, body) => (status, headers, body.len(), body.into_bytes()),
        Turn::SayLater(time, status, body) => {
            tokio::time::sleep(time).await;
            (status, vec![], body.len(), body.into_bytes())
        }
        Turn::Drip => {
            let _ = stream
                .write_all(b"HTTP/1.1 200 Scripted\r\nContent-Length: 1000\r\n\r\n")
                .await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            return;
        }
        Turn::Hang => return std::future::pending().await,
        Turn::HangUp => return,
        Turn::BreakOff => (200, vec![], 1000, b"{\"half".to_vec()),
    };
    // Before the client can know, or it might send the next request while this one still counts.
    busy.fetch_sub(1, Ordering::SeqCst);
    let mut reply = format!(
        "HTTP/1.1 {status} Scripted\r\nConnection: close\r\nContent-Length: {}\r\n",
        length
    );
    for (name, value) in headers {
        reply += &format!("{name}: {value}\r\n");
    }
    reply += "\r\n";
    let _ = stream.write_all(reply.as_bytes()).await;
    let _ = stream.write_all(&sent).await;
    let _ = stream.shutdown().await;
}
