//! Endpoints whose certificate an authority has issued that no browser knows.

use std::io::Cursor;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::Certificate;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

/// Issued for 127.0.0.1 by an authority that was made for this test, whose key nobody has kept.
const SERVER: &[u8] = include_bytes!("server.pem");
const KEY: &[u8] = include_bytes!("server.key");
const AUTHORITY: &[u8] = include_bytes!("authority.pem");

/// An endpoint behind TLS that answers everything with `{"fine": true}`; its address.
async fn behind_tls() -> String {
    let certificates = CertificateDer::pem_reader_iter(Cursor::new(SERVER));
    let certificates = certificates.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_reader(Cursor::new(KEY)).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let reply = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{\"fine\": true}";
            let _ = stream.write_all(reply.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

fn file(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/endpoint/tests");
    PathBuf::from(folder).join(name)
}

#[tokio::test]
async fn a_stranger_s_certificate_is_told_from_a_dead_endpoint_and_is_not_asked_again() {
    let url = behind_tls().await;
    let (endpoint, waits) = endpoint(EndpointSettings::at(&url));
    let error = ask(&endpoint).await.unwrap_err();
    assert_eq!(error.tries, 1);
    assert!(waits.lock().unwrap().is_empty());
    let told = error.to_string();
    for expected in [
        "its certificate is not trusted: no authority that is known here has issued it",
        "`ca_file` under the endpoint's table",
        "SSL_CERT_FILE",
    ] {
        assert!(told.contains(expected), "{told}");
    }
    // Whoever relies on it need not wait until it is given up.
    assert!(error.problem.is_final());
}

#[tokio::test]
async fn an_authority_of_one_s_own_is_trusted_when_it_is_named() {
    let url = behind_tls().await;
    let settings = EndpointSettings {
        ca_file: Some(file("authority.pem")),
        ..EndpointSettings::at(&url)
    };
    let (endpoint, _) = endpoint(settings);
    assert_eq!(ask(&endpoint).await.unwrap(), json!({"fine": true}));
    assert_eq!(Certificate::from_pem_bundle(AUTHORITY).unwrap().len(), 1);
}

#[test]
fn what_holds_no_certificate_is_named() {
    for (name, expected) in [
        ("server.key", "there is no certificate in it"),
        ("no-such.pem", "No such file"),
    ] {
        let settings = EndpointSettings {
            ca_file: Some(file(name)),
            ..EndpointSettings::at("https://127.0.0.1:1/v1")
        };
        let told = Endpoint::new(settings, None).err().unwrap().to_string();
        for expected in [expected, name, "-----BEGIN CERTIFICATE-----"] {
            assert!(told.contains(expected), "{told}");
        }
    }
}
