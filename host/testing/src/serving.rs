//! The real server as a process, which tests and benchmarks start, kill and start again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// `memhost serve` at work; it is killed when this is dropped.
pub struct Serving {
    child: Child,
    url: String,
}

/// How `memhost serve` is started.
#[derive(Debug, Clone)]
pub struct Serve {
    program: PathBuf,
    place: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Serve {
    /// This program, in this directory, where its store `memory` is.
    pub fn new(program: &Path, place: &Path) -> Serve {
        Serve {
            program: program.to_owned(),
            place: place.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// The same with further arguments.
    pub fn with<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Serve {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The same with a variable.
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Serve {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Starts it at a port of its own, and returns when it listens.
    ///
    /// # Panics
    /// It does not listen within two minutes.
    pub fn start(&self) -> Serving {
        self.start_at("127.0.0.1:0")
    }

    /// Starts it at this address, and returns when it listens.
    ///
    /// # Panics
    /// As for [`Serve::start`].
    pub fn start_at(&self, address: &str) -> Serving {
        let mut child = Command::new(&self.program)
            .args(["serve", "--store", "memory", "--listen", address])
            .args(&self.arguments)
            .current_dir(&self.place)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let errors = BufReader::new(child.stderr.take().expect("its errors"));
        let (said, listens) = mpsc::channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        let mut heard = Vec::new();
        while let Ok(line) = listens.recv_timeout(Duration::from_secs(120)) {
            if let Some(url) = line.strip_prefix("listening on ") {
                let url = url.to_owned();
                return Serving { child, url };
            }
            heard.push(line);
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("the server does not listen: {heard:#?}");
    }
}

impl Serving {
    /// Its address: `http://127.0.0.1:…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address without the scheme, where another one can listen afterwards.
    pub fn address(&self) -> String {
        self.url.trim_start_matches("http://").to_owned()
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as an operator would, and returns its exit code.
    ///
    /// # Panics
    /// It cannot be asked.
    pub fn end(mut self) -> Option<i32> {
        let process = self.child.id().to_string();
        let asked = Command::new("kill").args(["-s", "TERM", &process]).status();
        assert!(asked.expect("kill").success());
        self.child.wait().expect("its end").code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
