//! The body that a request brings. The frame watches whether all of it came, and closes a connection behind
//! the answer if its body was not read.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_core::Stream;

use super::connection::Exchange;

/// A body on its way in. While one of these lives, the connection takes the body as unread. Actix drains a
/// chunked body that nobody holds for as long as the other side likes; behind a body that is held, it closes.
#[derive(Clone)]
pub struct Brought {
    payload: Rc<RefCell<Payload>>,
    state: Rc<Cell<State>>,
}

/// How far the reader of a body is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// It does not wait: it has not begun, or it has bytes to work on.
    #[default]
    Unread,
    /// It waits for bytes that have not come.
    Waited,
    /// It was read to its end, or to a fault that waiting cannot mend.
    Read,
}

impl Brought {
    /// Puts itself between the request and its reader; `None` where no body comes.
    pub fn watch(req: &mut ServiceRequest) -> Option<Self> {
        let payload = req.take_payload();
        if matches!(payload, Payload::None) {
            return None;
        }
        let brought = Self { payload: Rc::new(RefCell::new(payload)), state: Rc::default() };
        req.set_payload(Payload::Stream { payload: Box::pin(brought.clone()) });
        Some(brought)
    }

    /// Whether its reader waits for the other side.
    pub fn is_waited_for(&self) -> bool {
        self.state.get() == State::Waited
    }
}

impl Stream for Brought {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut *self.payload.borrow_mut()).poll_next(cx);
        self.state.set(match next {
            Poll::Pending => State::Waited,
            Poll::Ready(Some(Ok(_))) => State::Unread,
            Poll::Ready(None | Some(Err(_))) => State::Read,
        });
        next
    }
}

/// The body of an answer, with the values that must live until it has gone.
pub struct Leaving {
    body: BoxBody,
    _unread: Option<Brought>,
    _exchange: Exchange,
}

impl Leaving {
    /// `brought` is kept only if it was not read to its end.
    pub fn new(body: BoxBody, brought: Option<Brought>, exchange: Exchange) -> Self {
        exchange.answered();
        Self {
            body,
            _unread: brought.filter(|brought| brought.state.get() != State::Read),
            _exchange: exchange,
        }
    }
}

impl MessageBody for Leaving {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}
