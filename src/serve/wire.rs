//! A connection on its wire: taken in or refused, wrapped in TLS if its door asks for it. In any phase, it is
//! dropped the moment it is told to end.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::Protocol;
use actix_http::error::DispatchError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connections::{Admitted, Connections};
use crate::http::connection::Connection;

/// Sent in plain to a connection that is not taken in; under TLS nothing can be sent yet.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// The steps of a socket with a connection before its first request.
#[derive(Clone)]
pub struct Entrance {
    /// The connections that are in already.
    pub connections: Arc<Connections>,
    /// TLS, if the door has a certificate.
    pub tls: Option<TlsAcceptor>,
    /// A handshake must be done within this time.
    pub head_limit: Duration,
}

/// An open connection: its bytes, and its place among the others until it is dropped.
pub struct Wire {
    stream: Stream,
    admitted: Admitted,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Entrance {
    /// Takes the connection in and shakes hands.
    ///
    /// # Errors
    /// If there is no room, the handshake fails or takes too long, or the connection was told to end
    /// meanwhile.
    pub async fn enter(
        self,
        stream: TcpStream,
    ) -> Result<(Wire, Protocol, Option<SocketAddr>), DispatchError> {
        let peer = stream.peer_addr().ok();
        let Some(admitted) = self.connections.admit().await else {
            if self.tls.is_none() {
                // Best effort: the rest that does not fit into the socket's buffer at once is not worth
                // waiting for.
                let _unsaid = stream.try_write(FULL);
            }
            return Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()));
        };
        let stream = match self.tls {
            None => Stream::Plain(stream),
            Some(tls) => {
                let connection = admitted.connection().clone();
                let shaking = tokio::time::timeout(self.head_limit, tls.accept(stream));
                let shaken =
                    until_ended(&connection, async { shaking.await.map_err(io::Error::from)? }).await;
                let ended = || io::Error::from(io::ErrorKind::ConnectionAborted);
                Stream::Tls(Box::new(shaken.unwrap_or_else(|| Err(ended())).map_err(DispatchError::Io)?))
            }
        };
        Ok((Wire { stream, admitted }, Protocol::Http1, peer))
    }
}

impl Wire {
    /// Its state.
    pub fn connection(&self) -> &Arc<Connection> {
        self.admitted.connection()
    }
}

/// The result of the work, or `None` if the connection is told to end first; the work is dropped then.
pub async fn until_ended<F: Future>(connection: &Connection, work: F) -> Option<F::Output> {
    let (mut ended, mut work) = (pin!(connection.ended()), pin!(work));
    poll_fn(|cx| match ended.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(cx).map(Some),
    })
    .await
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        if buffer.filled().len() > before {
            self.connection().bytes_came();
        }
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
