//! What every answer over HTTP shares: problem documents, extractors, tokens, sessions, metrics, and
//! the frame around each request. Nothing here knows a resource; handlers stand in `api` and `web`.
//!
//! | to | use |
//! |---|---|
//! | answer "no" | return [`crate::error::Error`]: [`problem`] makes it `application/problem+json` |
//! | read a JSON body | [`StrictJson`] |
//! | read a form | [`form::StrictForm`] |
//! | name the scope a handler asks for | [`auth::Client`] with a type of [`scope::may`] |
//! | read or make a token | [`token::TokenKey`] |
//! | sign a person in on a page | [`session`] |
//! | hash a password without starving lookups | [`slow::SlowWork`] |
//! | slow down who guesses | [`waits::Waits`] by [`peer::Peer`], [`browser`] for who was here before |
//! | describe what a resource answers | its own answers beside its handler; the refusals of all of them in [`answers`] |
//! | wrap an application | [`frame::frame`], [`defaults::configure`] |

pub mod answers;
pub mod auth;
pub mod browser;
pub mod caller;
pub mod connection;
pub mod context;
pub mod defaults;
pub mod form;
pub mod frame;
pub mod idempotency;
pub mod json;
pub mod listing;
pub mod media;
pub mod metrics;
pub mod oauth;
pub mod openapi;
pub mod peer;
pub mod problem;
pub mod scope;
pub mod session;
pub mod slow;
pub mod token;
pub mod urlencoded;
pub mod waits;

mod brought;
mod json_path;
mod named;
mod random;

pub use json::StrictJson;

/// The result of a seam that reads the database; it runs on one worker and need not be `Send`.
pub type Pending<T> = std::pin::Pin<Box<dyn Future<Output = crate::error::Result<T>>>>;
