//! HTTP/2, asked by the `h2` client.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use h2::Reason;
use h2::client::SendRequest;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::support::h2::H2Server;
use crate::support::routes;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

async fn open(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> SendRequest<Bytes> {
    let (client, connection) = h2::client::handshake(io).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn ask(
    client: &SendRequest<Bytes>,
    path: &str,
    body: &'static [u8],
) -> Result<(u16, Vec<u8>), h2::Error> {
    let uri = format!("http://test{path}");
    let request = http::Request::builder()
        .method("POST")
        .uri(uri)
        .body(())
        .unwrap();
    let mut client = client.clone().ready().await?;
    let (response, mut stream) = client.send_request(request, false)?;
    stream.send_data(Bytes::from_static(body), true)?;
    let response = response.await?;
    let status = response.status().as_u16();
    let mut stream = response.into_body();
    let mut bytes = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data?;
        bytes.extend_from_slice(&data);
        stream.flow_control().release_capacity(data.len())?;
    }
    Ok((status, bytes))
}

pub fn hello_over_tls(addr: SocketAddr, config: rustls::ClientConfig) -> String {
    block_on(async {
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let stream = TcpStream::connect(addr).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let client = open(connector.connect(name, stream).await.unwrap()).await;
        String::from_utf8(ask(&client, "/hello", b"").await.unwrap().1).unwrap()
    })
}

#[test]
fn streams_share_a_connection_and_are_counted() {
    let server = H2Server::start();
    block_on(async {
        let client = open(TcpStream::connect(server.addr()).await.unwrap()).await;
        let (slow, hello) =
            tokio::join!(ask(&client, "/slow/50", b""), ask(&client, "/hello", b""));
        assert_eq!(slow.unwrap(), (200, b"slow\n".to_vec()));
        assert_eq!(hello.unwrap(), (200, b"hello\n".to_vec()));
        let echo = ask(&client, "/echo", b"hi").await.unwrap().1;
        let echo: serde_json::Value = serde_json::from_slice(&echo).unwrap();
        assert_eq!(
            (&echo["body"], &echo["http_version"]),
            (&"hi".into(), &"2".into())
        );
        let big = ask(&client, "/bytes/300000", b"").await.unwrap().1;
        assert_eq!(big, routes::bytes(300_000));
    });
    assert_eq!((server.connections(), server.streams()), (1, 4));
    assert!(server.traffic().peak_streams() >= 2);
}

#[test]
fn a_reset_stream_leaves_the_connection_alive() {
    let server = H2Server::start();
    block_on(async {
        let client = open(TcpStream::connect(server.addr()).await.unwrap()).await;
        let error = ask(&client, "/reset", b"").await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
        let error = ask(&client, "/reset/body", b"").await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
        assert_eq!(ask(&client, "/hello", b"").await.unwrap().0, 200);
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn after_goaway_a_connection_takes_no_new_stream() {
    let server = H2Server::start();
    block_on(async {
        let (client, connection) =
            h2::client::handshake(TcpStream::connect(server.addr()).await.unwrap())
                .await
                .unwrap();
        let connection = tokio::spawn(connection);
        assert_eq!(ask(&client, "/goaway", b"").await.unwrap().0, 200);
        // The server ends the connection by itself, while the client still holds it.
        connection.await.unwrap().unwrap();
        assert!(ask(&client, "/hello", b"").await.is_err());
    });
}

#[test]
fn an_abrupt_goaway_names_its_reason_and_answers_nobody() {
    let server = H2Server::start();
    block_on(async {
        let stream = TcpStream::connect(server.addr()).await.unwrap();
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        let connection = tokio::spawn(connection);
        assert!(ask(&client, "/goaway/abrupt", b"").await.is_err());
        let error = connection.await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Some(Reason::ENHANCE_YOUR_CALM));
    });
}
