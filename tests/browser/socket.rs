//! As much of RFC 6455 as a DevTools connection on loopback needs: the handshake, text frames, pings.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A WebSocket to a program that was started by the test itself.
pub struct Socket {
    stream: TcpStream,
}

impl Socket {
    /// `url`: `ws://127.0.0.1:port/path`. Reads give up after ten seconds of silence.
    pub fn connect(url: &str) -> Self {
        let rest = url.strip_prefix("ws://").expect("a ws:// address");
        let (host, path) = rest.split_once('/').expect("an address with a path");
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        // The key guards against caches in between; there are none here.
        write!(
            stream,
            "GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        .unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        Self { stream }
    }

    pub fn send(&mut self, text: &str) {
        self.frame(1, text.as_bytes());
    }

    /// The next whole message.
    pub fn receive(&mut self) -> String {
        let mut message = Vec::new();
        loop {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head).expect("the browser answers");
            let (last, kind) = (head[0] & 0x80 != 0, head[0] & 0x0f);
            let length = match head[1] & 0x7f {
                126 => usize::from(u16::from_be_bytes(self.take())),
                127 => usize::try_from(u64::from_be_bytes(self.take())).unwrap(),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).unwrap();
            match kind {
                0..=2 => {
                    message.extend(payload);
                    if last {
                        return String::from_utf8(message).unwrap();
                    }
                }
                9 => self.frame(10, &payload),
                10 => {}
                _ => panic!("the browser closed the connection"),
            }
        }
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    /// One frame, masked as those of a client must be; a mask of zeros leaves the bytes as they are.
    fn frame(&mut self, kind: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | kind];
        match payload.len() {
            length @ ..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
            length @ ..65536 => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend(u64::try_from(length).unwrap().to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.stream.write_all(&frame).unwrap();
    }
}
